import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { MessageSource, type ReceiveOptions } from './message-source.ts';

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
  readonly #source: MessageSource;

  constructor(client: SQSClient, options: { readonly queueUrl: string }) {
    this.#source = new MessageSource(client, options.queueUrl);
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
    options: ReceiveOptions,
  ): Promise<ReceiveReport> {
    const messages = await this.#source.receive(options);
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
    await this.#source.remove(handled);
    return { received: messages.length, handled: handled.length, failures };
  }
}
