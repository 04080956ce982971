import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toQueueError } from './sqs-errors.ts';

/** The longest long poll that SQS takes, and the most messages of one. */
const MAX_WAIT_SECONDS = 20;
const MESSAGES_PER_RECEIVE = 10;

export interface ReceiveOptions {
  /** How long to wait for the first message; 20 at most. */
  readonly waitSeconds: number;
  /** Ends the wait: nothing is received then. */
  readonly signal?: AbortSignal;
}

/** One queue, as both of its readers receive from it and take off it. */
export class MessageSource {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  /** Up to ten messages. @throws LoadError `queue-missing` … */
  async receive({ waitSeconds, signal }: ReceiveOptions): Promise<readonly Message[]> {
    try {
      const { Messages = [] } = await this.#client.send(
        new ReceiveMessageCommand({
          QueueUrl: this.#queueUrl,
          MaxNumberOfMessages: MESSAGES_PER_RECEIVE,
          WaitTimeSeconds: Math.min(waitSeconds, MAX_WAIT_SECONDS),
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
        signal === undefined ? {} : { abortSignal: signal },
      );
      return Messages;
    } catch (cause) {
      if (signal?.aborted) return [];
      throw toQueueError(cause, 'receive from', this.#queueUrl);
    }
  }

  /** What SQS refuses to delete comes again; both readers know what they have seen, or may see it twice. */
  async remove(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      await this.#client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.#queueUrl,
          Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      );
    } catch (cause) {
      throw toQueueError(cause, 'delete from', this.#queueUrl);
    }
  }
}
