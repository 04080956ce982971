import {
  ConfigError,
  type MillraceConfig,
  type ObjectStore,
  type PostgresPlace,
  type StatementRef,
} from '@millrace/core';
import type { OpenContext } from './open-context.ts';
import type { OpenWarehouse } from './opened-warehouse.ts';

export interface OpenPostgresOptions extends Pick<OpenContext, 'closers' | 'onError'> {
  readonly objects: ObjectStore;
  readonly onEnd: (statement: StatementRef) => void;
  readonly leaseMs: number;
}

/**
 * PostgreSQL as the warehouse of a configuration. Nothing is asked of it yet.
 *
 * @throws ConfigError when targets ask of COPY what there is not, or the address is missing or none
 */
export async function openPostgres(
  place: PostgresPlace,
  { targets }: MillraceConfig,
  { objects, onEnd, leaseMs, closers, onError }: OpenPostgresOptions,
): Promise<OpenWarehouse> {
  // Only now: who loads elsewhere does not load the driver.
  const { checkTargets, PostgresWarehouse } = await import('@millrace/postgres');
  const problems = checkTargets(targets.values());
  if (problems.length > 0) throw new ConfigError('the configuration', problems);
  const { url, database } = addressOf(place);
  const { maxLoads } = place;
  const warehouse = new PostgresWarehouse({ url, objects, maxLoads, onCompletion: onEnd });
  closers.push(() => warehouse.close());
  return {
    warehouse,
    availability: { probe: () => warehouse.probe() },
    database,
    iamRole: '',
    leaseMs,
    // Only a hint is lost when it breaks: the lane's own look says what is wrong, where it is handled.
    follow: (statement) => void warehouse.follow(statement).catch((error) => onError('a statement', error)),
  };
}

/** Where the database is. No error repeats the address: there may be a password in it. */
export function addressOf({ url: written }: Pick<PostgresPlace, 'url'>): {
  readonly url: string;
  readonly host: string;
  readonly database: string;
} {
  const url = typeof written === 'string' ? written : process.env[written.env];
  const where = typeof written === 'string' ? 'it' : `the environment variable ${written.env}`;
  if (url === undefined || url === '') {
    throw refusal(`${where} is not set`, 'set it to postgres://user:password@host:5432/database');
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const database = decodeURIComponent(parsed?.pathname.slice(1) ?? '');
  if (parsed === undefined || !/^postgres(?:ql)?:$/u.test(parsed.protocol) || !/^[^/]+$/u.test(database)) {
    const hint = 'write postgres://user:password@host:5432/database; a password as in a URL: %2F for /';
    throw refusal(`${where} is not an address of PostgreSQL`, hint);
  }
  return { url, host: parsed.host, database };
}

function refusal(message: string, hint: string): ConfigError {
  return new ConfigError('the configuration', [{ path: ['warehouse', 'url'], message, hint }]);
}
