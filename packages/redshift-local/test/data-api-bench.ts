import { setTimeout as pause } from 'node:timers/promises';
import {
  DescribeStatementCommand,
  type DescribeStatementResponse,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
  type RedshiftDataClientConfig,
} from '@aws-sdk/client-redshift-data';
import type { ObjectStore } from '@millrace/core';
import { onTestFinished } from 'vitest';
import { type CompletionEvent, DataApiServer, type DataApiServerOptions } from '../src/data-api/index.ts';
import type { RedshiftLocal } from '../src/index.ts';
import { openEngine } from './open-engine.ts';

export const CLUSTER = { ClusterIdentifier: 'cluster-1', Database: 'dev', DbUser: 'awsuser' } as const;
export const WORKGROUP = { WorkgroupName: 'workgroup-1', Database: 'dev' } as const;

/** A server over an engine in memory, and the SDK's client for it. */
export interface DataApiBench {
  readonly engine: RedshiftLocal;
  readonly server: DataApiServer;
  readonly client: RedshiftDataClient;
  readonly events: CompletionEvent[];
  /** Runs a statement to its end, whatever that is. */
  run(sql: string): Promise<DescribeStatementResponse>;
  /** The rows of a query that has to succeed. */
  rows(sql: string): Promise<unknown[][]>;
  /** Resolves with the statement when it has ended. */
  ended(id: string | undefined): Promise<DescribeStatementResponse>;
}

/** Both are closed when the test ends. AWS's rates are off unless the test brings its own. */
export async function openDataApi(
  options: Partial<DataApiServerOptions> & { objects?: ObjectStore } = {},
): Promise<DataApiBench> {
  const { objects, ...more } = options;
  const engine = more.engine ?? (await openEngine(objects === undefined ? {} : { objects }));
  const events: CompletionEvent[] = [];
  const server = await DataApiServer.start({
    engine,
    onEvent: (event) => void events.push(event),
    onError: (error) => {
      throw error;
    },
    ...more,
    limits: { callsPerSecond: {}, ...more.limits },
  });
  onTestFinished(() => server.close());
  const client = connect(server.url);
  const ended = async (id: string | undefined): Promise<DescribeStatementResponse> => {
    for (;;) {
      const answer = await client.send(new DescribeStatementCommand({ Id: id, WaitTimeSeconds: 30 }));
      if (/FINISHED|FAILED|ABORTED/u.test(answer.Status ?? '')) return answer;
    }
  };
  const run = async (sql: string): Promise<DescribeStatementResponse> => {
    const { Id } = await client.send(new ExecuteStatementCommand({ ...CLUSTER, Sql: sql }));
    return ended(Id);
  };
  return {
    engine,
    server,
    client,
    events,
    run,
    ended,
    rows: async (sql) => {
      const { Id, Error: failure } = await run(sql);
      if (failure !== undefined) throw new Error(failure);
      const { Records = [] } = await client.send(new GetStatementResultCommand({ Id }));
      return Records.map((record) => record.map((field) => (field.isNull ? null : Object.values(field)[0])));
    },
  };
}

/** A client that does not retry: a test wants to see the first answer. */
export function connect(url: string, config: RedshiftDataClientConfig = {}): RedshiftDataClient {
  const client = new RedshiftDataClient({
    endpoint: url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** Asks again until it is so; fails after five seconds. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await pause(10);
  }
  throw new Error('it did not come to be so');
}
