import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { createTaskTable, TaskTable } from '@millrace/aws/step-functions';
import { RedshiftLocal } from '@millrace/redshift-local';
import {
  type CompletionEvent,
  DataApiServer,
  type DataApiServerOptions,
} from '@millrace/redshift-local/data-api';
import { MemoryObjectStore } from '@millrace/testkit';
import { clientConfigOf, EmulatedDynamoDb } from '@millrace/testkit/aws';
import {
  type Definition,
  EmulatedStepFunctions,
  type Execution,
  type Json,
  StateError,
} from '@millrace/testkit/stage';
import { onTestFinished } from 'vitest';
import { composeTasker, createRedshiftTasker, type TaskerAnswer } from '../src/index.ts';
import { SpyLog } from './spy-log.ts';
import { sqsEvent } from './stage.ts';

const TABLE = 'millrace-tasks';
export const MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:nightly';
/** A second of a state machine. */
const SECOND_MS = 25;

export interface TaskerStageOptions {
  readonly server?: Partial<DataApiServerOptions>;
  readonly tables?: string;
  /** Attempts of the SDK at a call to the Data API. */
  readonly maxAttempts?: number;
  /** Calls of the function that fail, by their number from 0: `before` it begins, or `after` it is done. */
  readonly faults?: Readonly<Record<number, { when: 'before' | 'after'; error: string }>>;
  /** Whether completion events are delivered. */
  readonly hasEvents?: boolean;
}

