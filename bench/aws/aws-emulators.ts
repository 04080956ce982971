import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { CompletionEvent } from '@millrace/redshift-local/data-api';
import { type CreatedObject, clientConfigOf } from '@millrace/testkit/aws';
import { expectRows } from '../expect-rows.ts';

interface EmulatorUrls {
  readonly s3: string;
  readonly sqs: string;
  readonly dynamodb: string;
  readonly redshiftData: string;
  readonly eventBridge: string;
  readonly wakeQueue: string;
}

/** What the emulators' process tells. */
export type EmulatorMessage =
  | { readonly kind: 'ready'; readonly urls: EmulatorUrls }
  | { readonly kind: 'completed'; readonly event: CompletionEvent };

/** The SDK's clients of everything that the functions talk to. */
export interface AwsClients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBClient;
  readonly redshiftData: RedshiftDataClient;
  readonly eventBridge: EventBridgeClient;
}

export const CLUSTER = 'analytics';
export const DATABASE = 'dev';
const WAIT_SECONDS = 30;

/** S3, SQS, DynamoDB, EventBridge and the Redshift Data API, in a process of their own. */
export class AwsEmulators {
  readonly urls: EmulatorUrls;
  /** Takes completion events. Set it before a job is submitted. */
  onCompleted: (event: CompletionEvent) => void = () => {};
  readonly #child: ChildProcess;
  /** Not counted: what the bench itself does. */
  readonly #own: AwsClients;
  #writes = 0;

  private constructor(child: ChildProcess, urls: EmulatorUrls) {
    this.#child = child;
    this.urls = urls;
    // Past the front before S3, which looks at every object that is written.
    const { s3, ...others } = this.clients();
    s3.destroy();
    this.#own = { ...others, s3: new S3Client({ ...clientConfigOf(urls.sqs), forcePathStyle: true }) };
    child.on('message', (message: EmulatorMessage) => {
      if (message.kind === 'completed') this.onCompleted(message.event);
    });
  }

  /** @param options `tables`: trackers that are to be there. */
  static async start({
    buckets,
    tables,
  }: {
    buckets: readonly string[];
    tables: readonly string[];
  }): Promise<AwsEmulators> {
    const child = fork(join(import.meta.dirname, 'emulators.ts'), [buckets.join(','), tables.join(',')], {
      execArgv: ['--conditions=source'],
    });
    const urls = await new Promise<EmulatorUrls>((resolve, reject) => {
      child.once('message', (message: EmulatorMessage) => {
        if (message.kind === 'ready') resolve(message.urls);
      });
      child.once('exit', (code) => reject(new Error(`the emulators' process ended with ${code}`)));
    });
    return new AwsEmulators(child, urls);
  }

  /** Clients of their own, for those that meter them. */
  clients(): AwsClients {
    const { s3, sqs, dynamodb, redshiftData, eventBridge } = this.urls;
    return {
      s3: new S3Client({ ...clientConfigOf(s3), forcePathStyle: true }),
      sqs: new SQSClient({ ...clientConfigOf(sqs), useQueueUrlAsEndpoint: false }),
      dynamodb: new DynamoDBClient(clientConfigOf(dynamodb)),
      redshiftData: new RedshiftDataClient(clientConfigOf(redshiftData)),
      eventBridge: new EventBridgeClient(clientConfigOf(eventBridge)),
    };
  }

  /** @returns what S3 tells of the object. */
  async put(at: { bucket: string; key: string }, body: string): Promise<CreatedObject> {
    const { bucket, key } = at;
    const { ETag = '' } = await this.#own.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }),
    );
    this.#writes += 1;
    return {
      eventName: 'ObjectCreated:Put',
      bucket,
      key,
      size: Buffer.byteLength(body),
      etag: ETag.replaceAll('"', ''),
      sequencer: this.#writes.toString(16).toUpperCase().padStart(18, '0'),
      at: Date.now(),
    };
  }

  /** Runs a statement in the warehouse. @returns its id. */
  async run(sql: string): Promise<string> {
    const { Status, Id = '' } = await this.#own.redshiftData.send(
      new ExecuteStatementCommand({
        ClusterIdentifier: CLUSTER,
        Database: DATABASE,
        DbUser: 'bench',
        Sql: sql,
        WaitTimeSeconds: WAIT_SECONDS,
      }),
    );
    if (Status !== 'FINISHED') throw new Error(`${sql}: ${Status}`);
    return Id;
  }

  /** @throws Error when the table has another number of rows: what was measured was not the work. */
  async expectCount(table: string, rows: number): Promise<void> {
    const id = await this.run(`SELECT count(*) AS n FROM ${table}`);
    const { Records } = await this.#own.redshiftData.send(new GetStatementResultCommand({ Id: id }));
    expectRows(Records?.[0]?.[0]?.longValue ?? 0, rows);
  }

  async close(): Promise<void> {
    for (const client of Object.values(this.#own)) client.destroy();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }
}
