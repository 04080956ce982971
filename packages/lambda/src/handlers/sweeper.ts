import { LoadError, sweep } from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Composition } from '../compose.ts';
import type { InvocationContext } from '../event/lambda-event.ts';
import { announceChunks, ChunkSweep } from '../events/announce-chunks.ts';
import { errorFields, type Log } from '../log.ts';
import { AlertTeller, type SweptSite } from '../shift/alert-teller.ts';
import { outOfTime } from '../shift/out-of-time.ts';
import type { Shift } from '../shift/shift.ts';

export interface SweeperReport {
  /** Sites that were looked at. */
  readonly swept: number;
  /** Jobs that somebody had left. */
  readonly settled: number;
  /** Lanes that could not be looked at; each is logged. */
  readonly broken: number;
}

/**
 * The net below events and wakes, once a minute: looks at every lane of every site. Jobs whose events were lost are
 * settled, what is due is begun, actions on loaded objects that broke off are finished, and chunks of events are announced
 * that were sealed and are not. Lists nothing.
 *
 * @throws LoadError `sweep-incomplete` when a whole site could not be looked at, after the others were.
 */
export function createSweeper(
  compose: () => Composition,
): (event: unknown, context: InvocationContext) => Promise<SweeperReport> {
  let teller: AlertTeller | undefined;
  const chunkSweep = new ChunkSweep();
  return async (_event, context) => {
    const composition = compose();
    const { begin, catalog, log } = composition;
    teller ??= new AlertTeller(composition);
    const sweptSites: SweptSite[] = [];
    const shift = begin(context);
    const report = { swept: 0, settled: 0, broken: 0 };
    const missed: string[] = [];
    for (const site of await catalog.sites()) {
      try {
        if (shift.isShort) throw outOfTime(`the sweep of ${site.name}`);
        await announce(site, shift, log);
        await clear(chunkSweep, site, composition);
        const { settled, broken } = await sweep(shift.loaderOf(site), {
          moveOn: (target, lane) => shift.turn(site, target, { lane }),
        });
        sweptSites.push({ site, broken });
        await shift.measure(site);
        report.swept += 1;
        report.settled += settled.size;
        report.broken += broken.size;
        for (const [target, error] of broken) {
          log.error('a lane could not be looked at', {
            target,
            database: site.database,
            ...errorFields(error),
          });
        }
      } catch (error) {
        missed.push(site.name);
        log.error('a site could not be swept', { site: site.name, ...errorFields(error) });
      }
    }
    await shift.finish();
    // Last: nothing of the errand waits for a receiver that is slow.
    await teller.tell(shift, sweptSites, context);
    if (missed.length > 0) {
      throw new LoadError('sweep-incomplete', `not swept: ${missed.join(', ')}`, {
        class: 'transient',
        hint: 'the log says why; the next sweep is in a minute',
      });
    }
    return report;
  };
}

/** Nor does what is left behind. */
async function clear(sweep: ChunkSweep, site: Site, { log, now }: Composition): Promise<void> {
  try {
    const deleted = await sweep.step(site, now());
    if (deleted > 0)
      log.debug('chunks that nobody sealed were deleted', { site: site.name, chunks: deleted });
  } catch (error) {
    log.warn('chunks that nobody sealed could not be looked for', { site: site.name, ...errorFields(error) });
  }
}

/** What keeps chunks of events from being announced keeps no lane from being looked at. */
async function announce(site: Site, shift: Shift, log: Log): Promise<void> {
  try {
    await announceChunks(site, shift, { log });
  } catch (error) {
    log.error('sealed chunks could not be announced; the next sweep tries again', {
      site: site.name,
      ...errorFields(error),
    });
  }
}
