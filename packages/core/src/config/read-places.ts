import type { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import type { documentSchema } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import type { MillraceConfig } from './millrace-config.ts';
import type { ReadFields } from './read-fields.ts';
import { readWindows } from './read-windows.ts';

type Fields = ReadFields<typeof documentSchema>;
type Environment = NonNullable<z.output<typeof documentSchema>['environments']>[string];
type Places = Pick<MillraceConfig, 'environment' | 'warehouse' | 'objects' | 'tracker' | 'wakes'> & {
  readonly control: string;
};

/** With a host and a database: what is left out would be taken from the environment of whoever runs Millrace. */
const POSTGRES_URL = /^postgres(?:ql)?:\/\/[^/]+\/[^/?]+(?:\?.*)?$/u;

/** Shorter ones would let a load into every restart of a cluster. */
const MIN_HOLD_MS = 60_000;

interface Site {
  /** The environment that was asked for. */
  readonly asked: string | undefined;
  /** The names of the environments that the document has, right or wrong. */
  readonly written: readonly string[];
  /** Whether the document itself says where the warehouse is: then no environment has to be picked. */
  readonly saysWarehouse: boolean;
  readonly problems: ConfigProblem[];
}

/**
 * Where things are in the environment that was asked for: what it says, and else what the document says for all.
 *
 * @returns undefined when anything was wrong.
 */
export function readPlaces(fields: Fields, site: Site): Places | undefined {
  const { problems } = site;
  const before = problems.length;
  const { environments = {} } = fields;
  checkShared(fields, { ...site, environments });
  const picked = pickEnvironment(environments, site);
  const at = site.asked === undefined ? [] : ['environments', site.asked];
  const warehouse = picked.warehouse ?? fields.warehouse;
  const objects = picked.objects ?? fields.objects;
  const tracker = picked.tracker ?? fields.tracker;
  const control = picked.control ?? fields.control;
  if (control !== undefined && !/^s3:\/\/[^/]+\/(?:.*\/)?$/su.test(control)) {
    const hint = `write '${control}/'`;
    problems.push({ path: ['control'], message: `'${control}' does not end with '/'`, hint });
  }
  if (!warehouse || !objects || !tracker || control === undefined) return undefined;
  const place = readWarehouse(warehouse, { path: [...at, 'warehouse'], problems });
  if (problems.length > before || place === undefined) return undefined;
  return {
    environment: site.asked ?? null,
    warehouse: place,
    objects,
    tracker,
    wakes: picked.wakes ?? fields.wakes ?? null,
    control,
  };
}

function pickEnvironment(
  environments: Readonly<Record<string, Environment>>,
  { asked, written, saysWarehouse, problems }: Site,
): Environment {
  const names = written;
  const known = `one of ${names.join(', ')}`;
  if (asked !== undefined) {
    const picked = Object.hasOwn(environments, asked) ? environments[asked] : undefined;
    if (picked) return picked;
    // One that is there and wrong has its problems already.
    if (written.includes(asked)) return {};
    const message = `has no '${asked}'`;
    const hint = names.length === 0 ? "write it, or leave '--env' out" : `write it, or pick ${known}`;
    problems.push({ path: ['environments'], message, hint });
    return {};
  }
  if (names.length > 0 && !saysWarehouse) {
    const hint = `pick ${known} with --env NAME or MILLRACE_ENV, or write a 'warehouse' for when none is picked`;
    problems.push({ path: ['environments'], message: 'no environment was picked', hint });
  }
  return {};
}

/**
 * A lane is kept by its target's name: two warehouses over one tracker would each take the other's files for its own.
 * A database's name is part of the key in DynamoDB, so that two databases may share a table.
 */
function checkShared(
  fields: Fields,
  {
    environments,
    saysWarehouse,
    problems,
  }: Site & { readonly environments: Readonly<Record<string, Environment>> },
): void {
  const users = new Map<string, string>();
  const all: [string, Environment][] = Object.entries(environments);
  if (saysWarehouse) all.unshift(['', {}]);
  for (const [name, own] of all) {
    const warehouse = own.warehouse ?? fields.warehouse;
    const tracker = own.tracker ?? fields.tracker;
    if (!warehouse || !tracker) continue;
    const database = warehouse.kind === 'redshift' && tracker.kind === 'dynamodb' ? warehouse.database : '';
    const key = JSON.stringify([tracker, database]);
    const identity = JSON.stringify(warehouse);
    const other = users.get(key);
    if (other !== undefined && other !== identity) {
      problems.push({
        path: name === '' ? ['tracker'] : ['environments', name],
        message: 'has the tracker of another environment, and another warehouse',
        hint: "give it a 'tracker' of its own: lanes of two warehouses must not mix",
      });
    }
    users.set(key, identity);
  }
}

function readWarehouse(
  warehouse: NonNullable<Fields['warehouse']>,
  { path, problems }: { path: ConfigProblem['path']; problems: ConfigProblem[] },
): MillraceConfig['warehouse'] | undefined {
  const { statementTimeout, maxLoads, maxHold } = warehouse;
  const maxHoldMs = parseDuration(maxHold);
  if (maxHoldMs < MIN_HOLD_MS) {
    problems.push({
      path: [...path, 'maxHold'],
      message: `'${maxHold}' is too short`,
      hint: "write '1m' or more",
    });
  }
  const budget = {
    maxLoads,
    statementTimeoutMs: parseDuration(statementTimeout),
    windows: readWindows(warehouse.windows, { path: [...path, 'windows'], problems }),
    maxHoldMs,
  };
  if (warehouse.kind === 'local') return { kind: 'local', path: warehouse.path, ...budget };
  if (warehouse.kind === 'postgres') {
    const { url } = warehouse;
    if (typeof url === 'string' && !POSTGRES_URL.test(url)) {
      const hint = 'write postgres://user@host:5432/database, or {"env": "…"}';
      problems.push({ path: [...path, 'url'], message: 'is not an address of PostgreSQL', hint });
    }
    return { kind: 'postgres', url, ...budget };
  }
  const { cluster, workgroup, dbUser, database, secretArn, iamRole, region, endpoint } = warehouse;
  if ((cluster === undefined) === (workgroup === undefined)) {
    const message =
      cluster === undefined ? 'names neither cluster nor workgroup' : 'names both cluster and workgroup';
    problems.push({ path, message, hint: "write 'cluster' or 'workgroup', one of them" });
    return undefined;
  }
  if (dbUser !== undefined && (cluster === undefined || secretArn !== undefined)) {
    const message =
      cluster === undefined ? 'has no meaning with a workgroup' : "has no meaning beside 'secretArn'";
    problems.push({ path: [...path, 'dbUser'], message, hint: 'leave it out' });
    return undefined;
  }
  const address =
    cluster === undefined
      ? { workgroup: workgroup ?? '' }
      : { cluster, ...(dbUser === undefined ? {} : { dbUser }) };
  return { kind: 'redshift', address, database, secretArn, iamRole, region, endpoint, ...budget };
}