/** Step Functions, DynamoDB and a warehouse, and the tasker between them. */
export class TaskerStage {
  readonly log = new SpyLog();
  readonly calls: unknown[] = [];
  readonly #underWay: Promise<unknown>[] = [];
  readonly events: CompletionEvent[] = [];
  #aheadMs = 0;
  readonly #parts: {
    readonly engine: RedshiftLocal;
    readonly server: DataApiServer;
    readonly machines: EmulatedStepFunctions;
    readonly table: TaskTable;
    readonly sfn: SFNClient;
  };
  readonly #handler: (event: unknown) => Promise<TaskerAnswer>;
  readonly #faults: NonNullable<TaskerStageOptions['faults']>;

  private constructor(parts: {
    engine: RedshiftLocal;
    server: DataApiServer;
    machines: EmulatedStepFunctions;
    dynamodb: EmulatedDynamoDb;
    faults: NonNullable<TaskerStageOptions['faults']>;
    maxAttempts: number;
  }) {
    const { engine, server, machines, dynamodb, faults, maxAttempts } = parts;
    const clients = {
      dynamodb: dynamodb.client(),
      redshiftData: new RedshiftDataClient({ ...clientConfigOf(server.url), maxAttempts }),
      stepFunctions: new SFNClient(clientConfigOf(machines.url)),
    };
    onTestFinished(() => {
      clients.redshiftData.destroy();
      clients.stepFunctions.destroy();
    });
    const env = {
      TASKER_NAME: 'etl',
      TASKER_TABLE: TABLE,
      REDSHIFT_CLUSTER: 'analytics',
      REDSHIFT_DATABASE: 'dev',
      REDSHIFT_DB_USER: 'etl_user',
    };
    const now = (): number => Date.now() + this.#aheadMs;
    const composition = composeTasker(env, { clients, log: this.log, now });
    this.#handler = createRedshiftTasker(() => composition);
    this.#faults = faults;
    this.#parts = {
      engine,
      server,
      machines,
      table: new TaskTable(clients.dynamodb, TABLE),
      sfn: clients.stepFunctions,
    };
  }

  static async open({
    server: settings,
    tables,
    faults = {},
    hasEvents = true,
    maxAttempts = 2,
  }: TaskerStageOptions = {}): Promise<TaskerStage> {
    const dynamodb = await EmulatedDynamoDb.start();
    onTestFinished(() => dynamodb.close());
    await createTaskTable(dynamodb.client(), TABLE);
    const engine = await RedshiftLocal.open({
      path: ':memory:',
      objects: new MemoryObjectStore(),
      threads: 1,
      memoryLimit: '512MB',
    });
    onTestFinished(() => engine.close());
    if (tables !== undefined) {
      const session = engine.session();
      await session.execute(tables);
      await session.close();
    }
    let stage: TaskerStage | undefined;
    const server = await DataApiServer.start({
      engine,
      limits: { callsPerSecond: {} },
      ...settings,
      onEvent: async (event) => {
        stage?.events.push(event);
        if (hasEvents) await stage?.hear([event]);
      },
    });
    onTestFinished(() => server.close());
    const machines = await EmulatedStepFunctions.start({ secondMs: SECOND_MS });
    onTestFinished(() => machines.close());
    stage = new TaskerStage({ engine, server, machines, dynamodb, faults, maxAttempts });
    return stage;
  }

  get machines(): EmulatedStepFunctions {
    return this.#parts.machines;
  }

  get server(): DataApiServer {
    return this.#parts.server;
  }

  get table(): TaskTable {
    return this.#parts.table;
  }

  get now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** The tasker's clock goes on by so much. */
  skip(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Calls the function as whoever calls it. */
  call(event: unknown): Promise<TaskerAnswer> {
    return this.#handler(event);
  }

  /** Completion events, as SQS delivers those of an EventBridge rule. */
  hear(events: readonly CompletionEvent[]): Promise<TaskerAnswer> {
    return this.#handler(
      sqsEvent(
        'ends',
        events.map((event) => JSON.stringify(event)),
      ),
    );
  }

  sweep(): Promise<TaskerAnswer> {
    return this.#handler({ source: 'aws.events', 'detail-type': 'Scheduled Event' });
  }

  /** Runs a state machine to its end. */
  run(definition: Definition, input: Json = {}): Promise<Execution> {
    this.machines.add({
      arn: MACHINE,
      definition,
      invoke: (_name, payload) => this.#hold(this.#invoke(payload)),
    });
    return this.machines.end(MACHINE, { input });
  }

  begin(definition: Definition, input: Json = {}): Execution {
    this.machines.add({
      arn: MACHINE,
      definition,
      invoke: (_name, payload) => this.#hold(this.#invoke(payload)),
    });
    return this.machines.begin(MACHINE, { input });
  }

  /** What the API tells of an execution. */
  describe(execution: Execution) {
    return this.#parts.sfn.send(new DescribeExecutionCommand({ executionArn: execution.arn }));
  }

  /** Waits for what Step Functions called, also where it has its answer from an event already. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Somebody holds a table: what writes to it waits until the answer is called. */
  async hold(table: string): Promise<() => Promise<void>> {
    const session = this.#parts.engine.session();
    await session.execute('BEGIN');
    await session.execute(`LOCK ${table}`);
    return async () => {
      await session.execute('COMMIT');
      await session.close();
    };
  }

  async rows(sql: string): Promise<unknown[][]> {
    const session = this.#parts.engine.session();
    try {
      const result = await session.execute(sql);
      if (result.kind !== 'rows') throw new Error(`${sql} gave no rows`);
      return result.rows.map((row) =>
        row.map((value) => (typeof value === 'bigint' ? Number(value) : value)),
      );
    } finally {
      await session.close();
    }
  }

  #hold<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.push(work);
    return work;
  }

  /** As Lambda calls it for Step Functions: what it throws is the error of the task. */
  async #invoke(payload: Json): Promise<Json> {
    const number = this.calls.push(payload) - 1;
    const fault = this.#faults[number];
    if (fault?.when === 'before') throw new StateError(fault.error, 'a fault of the test');
    try {
      const answer = (await this.#handler(payload)) as unknown as Json;
      if (fault?.when === 'after') throw new StateError(fault.error, 'a fault of the test');
      return answer;
    } catch (error) {
      if (error instanceof StateError) throw error;
      const { name, message } = error as Error;
      throw new StateError(name, JSON.stringify({ errorType: name, errorMessage: message }));
    }
  }
}
