import { openChannels } from '@millrace/aws/webhook';
import {
  type AlertChannel,
  type AlertLine,
  type BrokenLane,
  LoadError,
  NO_TROUBLE,
  tellAlerts,
} from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Composition } from '../compose.ts';
import type { InvocationContext } from '../event/lambda-event.ts';
import { errorFields } from '../log.ts';
import type { Shift } from './shift.ts';

/** A site that was swept, with the lanes of it that could not be looked at. */
export interface SweptSite {
  readonly site: Site;
  readonly broken: ReadonlyMap<string, unknown>;
}

/** What all deliveries of an invocation may take; one may take as long as its channel's timeout, 30 s at most. */
const TELL_MS = 20_000;
const LEFT_MS = 35_000;
/** Counting the files of a lane that does nothing is two requests: done at every so many minutes. */
const IDLE_MINUTES = 5;

/**
 * Tells of the conditions of sites that were swept. What was told is in the object store, so that any container goes on
 * where another one stopped; the channels are kept for a container's life.
 */
export class AlertTeller {
  readonly #composition: Pick<Composition, 'env' | 'log' | 'now'>;
  readonly #channels = new Map<Site, readonly AlertChannel[]>();

  constructor(composition: Pick<Composition, 'env' | 'log' | 'now'>) {
    this.#composition = composition;
  }

  /** Breaks nothing: what goes wrong is logged, and told by the next sweep. */
  async tell(shift: Shift, swept: readonly SweptSite[], context: InvocationContext): Promise<void> {
    const { log, now } = this.#composition;
    for (const { site, broken } of swept) {
      const channels = this.#channelsOf(site);
      const withinMs = Math.min(TELL_MS, context.getRemainingTimeInMillis() - LEFT_MS);
      if (channels.length === 0 || withinMs <= 0) continue;
      try {
        const { undelivered } = await tellAlerts(shift.loaderOf(site), {
          channels,
          site: site.name,
          trouble: { ...NO_TROUBLE, broken: toBroken(broken, now()) },
          withinMs,
          countsIdle: Math.floor(now() / 60_000) % IDLE_MINUTES === 0,
        });
        for (const { notice, error } of undelivered) {
          const { channel, condition } = notice;
          log.error('an alert was not delivered', {
            channel,
            condition: condition.key,
            ...errorFields(error),
          });
        }
      } catch (error) {
        log.error('conditions could not be told', { site: site.name, ...errorFields(error) });
      }
    }
  }

  #channelsOf(site: Site): readonly AlertChannel[] {
    const known = this.#channels.get(site);
    if (known) return known;
    const { env, log } = this.#composition;
    const channels = openChannels(site.alerts, {
      env,
      source: `${site.warehouse}/${site.database}`,
      writeLine: (line) => log[levelOf(line)](line.title, { ...line }),
      onError: (error) => log.error('an alert channel cannot be used', errorFields(error)),
    });
    this.#channels.set(site, channels);
    return channels;
  }
}

function levelOf({ alert, severity }: AlertLine): 'info' | 'warn' | 'error' {
  if (alert === 'recovered' || severity === 'info') return 'info';
  return severity === 'warning' ? 'warn' : 'error';
}

/** Each was looked at once: how often that went wrong before is in the object store, where every container finds it. */
function toBroken(broken: ReadonlyMap<string, unknown>, now: number): ReadonlyMap<string, BrokenLane> {
  return new Map(
    [...broken].map(([target, error]) => [
      target,
      { since: now, times: 1, reason: error instanceof LoadError ? error.sentence : String(error) },
    ]),
  );
}
