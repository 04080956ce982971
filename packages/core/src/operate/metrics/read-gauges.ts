import type { Lane } from '../../lane/lane.ts';
import type { Loader } from '../../verbs/loader.ts';
import type { LoaderMetricName } from './loader-metrics.ts';

/** The gauges of a loader over all of its targets: sums, and the oldest wait of any. */
export type SummedGauges = Readonly<
  Record<
    Extract<LoaderMetricName, 'FilesWaiting' | 'OldestWaiting' | 'FilesInQuarantine' | 'LaneHeld'>,
    number
  >
>;

/**
 * How all targets together stand. The lanes are read at once; only those in which something may wait, or was ever put aside,
 * cost a question more.
 */
export async function readGauges(loader: Loader): Promise<SummedGauges> {
  const { tracker, targets, now } = loader;
  const { lanes } = await tracker.board();
  const sums = { FilesWaiting: 0, OldestWaiting: 0, FilesInQuarantine: 0, LaneHeld: 0 };
  for (const lane of lanes) {
    if (!targets.has(lane.target)) continue;
    const { kind } = lane.state;
    if (kind === 'held' || kind === 'paused') sums.LaneHeld += 1;
    if (isEmpty(lane)) continue;
    const { waiting, quarantined, oldestWaitingAt } = await tracker.counts(lane.target);
    sums.FilesWaiting += waiting;
    sums.FilesInQuarantine += quarantined;
    if (oldestWaitingAt !== null) sums.OldestWaiting = Math.max(sums.OldestWaiting, now() - oldestWaitingAt);
  }
  return sums;
}

function isEmpty({ state, hasAside }: Lane): boolean {
  return state.kind === 'idle' && hasAside !== true;
}
