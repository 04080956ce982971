import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type CreatedObject, notificationBody, type Wrapping } from './created-object.ts';

/** What happens to notifications on their way. Chances are in [0, 1] and drawn from the seed. */
export interface DeliveryPlan {
  readonly seed: number;
  /** Of a notification to be delivered twice. */
  readonly duplicates?: number;
  /** Of a notification to be held back until `deliverLate`. */
  readonly late?: number;
  /** Of a notification never to be delivered. */
  readonly lost?: number;
  /** In another order than the objects were written in. */
  readonly isShuffled?: boolean;
  /** One of them is drawn for each notification; `plain` when none is named. */
  readonly wrappings?: readonly Wrapping[];
}

export interface DeliveryReport {
  readonly delivered: number;
  readonly lost: number;
  /** Held back until `deliverLate`. */
  readonly late: number;
}

/**
 * Takes what `S3Front` tells of new objects and delivers notifications as badly as AWS may: twice, late, out of
 * order, never, and in any of three wrappings. The same seed and objects give the same deliveries.
 */
export class NotificationDeliverer {
  readonly #deliver: (body: string) => Promise<void>;
  readonly #plan: DeliveryPlan;
  readonly #chance: () => number;
  #taken: CreatedObject[] = [];
  #late: string[] = [];

  constructor(deliver: (body: string) => Promise<void>, plan: DeliveryPlan) {
    this.#deliver = deliver;
    this.#plan = plan;
    this.#chance = seededChance(plan.seed);
  }

  /** For `S3Front`'s `onObjectCreated`. */
  readonly take = (object: CreatedObject): void => {
    this.#taken.push(object);
  };

  /** Delivers what was taken since the last time, one after the other. */
  async deliver(): Promise<DeliveryReport> {
    const { duplicates = 0, late = 0, lost = 0, isShuffled = false } = this.#plan;
    const now: string[] = [];
    const report = { lost: 0, late: 0 };
    for (const object of this.#taken) {
      if (this.#chance() < lost) {
        report.lost += 1;
        continue;
      }
      const body = notificationBody([object], this.#wrapping());
      now.push(...(this.#chance() < duplicates ? [notificationBody([object], this.#wrapping())] : []));
      if (this.#chance() < late) {
        report.late += 1;
        this.#late.push(body);
      } else {
        now.push(body);
      }
    }
    this.#taken = [];
    if (isShuffled) this.#shuffle(now);
    for (const body of now) await this.#deliver(body);
    return { ...report, delivered: now.length };
  }

  /** Delivers what was held back. @returns how many. */
  async deliverLate(): Promise<number> {
    const late = this.#late;
    this.#late = [];
    for (const body of late) await this.#deliver(body);
    return late.length;
  }

  #wrapping(): Wrapping {
    const wrappings = this.#plan.wrappings ?? ['plain'];
    return wrappings[Math.floor(this.#chance() * wrappings.length)] ?? 'plain';
  }

  #shuffle(bodies: string[]): void {
    for (let at = bodies.length - 1; at > 0; at -= 1) {
      const other = Math.floor(this.#chance() * (at + 1));
      const [a, b] = [bodies[at] as string, bodies[other] as string];
      bodies[at] = b;
      bodies[other] = a;
    }
  }
}

/** Delivers into a queue, as S3, SNS or EventBridge would. */
export function intoQueue(client: SQSClient, queueUrl: string): (body: string) => Promise<void> {
  return async (body) => {
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
  };
}

/** A linear congruential generator: chance that a seed repeats, nothing more. */
function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
