import { randomUUID } from 'node:crypto';
import {
  type Composition,
  compose,
  createMicrobatchLoader,
  createNextLoader,
  createSweeper,
  type InvocationContext,
} from '@millrace/lambda';
import type { CompletionEvent } from '@millrace/redshift-local/data-api';
import { type CreatedObject, notificationBody } from '@millrace/testkit/aws';
import { type AwsClients, type AwsEmulators, CLUSTER, DATABASE } from './aws-emulators.ts';

/** What invocations of functions took, in all. */
export interface Worked {
  invocations: number;
  /** From call to answer. */
  wallMs: number;
  /** Of this process: emulators run in another. */
  cpuMs: number;
  logBytes: number;
}

export interface LoaderFunctionsOptions {
  readonly emulators: AwsEmulators;
  readonly clients: AwsClients;
  readonly table: string;
  readonly target: string;
  /** The target as it is configured. */
  readonly definition: unknown;
}

const NOTHING: Worked = { invocations: 0, wallMs: 0, cpuMs: 0, logBytes: 0 };

/** What Lambda writes of an invocation: its START, END and REPORT lines. */
const PLATFORM_LOG_BYTES = 350;
const TIMEOUT_MS = 120_000;

/** The functions as Lambda runs them: a warm container of each, invoked with the events of their sources. */
export class LoaderFunctions {
  readonly worked: Worked = { ...NOTHING };
  /** Errors and warnings of the functions: a bench in which something went wrong has measured something else. */
  readonly complaints: string[] = [];
  readonly #microbatchLoader: (event: unknown, context: InvocationContext) => Promise<unknown>;
  readonly #nextLoader: (event: unknown, context: InvocationContext) => Promise<unknown>;
  readonly #sweeper: (event: unknown, context: InvocationContext) => Promise<unknown>;
  #aheadMs = 0;

  private constructor({ emulators, clients }: LoaderFunctionsOptions, configUrl: string) {
    const env = {
      MILLRACE_CONFIG: configUrl,
      WAKE_QUEUE_URL: emulators.urls.wakeQueue,
    };
    const open = (): Composition =>
      compose(env, {
        clients,
        now: () => Date.now() + this.#aheadMs,
        writeLine: (line) => this.#log(line),
        log: {
          debug: () => {},
          info: (message, fields) => this.#log(JSON.stringify({ level: 'INFO', message, ...fields })),
          warn: (message, fields) => this.complaints.push(`${message} ${JSON.stringify(fields)}`),
          error: (message, fields) => this.complaints.push(`${message} ${JSON.stringify(fields)}`),
        },
      });
    const [intake, next, sweep] = [open(), open(), open()];
    this.#microbatchLoader = createMicrobatchLoader(() => intake);
    this.#nextLoader = createNextLoader(() => next);
    this.#sweeper = createSweeper(() => sweep);
  }

  /** Forgets what was measured so far. */
  reset(): void {
    Object.assign(this.worked, NOTHING);
  }

  static async open(options: LoaderFunctionsOptions): Promise<LoaderFunctions> {
    const { emulators, table, target, definition } = options;
    const config = {
      warehouse: { kind: 'redshift', cluster: CLUSTER, database: DATABASE, dbUser: 'loader' },
      objects: { kind: 's3' },
      tracker: { kind: 'dynamodb', table },
      control: `s3://control/${table}/`,
      targets: { [target]: definition },
    };
    const at = { bucket: 'control', key: `${table}.millrace.config.json` };
    await emulators.put(at, JSON.stringify(config));
    return new LoaderFunctions(options, `s3://${at.bucket}/${at.key}`);
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** The functions' clock goes on by so much. */
  skip(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Notifications as S3 writes them, a message each. */
  async takeNotifications(objects: readonly CreatedObject[]): Promise<void> {
    const bodies = objects.map((object) => notificationBody([object], 'plain'));
    await this.#invoke(this.#microbatchLoader, sqsEvent('files', bodies));
  }

  async takeWakes(bodies: readonly string[]): Promise<void> {
    await this.#invoke(this.#nextLoader, sqsEvent('millrace-wakes', bodies));
  }

  async takeCompletion(event: CompletionEvent): Promise<void> {
    await this.#invoke(this.#nextLoader, event);
  }

  async sweep(): Promise<void> {
    await this.#invoke(this.#sweeper, { source: 'aws.events' });
  }

  async #invoke(
    handler: (event: unknown, context: InvocationContext) => Promise<unknown>,
    event: unknown,
  ): Promise<void> {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    const answer = await handler(event, {
      awsRequestId: randomUUID(),
      getRemainingTimeInMillis: () => TIMEOUT_MS - (performance.now() - startedAt),
    });
    const { user, system } = process.cpuUsage(before);
    this.worked.invocations += 1;
    this.worked.cpuMs += (user + system) / 1_000;
    this.worked.wallMs += performance.now() - startedAt;
    this.worked.logBytes += PLATFORM_LOG_BYTES;
    const { batchItemFailures = [] } = answer as { batchItemFailures?: readonly unknown[] };
    if (batchItemFailures.length > 0 || this.complaints.length > 0) {
      throw new Error(
        `a function complained: ${[...this.complaints, ...batchItemFailures.map(String)].join('; ')}`,
      );
    }
  }

  #log(line: string): void {
    this.worked.logBytes += Buffer.byteLength(line) + 1;
  }
}

/** The event that Lambda makes of messages of a queue. */
function sqsEvent(queue: string, bodies: readonly string[]): object {
  return {
    Records: bodies.map((body) => ({
      messageId: randomUUID(),
      receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a',
      body,
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1763740800000',
        SenderId: '123456789012',
        ApproximateFirstReceiveTimestamp: '1763740800001',
      },
      messageAttributes: {},
      md5OfBody: '7b270e59b47ff90a553787216d55d91d',
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:123456789012:${queue}`,
      awsRegion: 'us-east-1',
    })),
  };
}
