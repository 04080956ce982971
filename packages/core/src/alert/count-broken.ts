import type { AlertBook, BreakCount } from './alert-book.ts';
import { BROKEN_TIMES, type BrokenLane } from './find-conditions.ts';

/** What is known of broken lanes by what was seen now and what the book says of before. */
export interface CountedLanes {
  readonly broken: ReadonlyMap<string, BrokenLane>;
  /** What the book is to say from now on. */
  readonly kept: AlertBook['broken'];
  /** Whether the book says something else so far. */
  readonly isNews: boolean;
}

/**
 * Counts how often lanes could not be looked at, for workers that live for one look only: the next look is made by another
 * one. What a worker has counted itself often enough is not kept, so that two of them do not overwrite each other's.
 */
export function countBroken(
  { broken: before }: Pick<AlertBook, 'broken'>,
  seen: ReadonlyMap<string, BrokenLane>,
): CountedLanes {
  const kept: Record<string, BreakCount> = {};
  const broken = new Map<string, BrokenLane>();
  for (const [target, lane] of seen) {
    const known = before[target];
    const since = Math.min(lane.since, known?.since ?? lane.since);
    const times = lane.times + (known?.times ?? 0);
    broken.set(target, { ...lane, since, times });
    // No more than is asked for: a lane that stays broken is not written down with every look.
    if (lane.times < BROKEN_TIMES) kept[target] = { since, times: Math.min(BROKEN_TIMES, times) };
  }
  const isSame =
    Object.keys(before).length === Object.keys(kept).length &&
    Object.entries(kept).every(
      ([target, { since, times }]) => before[target]?.since === since && before[target].times === times,
    );
  return { broken, kept, isNews: !isSame };
}
