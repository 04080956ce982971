import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DescribeStatementCommand, RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createTrackerTable } from '@millrace/aws/dynamodb';
import { S3ObjectStore } from '@millrace/aws/s3';
import type { Lane, LoaderEvent } from '@millrace/core';
import { RedshiftLocal } from '@millrace/redshift-local';
import {
  type CompletionEvent,
  DataApiServer,
  type DataApiServerOptions,
  type FaultSettings,
} from '@millrace/redshift-local/data-api';
import {
  type CreatedObject,
  clientConfigOf,
  EmulatedDynamoDb,
  EmulatedS3AndSqs,
  notificationBody,
  S3Front,
  type Wrapping,
} from '@millrace/testkit/aws';
import { onTestFinished } from 'vitest';
import type { Clients } from '../src/clients.ts';
import {
  type BulkReport,
  type Composition,
  compose,
  createBulkLoader,
  createLister,
  createMicrobatchLoader,
  createNextLoader,
  createSweeper,
  type InvocationContext,
  type SqsBatchResponse,
  type SweeperReport,
} from '../src/index.ts';
import { SpyLog } from './spy-log.ts';

export const CLUSTER = 'analytics';
export const TABLE = 'millrace-tracker';

export interface StageOptions {
  /** DDL of the warehouse. */
  readonly tables: string;
  /** The queues' documents, by queue: objects, or texts as somebody wrote them. */
  readonly documents?: Readonly<Record<string, unknown>>;
  /** A configuration instead of the documents. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly server?: Partial<DataApiServerOptions>;
  /** What is done with completion events; default: they call the next loader. */
  readonly onEvent?: (event: CompletionEvent) => void;
  /** Attempts of a call to the Data API; default: the SDK's. */
  readonly maxAttempts?: number;
}

/** One container of a function: a composition that its invocations share. */
export interface Container {
  readonly composition: Composition;
  readonly microbatchLoader: (event: unknown, context?: InvocationContext) => Promise<SqsBatchResponse>;
  readonly nextLoader: (event: unknown, context?: InvocationContext) => Promise<SqsBatchResponse>;
  readonly bulkLoader: (event: unknown, context?: InvocationContext) => Promise<BulkReport>;
  readonly sweeper: () => Promise<SweeperReport>;
  readonly lister: (event?: unknown) => Promise<SqsBatchResponse>;
}

/** Emulators of everything that the functions talk to, and their handlers, called as AWS calls them. */
export class Stage {
  readonly log = new SpyLog();
  readonly told: LoaderEvent[] = [];
  readonly metrics: Record<string, unknown>[] = [];
  /** What came over the event bus. */
  readonly bus: { Source: string; DetailType: string; EventBusName: string; Detail: string }[] = [];
  /** Of the next events that the bus is given, so many are refused. */
  busRefuses = 0;
  /** Objects that came to be since the test began. */
  readonly created: CreatedObject[];
  readonly aws: EmulatedS3AndSqs;
  readonly front: S3Front;
  readonly dynamodb: EmulatedDynamoDb;
  readonly engine: RedshiftLocal;
  readonly server: DataApiServer;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly clients: Clients;
  readonly env: Record<string, string>;
  readonly busUrl: string;
  /** What the functions' clock is ahead of time. */
  #aheadMs = 0;
  readonly #pending = new Set<Promise<unknown>>();
  /** Errors of functions that were called by events. */
  readonly #failures: unknown[] = [];
  #events: Container | undefined;

  private constructor(
    parts: Pick<Stage, 'aws' | 'front' | 'dynamodb' | 'engine' | 'server' | 'env' | 'busUrl' | 'created'>,
    maxAttempts: number,
  ) {
    const { aws, front, dynamodb, engine, server, env, busUrl, created } = parts;
    this.created = created;
    this.aws = aws;
    this.front = front;
    this.dynamodb = dynamodb;
    this.engine = engine;
    this.server = server;
    this.env = env;
    this.busUrl = busUrl;
    this.s3 = aws.s3(front.url);
    this.sqs = aws.sqs();
    this.clients = {
      s3: this.s3,
      sqs: this.sqs,
      dynamodb: dynamodb.client(),
      redshiftData: new RedshiftDataClient({ ...clientConfigOf(server.url), maxAttempts }),
      eventBridge: new EventBridgeClient(clientConfigOf(busUrl)),
    };
  }

