import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { EpochMs, WakeQueue } from '@millrace/core';
import { MessageSource, type ReceiveOptions } from './message-source.ts';
import { toQueueError } from './sqs-errors.ts';
import { readWake, type Wake, writeWake } from './wake-message.ts';

/** The longest delay that SQS takes. A wake beyond it comes early, and whoever receives it sends it on. */
const MAX_DELAY_SECONDS = 900;
/** Wakes that are remembered as sent; a lane has one or two, so this is thousands of lanes. */
const MAX_REMEMBERED = 10_000;

/**
 * Wakes as delayed messages of a standard queue.
 *
 * One message per target and instant: within a process a wake that is on its way is not sent again; two processes may
 * send it twice, and SQS may deliver it twice, which makes a lane be looked at twice. On AWS the queue calls a Lambda,
 * which reads the body by `readWake` and hands wakes that come early to `wake` again; a long-running process takes
 * them by `receive`.
 */
export class SqsWakeQueue implements WakeQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #source: MessageSource;
  readonly #now: () => EpochMs;
  /** Wakes being sent, and sent ones whose instant is still to come. */
  readonly #sent = new Map<string, { readonly wakeAt: EpochMs; readonly sending: Promise<void> }>();

  constructor(client: SQSClient, options: { readonly queueUrl: string; readonly now?: () => EpochMs }) {
    this.#client = client;
    this.#queueUrl = options.queueUrl;
    this.#source = new MessageSource(client, options.queueUrl);
    this.#now = options.now ?? Date.now;
  }

  /** @throws LoadError `queue-missing` … */
  async wake(target: string, wakeAt: EpochMs): Promise<void> {
    const id = JSON.stringify([target, wakeAt]);
    const known = this.#sent.get(id);
    if (known) return known.sending;
    const sending = this.#send({ target, wakeAt });
    this.#sent.set(id, { wakeAt, sending });
    try {
      await sending;
    } catch (error) {
      this.#sent.delete(id);
      throw error;
    }
    // A wake for now may have been taken already: another one for the same instant has to be sent.
    if (wakeAt <= this.#now()) this.#sent.delete(id);
    if (this.#sent.size > MAX_REMEMBERED) this.#forgetPast();
  }

  /**
   * Takes up to ten due wakes off the queue, waiting up to `waitSeconds` (20 at most) for the first. Those that came
   * early (SQS delays by 15 minutes at most) are sent on and not returned. Whoever dies with a wake in hand loses it,
   * which costs time only: the sweep is below.
   *
   * @throws LoadError `queue-missing` …
   */
  async receive(options: ReceiveOptions): Promise<readonly Wake[]> {
    const messages = await this.#source.receive(options);
    const now = this.#now();
    const wakes = messages.flatMap(({ Body = '' }) => readWake(Body) ?? []);
    // What is no wake is left: it goes where people look, the dead-letter queue.
    const taken = messages.filter(({ Body = '' }) => readWake(Body) !== undefined);
    // Sent on before it is deleted: dying in between leaves two, never none.
    for (const early of wakes.filter(({ wakeAt }) => wakeAt > now)) {
      this.#sent.delete(JSON.stringify([early.target, early.wakeAt]));
      await this.wake(early.target, early.wakeAt);
    }
    await this.#source.remove(taken);
    return wakes.filter(({ wakeAt }) => wakeAt <= now);
  }

  async #send(wake: Wake): Promise<void> {
    const delaySeconds = Math.ceil((wake.wakeAt - this.#now()) / 1_000);
    try {
      await this.#client.send(
        new SendMessageCommand({
          QueueUrl: this.#queueUrl,
          MessageBody: writeWake(wake),
          DelaySeconds: Math.min(Math.max(delaySeconds, 0), MAX_DELAY_SECONDS),
        }),
      );
    } catch (cause) {
      throw toQueueError(cause, 'send a wake to', this.#queueUrl);
    }
  }

  #forgetPast(): void {
    const now = this.#now();
    for (const [id, { wakeAt }] of this.#sent) if (wakeAt <= now) this.#sent.delete(id);
  }
}
