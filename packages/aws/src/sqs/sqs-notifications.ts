import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toQueueError } from './sqs-errors.ts';

const MAX_WAIT_SECONDS = 20;
const MESSAGES_PER_RECEIVE = 10;

/** A message as a handler sees it. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
  /** How often SQS has delivered it, this time included. */
  readonly receiveCount: number;
}

/** What became of a batch of messages: those that failed, by id, come again when their visibility is over. */
export interface ReceiveReport {
  readonly received: number;
  readonly handled: number;
  readonly failures: ReadonlyMap<string, unknown>;
}

/**
 * A queue of notifications, read by long polling: for `millrace up`, where no Lambda is called by the queue.
 *
 * At least once: a message is deleted after its handler has resolved, so whoever dies in between sees it again.
 */
export class SqsNotifications {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, options: { readonly queueUrl: string }) {
    this.#client = client;
    this.#queueUrl = options.queueUrl;
  }

  /**
   * Receives up to ten messages, waiting up to `waitSeconds` (20 at most) for the first, and hands each body to
   * `handle`, all at once. A message whose handler throws is left in the queue: it comes again after its visibility
   * timeout, and goes to the dead-letter queue when the queue has one and it failed too often.
   *
   * @throws LoadError `queue-missing` … Failures of the handler are in the report.
   */
  async receive(
    handle: (message: QueueMessage) => Promise<void>,
    options: { waitSeconds: number; signal?: AbortSignal },
  ): Promise<ReceiveReport> {
    const messages = await this.#receiveMessages(options);
    const failures = new Map<string, unknown>();
    const handled: Message[] = [];
    await Promise.all(
      messages.map(async (message) => {
        const { MessageId: id = '', Body: body = '', Attributes } = message;
        try {
          await handle({ id, body, receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1) });
          handled.push(message);
        } catch (error) {
          failures.set(id, error);
        }
      }),
    );
    await this.#delete(handled);
    return { received: messages.length, handled: handled.length, failures };
  }

  async #receiveMessages({
    waitSeconds,
    signal,
  }: {
    waitSeconds: number;
    signal?: AbortSignal;
  }): Promise<readonly Message[]> {
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

  async #delete(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      // What SQS refuses to delete comes again, and is known by its identity then.
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
