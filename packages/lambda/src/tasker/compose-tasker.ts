import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DataApi } from '@millrace/aws/redshift';
import { TaskTable, TaskTokens } from '@millrace/aws/step-functions';
import { type Log, toLog } from '../log.ts';
import { Tasker } from './tasker.ts';
import { readTaskerEnvironment } from './tasker-environment.ts';

/** A throttled call is repeated for so long; the function has two minutes. */
const PATIENCE_MS = 30_000;

/** What may stand in for the parts of a composition. */
export interface TaskerOverrides {
  readonly clients?: {
    readonly dynamodb?: DynamoDBClient;
    readonly redshiftData?: RedshiftDataClient;
    readonly stepFunctions?: SFNClient;
  };
  readonly log?: Log;
  readonly now?: () => number;
}

/** Everything that outlives an invocation of the tasker. */
export interface TaskerComposition {
  readonly name: string;
  readonly tasker: Tasker;
  readonly log: Log;
}

/**
 * Puts the tasker together, once per container. Connects to nothing.
 *
 * @throws ConfigError with every problem of the environment variables.
 */
export function composeTasker(
  env: Readonly<Record<string, string | undefined>>,
  {
    clients = {},
    log = toLog(new Logger({ serviceName: 'millrace' })),
    now = Date.now,
  }: TaskerOverrides = {},
): TaskerComposition {
  const { name, table, place } = readTaskerEnvironment(env);
  const tasker = new Tasker({
    name,
    table: new TaskTable(clients.dynamodb ?? new DynamoDBClient({}), table),
    tokens: new TaskTokens(clients.stepFunctions ?? new SFNClient({})),
    api: new DataApi(clients.redshiftData ?? new RedshiftDataClient({}), {
      ...place,
      patienceMs: PATIENCE_MS,
    }),
    log,
    now,
  });
  return { name, tasker, log };
}