  /** A stage of its own for each test: closed when the test ends. */
  static async open(options: StageOptions): Promise<Stage> {
    const aws = await EmulatedS3AndSqs.start();
    onTestFinished(() => aws.close());
    const created: CreatedObject[] = [];
    const front = await S3Front.start({
      upstream: aws.url,
      onObjectCreated: (object) => created.push(object),
    });
    onTestFinished(() => front.close());
    const dynamodb = await EmulatedDynamoDb.start();
    onTestFinished(() => dynamodb.close());
    for (const bucket of ['lake', 'config', 'control']) aws.createBucket(bucket);
    const engine = await RedshiftLocal.open({
      path: ':memory:',
      objects: new S3ObjectStore(aws.s3(front.url)),
      threads: 2,
      memoryLimit: '1GB',
    });
    onTestFinished(() => engine.close());
    const session = engine.session();
    for (const statement of options.tables.split(';')) {
      if (statement.trim() !== '') await session.execute(statement);
    }
    await session.close();
    let stage: Stage | undefined;
    const server = await DataApiServer.start({
      engine,
      limits: { callsPerSecond: {} },
      ...options.server,
      onEvent: (event) => {
        if (options.onEvent) options.onEvent(event);
        else stage?.complete(event);
      },
    });
    onTestFinished(() => server.close());
    const bus = await startBus((entry) => stage?.hear(entry) ?? true);
    onTestFinished(() => bus.close());
    const wakes = aws.createQueue('millrace-wakes');
    const env = {
      WAKE_QUEUE_URL: wakes,
      ...(options.config === undefined
        ? {
            CONFIG_BUCKET: 'config',
            MANIFEST_BUCKET: 'control',
            MANIFEST_PREFIX: 'manifests/',
            PENDING_BUCKET: 'control',
            PENDING_PREFIX: 'pending/',
            DDB_TRACKER: TABLE,
          }
        : { MILLRACE_CONFIG: 's3://config/millrace.config.json' }),
      ...options.env,
    };
    stage = new Stage(
      { aws, front, dynamodb, engine, server, env, busUrl: bus.url, created },
      options.maxAttempts ?? 3,
    );
    const { clients } = stage;
    onTestFinished(() => {
      clients.redshiftData.destroy();
      clients.eventBridge.destroy();
    });
    onTestFinished(async () => {
      await stage?.quiet();
    });
    await createTrackerTable(clients.dynamodb, TABLE);
    for (const [queue, document] of Object.entries(options.documents ?? {})) {
      await stage.writeDocument(queue, document);
    }
    if (options.config) {
      await stage.put('millrace.config.json', JSON.stringify(options.config), { bucket: 'config' });
    }
    // What belongs to the test is told of from here on.
    created.length = 0;
    return stage;
  }

  readonly now = (): number => Date.now() + this.#aheadMs;

  /** The functions' clock goes on by so much. */
  skip(ms: number): void {
    this.#aheadMs += ms;
  }

  /** A container that just came up. */
  container(env: Readonly<Record<string, string>> = {}): Container {
    const composition = compose(
      { ...this.env, ...env },
      {
        clients: this.clients,
        log: this.log,
        now: this.now,
        writeLine: (line) => this.metrics.push(JSON.parse(line)),
        onEvent: (event) => this.told.push(event),
      },
    );
    const give = () => composition;
    const [microbatchLoader, nextLoader, bulkLoader] = [
      createMicrobatchLoader(give),
      createNextLoader(give),
      createBulkLoader(give),
    ];
    const [sweeper, lister] = [createSweeper(give), createLister(give)];
    return {
      composition,
      microbatchLoader: (event, context = contextOf()) => microbatchLoader(event, context),
      nextLoader: (event, context = contextOf()) => nextLoader(event, context),
      bulkLoader: (event, context = contextOf()) => bulkLoader(event, context),
      sweeper: () => sweeper(SCHEDULED, contextOf()),
      lister: (event = SCHEDULED) => lister(event, contextOf()),
    };
  }

  async writeDocument(queue: string, document: unknown): Promise<void> {
    const body = typeof document === 'string' ? document : JSON.stringify(document);
    await this.put(`rs-loader-config/${queue}.json`, body, { bucket: 'config' });
  }

  /** Puts an object by the SDK. @returns what S3 tells of it. */
  async put(
    key: string,
    body: string | Uint8Array,
    { bucket = 'lake' }: { bucket?: string } = {},
  ): Promise<CreatedObject> {
    await this.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    const object = this.created.findLast((one) => one.key === key && one.bucket === bucket);
    if (object === undefined) throw new Error(`S3 told nothing of s3://${bucket}/${key}`);
    return object;
  }

  /** EventBridge calls the next loader with the event, as it would: asynchronously, and again when it fails. */
  complete(event: CompletionEvent): void {
    this.#events ??= this.container();
    const { nextLoader } = this.#events;
    this.hold(nextLoader(event));
  }

