import { randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createTrackerTable, DynamoDbTracker } from '@millrace/aws/dynamodb';
import {
  advance,
  compileRoutes,
  DEFAULT_RETRY,
  intake,
  type Loader,
  type LoaderEvent,
  type ObjectInfo,
  type ObjectStore,
  parseConfig,
  prepareTarget,
  routesOf,
  settle,
  type WakeQueue,
} from '@millrace/core';
import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore, MemoryWakeQueue } from '@millrace/testkit';

export const TARGET = 'public.orders';
const MAX_TURNS = 500;
/** DynamoDB takes 1 KB per unit written. */
export interface Usage {
  writeUnits: number;
  readUnits: number;
  /** Requests that write nothing. */
  reads: number;
}

/** One lane through the verbs: its tracker in DynamoDB, and what the options do not name in this process. */
export class LaneOnDynamoDb {
  readonly loader: Loader;
  readonly tracker: DynamoDbTracker;
  readonly events: LoaderEvent[];
  readonly #engine: RedshiftLocal;
  #completion = Promise.withResolvers<void>();

  private constructor(
    loader: Loader,
    parts: Pick<LaneOnDynamoDb, 'tracker' | 'events'> & { engine: RedshiftLocal },
  ) {
    this.loader = loader;
    this.tracker = parts.tracker;
    this.events = parts.events;
    this.#engine = parts.engine;
  }

  static async open(
    client: DynamoDBClient,
    options: {
      table: string;
      database: string;
      target?: Record<string, unknown>;
      objects?: ObjectStore;
      wakes?: WakeQueue;
    },
  ): Promise<LaneOnDynamoDb> {
    await createTrackerTable(client, options.table);
    const config = parseConfig(
      {
        targets: {
          orders: {
            mode: 'append',
            from: 's3://lake/orders/',
            format: { kind: 'csv', header: false },
            maxFiles: 1_000,
            ...options.target,
          },
        },
      },
      { source: 'the test' },
    );
    const { objects = new MemoryObjectStore(), wakes = new MemoryWakeQueue() } = options;
    const engine = await RedshiftLocal.open({ path: ':memory:', objects });
    const tracker = new DynamoDbTracker(client, options);
    const events: LoaderEvent[] = [];
    const told = { onCompletion: (): void => {} };
    const routes = compileRoutes(config);
    const loader: Loader = {
      tracker,
      objects,
      warehouse: new EmbeddedRedshift(engine, { onCompletion: () => told.onCompletion() }),
      wakes,
      targets: new Map(config.targets),
      routesOf: (at) => routesOf(routes, at),
      settings: {
        control: config.control,
        database: 'dev',
        iamRole: 'default',
        leaseMs: 60_000,
        lockTimeoutMs: 60_000,
        statementTimeoutMs: 0,
        maxLoads: 4,
        retry: DEFAULT_RETRY,
      },
      now: Date.now,
      random: () => randomBytes(16),
      onEvent: (event) => events.push(event),
    };
    const filled = options.target?.provenance === true ? ', _loaded_at TIMESTAMP, _job_id VARCHAR(26)' : '';
    await engine.runBatch([`CREATE TABLE ${TARGET} (id INTEGER${filled})`]);
    await prepareTarget(loader, TARGET);
    const lane = new LaneOnDynamoDb(loader, { tracker, events, engine });
    told.onCompletion = () => lane.#completion.resolve();
    return lane;
  }

  /** Writes files of one row each. */
  async put(count: number, first = 0): Promise<ObjectInfo[]> {
    const infos: ObjectInfo[] = [];
    for (let index = first; index < first + count; index += 1) {
      const key = `orders/2026/11/21/part-${String(index).padStart(6, '0')}.csv`;
      const info = await this.loader.objects.write({ bucket: 'lake', key }, `${index}\n`);
      if (info !== undefined) infos.push(info);
    }
    return infos;
  }

  /** Notifications, in messages of `batch`. */
  async announce(objects: readonly ObjectInfo[], batch = 10): Promise<void> {
    for (let at = 0; at < objects.length; at += batch) {
      const batchOf = objects
        .slice(at, at + batch)
        .map((info) => ({ ...info, writtenAt: info.lastModifiedAt }));
      await intake(this.loader, batchOf);
    }
  }

  /** Turns the lane until nothing is left to do. @returns the kinds of outcomes on the way. */
  async drain(): Promise<string[]> {
    const kinds: string[] = [];
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      this.#completion = Promise.withResolvers<void>();
      const { kind } = await advance(this.loader, TARGET, { drain: true });
      kinds.push(kind);
      if (kind === 'idle' || kind === 'held') return kinds;
      // As the completion event calls it: looking again and again would be counted as the lane's own reads.
      if (kind === 'submitted') await this.#completion.promise;
      let settled = await settle(this.loader, TARGET);
      while (settled.kind === 'running') {
        await new Promise((done) => {
          setTimeout(done, 5);
        });
        settled = await settle(this.loader, TARGET);
      }
      kinds.push(settled.kind);
    }
    throw new Error(`the lane does not come to rest: ${kinds.slice(-20).join(', ')}`);
  }

  /** How often each row is there. */
  async rows(): Promise<{ rows: number; distinct: number }> {
    const [row] = await this.loader.warehouse.transact([
      `SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d FROM ${TARGET}`,
    ]);
    return { rows: Number(row?.n), distinct: Number(row?.d) };
  }

  close(): Promise<void> {
    return this.#engine.close();
  }
}

const WRITES = new Set(['PutItemCommand', 'UpdateItemCommand', 'BatchWriteItemCommand', 'DeleteItemCommand']);

/** Counts what a client's requests consume, as DynamoDB bills it. */
export function countUsage(client: DynamoDBClient): Usage {
  const usage: Usage = { writeUnits: 0, readUnits: 0, reads: 0 };
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const isWrite = WRITES.has(context.commandName ?? '');
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
      const result = await next(args);
      const { ConsumedCapacity: consumed } = result.output as {
        ConsumedCapacity?: { CapacityUnits?: number } | { CapacityUnits?: number }[];
      };
      const units = [consumed ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      if (isWrite) usage.writeUnits += units;
      else usage.readUnits += units;
      if (!isWrite) usage.reads += 1;
      return result;
    },
    { step: 'initialize', name: 'countUsage' },
  );
  return usage;
}
