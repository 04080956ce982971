import { Logger } from '@aws-lambda-powertools/logger';
import { S3ObjectStore } from '@millrace/aws/s3';
import type { LoaderEvent, ObjectStore, Transform } from '@millrace/core';
import type { Catalog } from './catalog/catalog.ts';
import { ConfigCatalog } from './catalog/config-catalog.ts';
import { DocumentCatalog } from './catalog/document-catalog.ts';
import { type Clients, openClients } from './clients.ts';
import { type Environment, readEnvironment } from './environment.ts';
import type { InvocationContext } from './event/lambda-event.ts';
import { type Log, toLog } from './log.ts';
import { Shift } from './shift/shift.ts';

/** What may stand in for the parts of a composition. */
export interface Overrides {
  readonly clients?: Partial<Clients>;
  readonly log?: Log;
  readonly now?: () => number;
  /** Takes metric lines, instead of standard output. */
  readonly writeLine?: (line: string) => void;
  /** Hears what the verbs tell. */
  readonly onEvent?: (event: LoaderEvent) => void;
  /**
   * What events become, by their type, beside what the configuration says of others: functions, which JSON cannot hold.
   * To be given to every function that reads the configuration: they tell which targets events feed.
   */
  readonly transforms?: Readonly<Record<string, Transform>>;
}

/** Everything that outlives an invocation: clients, and what was read of the targets. */
export interface Composition {
  readonly environment: Environment;
  /** The environment variables as they are: alert channels name those with their secrets. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clients: Clients;
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly now: () => number;
  readonly writeLine: (line: string) => void;
  /** What one invocation does. */
  begin(context: InvocationContext): Shift;
}

/**
 * Puts a function together, once per container. Connects to nothing: what cannot be reached is told by the first
 * invocation.
 *
 * @throws ConfigError with every problem of the environment variables.
 */
export function compose(
  env: Readonly<Record<string, string | undefined>>,
  overrides: Overrides = {},
): Composition {
  const environment = readEnvironment(env);
  const { now = Date.now, onEvent, writeLine = (line) => process.stdout.write(`${line}\n`) } = overrides;
  const clients = openClients(environment, overrides.clients);
  const logger = new Logger({ serviceName: 'millrace' });
  const log = overrides.log ?? toLog(logger);
  const objects = new S3ObjectStore(clients.s3, { now });
  const parts = { clients, objects, log, now };
  const catalog =
    environment.kind === 'documents'
      ? new DocumentCatalog(environment, parts)
      : new ConfigCatalog(environment, { ...parts, transforms: overrides.transforms ?? {} });
  const { eventBus } = environment;
  return {
    environment,
    env,
    ...parts,
    catalog,
    writeLine,
    begin: (context) => {
      // Overwritten by every invocation: what a line belongs to is the one thing that a log line cannot say itself.
      logger.appendKeys({ function_request_id: context.awsRequestId });
      return new Shift(context, {
        clients,
        eventBus,
        log,
        now,
        writeLine,
        ...(onEvent === undefined ? {} : { onEvent }),
      });
    },
  };
}

/** The same composition for all invocations of a container. One that failed is tried again by the next. */
export function composeOnce(env: Readonly<Record<string, string | undefined>>): () => Composition {
  let composed: Composition | undefined;
  return () => {
    composed ??= compose(env);
    return composed;
  };
}
