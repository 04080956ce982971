import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { StagedFunction } from '../functions/staged-function.ts';

export interface QueuePollerOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly region: string;
  readonly target: StagedFunction;
  readonly batchSize: number;
  /** Whether the answer names the messages that failed. */
  readonly isPartial: boolean;
  readonly onFailure: (error: unknown) => void;
}

/** The most that one receive gives. */
const MAX_RECEIVED = 10;
const WAIT_SECONDS = 1;

/** An SQS event source: hands messages to a function, deletes what it took, and leaves the rest to the visibility timeout. */
export class QueuePoller {
  readonly #options: QueuePollerOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  /** Batches that are being worked on. */
  busy = 0;

  constructor(options: QueuePollerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop = this.#poll();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #poll(): Promise<void> {
    const { sqs, queueUrl, batchSize } = this.#options;
    while (!this.#stop.signal.aborted) {
      const command = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(batchSize, MAX_RECEIVED),
        WaitTimeSeconds: WAIT_SECONDS,
        MessageSystemAttributeNames: ['All'],
      });
      try {
        const { Messages: messages = [] } = await sqs.send(command, { abortSignal: this.#stop.signal });
        if (messages.length > 0) await this.#hand(messages);
      } catch (error) {
        if (!this.#stop.signal.aborted) throw error;
      }
    }
  }

  async #hand(messages: readonly Message[]): Promise<void> {
    const { sqs, queueUrl, queueArn, region, target, isPartial, onFailure } = this.#options;
    this.busy += 1;
    try {
      const records = messages.map(({ MessageId, ReceiptHandle, Body, Attributes, MD5OfBody }) => ({
        messageId: MessageId,
        receiptHandle: ReceiptHandle,
        body: Body,
        attributes: Attributes ?? {},
        messageAttributes: {},
        md5OfBody: MD5OfBody,
        eventSource: 'aws:sqs',
        eventSourceARN: queueArn,
        awsRegion: region,
      }));
      const answer = await target.invokeInTurn({ Records: records });
      const failed = isPartial ? failedOf(answer) : new Set<string>();
      const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId));
      if (failed.size > 0) onFailure(new Error(`${failed.size} messages of ${queueUrl} failed`));
      if (done.length === 0) return;
      const entries = done.map(({ ReceiptHandle = '' }, at) => ({ Id: String(at), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    } catch (error) {
      // The messages come again when their visibility timeout is over, and go to the dead letters in the end.
      onFailure(error);
    } finally {
      this.busy -= 1;
    }
  }
}

type Message = {
  readonly MessageId?: string | undefined;
  readonly ReceiptHandle?: string | undefined;
  readonly Body?: string | undefined;
  readonly Attributes?: object | undefined;
  readonly MD5OfBody?: string | undefined;
};

function failedOf(answer: unknown): ReadonlySet<string> {
  const { batchItemFailures = [] } = (answer ?? {}) as { batchItemFailures?: { itemIdentifier: string }[] };
  return new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
}