  /** Keeps in mind something that goes on. */
  hold(work: Promise<unknown>): void {
    const held = work
      .catch((error: unknown) => this.#failures.push(error))
      .finally(() => this.#pending.delete(held));
    this.#pending.add(held);
  }

  /** Waits until no function runs. @returns errors of functions that were called by events. */
  async quiet(): Promise<readonly unknown[]> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    return this.#failures;
  }

  /** Time passes, sweeps run, events are heard, until no lane has anything to do. */
  async drain(container: Container, { maxSweeps = 30 }: { maxSweeps?: number } = {}): Promise<void> {
    for (let sweeps = 0; sweeps < maxSweeps; sweeps += 1) {
      await this.settleDown(container);
      const lanes = await this.lanes(container);
      if (lanes.every(({ state }) => state.kind === 'idle')) return;
      this.skip(61_000);
      await container.sweeper();
    }
    throw new Error(`lanes do not come to rest: ${JSON.stringify(await this.lanes(container))}`);
  }

  /** Waits until what runs in the warehouse has ended, and the functions that were told of it are done. */
  async settleDown(container: Container): Promise<void> {
    for (;;) {
      await this.quiet();
      const lanes = await this.lanes(container);
      const inHand = lanes.flatMap(({ state }) => (state.kind === 'running' ? [state.statement.id] : []));
      const isRunning = await Promise.all(inHand.map((id) => this.#isRunning(id)));
      if (this.#pending.size === 0 && !isRunning.includes(true)) return;
      await pause(10);
    }
  }

  async #isRunning(id: string): Promise<boolean> {
    const command = new DescribeStatementCommand({ Id: id, WaitTimeSeconds: 1 });
    const { Status } = await this.clients.redshiftData.send(command).catch(() => ({ Status: undefined }));
    // The event of a statement that has just ended is on its way.
    if (Status !== undefined && ['FINISHED', 'FAILED', 'ABORTED'].includes(Status)) await pause(5);
    return Status !== undefined && ['SUBMITTED', 'PICKED', 'STARTED'].includes(Status);
  }

  async lanes({ composition }: Container): Promise<readonly Lane[]> {
    const sites = await composition.catalog.sites();
    return (await Promise.all(sites.map(({ loader }) => loader.tracker.lanes()))).flat();
  }

  async lane(container: Container, target: string): Promise<Lane | undefined> {
    return (await this.lanes(container)).find((lane) => lane.target === target);
  }

  /** Rows of a query to the warehouse. */
  async rows(sql: string): Promise<unknown[][]> {
    const session = this.engine.session();
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

  fault(settings: Partial<FaultSettings>): void {
    this.server.faults.set(settings);
  }

  hear(entry: Stage['bus'][number]): boolean {
    if (this.busRefuses > 0) {
      this.busRefuses -= 1;
      return false;
    }
    this.bus.push(entry);
    return true;
  }
}

/** What EventBridge Scheduler's rules send. */
const SCHEDULED = {
  version: '0',
  id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: '2026-11-21T16:53:06Z',
  region: 'us-east-1',
  resources: ['arn:aws:events:us-east-1:123456789012:rule/every-minute'],
  detail: {},
};

/** An invocation with so much time left. */
export function contextOf(remainingMs = 120_000): InvocationContext {
  return { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => remainingMs };
}

/** The event that Lambda makes of messages of a queue. */
export function sqsEvent(
  queue: string,
  bodies: readonly string[],
): {
  Records: { messageId: string; body: string; eventSource: string; eventSourceARN: string }[];
} {
  return {
    Records: bodies.map((body) => ({
      messageId: randomUUID(),
      receiptHandle: 'MessageReceiptHandle',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1523232000000',
        SenderId: '123456789012',
        ApproximateFirstReceiveTimestamp: '1523232000001',
      },
      messageAttributes: {},
      md5OfBody: '7b270e59b47ff90a553787216d55d91d',
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${queue}`,
      awsRegion: 'us-east-1',
    })),
  };
}

/** S3's notifications of objects, a message each, as SQS delivers them. */
export function told(queue: string, objects: readonly CreatedObject[], wrapping: Wrapping = 'plain') {
  return sqsEvent(
    queue,
    objects.map((object) => notificationBody([object], wrapping)),
  );
}

/** EventBridge, as far as PutEvents. */
async function startBus(
  hear: (entry: Stage['bus'][number]) => boolean,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      const { Entries = [] } = JSON.parse(body) as { Entries?: Stage['bus'] };
      const answers = Entries.map((entry) =>
        hear(entry) ? { EventId: randomUUID() } : { ErrorCode: 'InternalFailure', ErrorMessage: 'try again' },
      );
      const FailedEntryCount = answers.filter((answer) => 'ErrorCode' in answer).length;
      response
        .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify({ FailedEntryCount, Entries: answers }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
