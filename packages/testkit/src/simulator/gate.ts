import { LoadError } from '@millrace/core';
import { type AwaitSite, awaitSiteOf } from './await-site.ts';
import type { Aim, Coverage } from './coverage.ts';
import type { Dice } from './dice.ts';
import type { CallFault, FaultPlan } from './fault-plan.ts';
import type { Outages, PortName } from './outages.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';
import type { Worker } from './worker.ts';

export interface GateParts {
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly faults: FaultPlan;
  readonly outages: Outages;
  readonly coverage: Coverage;
  readonly story: Story;
  /** Where a worker dies for certain, once each; everywhere else by chance alone. */
  readonly aims: readonly Aim[];
}

/** Objects that a listing tells per page: the next page is asked for later, when others may have been at the bucket. */
const PAGE = 9;

/**
 * Stands between a worker and its ports. A call takes virtual time, in which others come first; and it may end in every
 * way in which a call over a network ends.
 */
export class Gate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** The port as this worker has it while it runs this verb. */
  around<Port extends object>(port: Port, options: { name: PortName; worker: Worker; verb: string }): Port {
    const calls = new Map<PropertyKey, unknown>();
    return new Proxy(port, {
      get: (target, property) => {
        const own = target[property as keyof Port];
        if (typeof own !== 'function') return own;
        const known = calls.get(property);
        if (known !== undefined) return known;
        const method = String(property);
        const call: (...args: unknown[]) => unknown =
          method === 'list'
            ? (...args: unknown[]) =>
                this.#list(Reflect.apply(own, target, args) as AsyncIterable<unknown>, {
                  ...options,
                  method,
                  site: this.#siteOf(`${options.name}.${method}`, call),
                })
            : (...args: unknown[]) =>
                this.#call(() => Reflect.apply(own, target, args) as Promise<unknown>, {
                  ...options,
                  method,
                  said: args,
                  site: this.#siteOf(`${options.name}.${method}`, call),
                });
        calls.set(property, call);
        return call;
      },
    });
  }

  /** Nobody dies when it is calm: then the place is of no interest, and finding it takes a quarter of the time. */
  #siteOf(name: string, call: (...args: unknown[]) => unknown): AwaitSite {
    return this.#parts.faults.isCalm ? { name, position: 0 } : awaitSiteOf(name, call);
  }

  async *#list(all: AsyncIterable<unknown>, call: Omit<Call, 'said'>): AsyncIterable<unknown> {
    const items = all[Symbol.asyncIterator]();
    for (let at = 0; ; at += 1) {
      if (at % PAGE === 0) await this.#call(async () => undefined, { ...call, said: [] });
      const item = await items.next();
      if (item.done === true) return;
      yield item.value;
    }
  }

  #call(effect: () => Promise<unknown>, call: Call): Promise<unknown> {
    const { scheduler, dice, faults, outages, coverage, story } = this.#parts;
    const { name, method, worker, verb, site } = call;
    const isFirst = !faults.isCalm && coverage.reach(verb, site) === 0;
    const drawn = faults.ofCall({
      isFirst,
      isBeforeSending: site.name.startsWith('submitJob ') && verb === 'advance',
    });
    const fault = !faults.isCalm && this.#isAimedAt(call) ? faults.aimed() : drawn;
    const told = (what: string): void =>
      story.tell(() => `${worker.name} ${verb}: ${site.name}${sayArguments(call.said)} ${what}`);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const die = (options: { isAfter: boolean }): void => {
      if (worker.isDead) return;
      coverage.die(verb, site, options);
      worker.die(`${options.isAfter ? 'after' : 'before'} ${site.name}${sayArguments(call.said)}`);
    };
    const make = (): void => {
      const answer = (give: () => void): void => {
        if (fault === 'die-after') {
          die({ isAfter: true });
          return;
        }
        if (fault === 'lost-reply') {
          told('has an effect, and its reply is lost');
          give = () => reject(lostReply(name, method));
        }
        const tell = (): void => {
          if (!worker.isDead) give();
        };
        if (dice.chance(0.3)) scheduler.after(dice.int(1, 60), tell);
        else tell();
      };
      effect().then(
        (value) => answer(() => resolve(value)),
        (error: unknown) => answer(() => reject(error)),
      );
    };
    scheduler.after(this.#latencyOf(fault), () => {
      if (worker.isDead) return;
      if (fault === 'die-before') {
        die({ isAfter: false });
        return;
      }
      if (fault === 'die-in-flight') {
        die({ isAfter: false });
        scheduler.after(dice.int(1, 90_000), () => {
          told('takes effect after its death');
          effect().catch((error: unknown) => told(`fails: ${String(error)}`));
        });
        return;
      }
      const refusal = fault === 'refused' ? throttled(name, method) : outages.refusalOf(name);
      if (refusal === undefined) {
        told('…');
        return make();
      }
      told(`is refused: ${refusal.code}`);
      reject(refusal);
    });
    return promise;
  }

  #isAimedAt({ verb, site }: Call): boolean {
    const { aims, coverage } = this.#parts;
    const aim = aims.find(
      (one) => one.verb === verb && one.site.name === site.name && one.site.position === site.position,
    );
    return aim !== undefined && !coverage.hasDied(aim);
  }

  #latencyOf(fault: CallFault): number {
    const { dice, faults } = this.#parts;
    if (fault === 'stall') return dice.chance(0.5) ? dice.int(500, 20_000) : dice.int(20_000, 120_000);
    return faults.latencyMs();
  }
}

interface Call {
  readonly name: PortName;
  readonly method: string;
  readonly worker: Worker;
  readonly verb: string;
  readonly said: readonly unknown[];
  readonly site: AwaitSite;
}

function lostReply(port: PortName, method: string): LoadError {
  return new LoadError('reply-lost', `nobody knows whether ${port}.${method} took effect`, {
    class: 'unknown',
  });
}

function throttled(port: PortName, method: string): LoadError {
  return new LoadError('throttled', `${port}.${method} was throttled`, { class: 'transient' });
}

/** The beginning of what was said, for the story. */
function sayArguments(said: readonly unknown[]): string {
  const text = said.map((one) => (typeof one === 'string' ? one : JSON.stringify(one, shortened))).join(', ');
  return `(${text.length > 300 ? `${text.slice(0, 300)}…` : text})`;
}

const NOISE = new Set(['identity', 'keyId', 'documentHash', 'clientToken', 'documentUrl', 'statements']);

function shortened(key: string, value: unknown): unknown {
  return NOISE.has(key) ? undefined : value;
}
