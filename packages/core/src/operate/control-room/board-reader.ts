import { freshLane, type Lane } from '../../lane/lane.ts';
import { lanesInLine } from '../../lane/line.ts';
import { laneOfTarget } from '../../load/load-group.ts';
import type { Overview, TargetCard } from '../../ports/control-room.ts';
import type { EpochMs } from '../../ports/time.ts';
import type { TargetCounts } from '../../ports/tracker.ts';
import type { Loader } from '../../verbs/loader.ts';
import { removedError } from '../find-removed-targets.ts';
import { stuckNote, warehouseStatus } from '../report-status.ts';
import { toTargetCard } from './target-card.ts';
import { type EndedHold, timelineOf } from './timeline.ts';

interface KnownCounts {
  readonly version: number;
  readonly arrivals: number;
  readonly lookedAt: EpochMs;
  readonly counts: TargetCounts;
}

/** Whatever moves files without moving a lane (nothing should) is seen after this. */
const MAX_COUNT_AGE_MS = 60_000;

/**
 * Reads the board again and again, cheaply: gate and lanes in one question, and the files of a lane are counted only when
 * it has moved since they were counted last. With 500 targets at rest a look is one question to the tracker.
 */
export class BoardReader {
  readonly #loader: Loader;
  readonly #refreshMs: number;
  readonly #counts = new Map<string, KnownCounts>();

  /** @param options `refreshMs`: how soon another look is worth what it costs. */
  constructor(loader: Loader, { refreshMs }: { refreshMs: number }) {
    this.#loader = loader;
    this.#refreshMs = refreshMs;
  }

  /**
   * @param options `brokenBy`: what keeps a lane from being looked at; `endedHolds`: holds of the last hours that are over,
   * as far as anybody remembers.
   */
  async read({
    brokenBy,
    endedHolds,
  }: {
    brokenBy: (target: string) => unknown;
    endedHolds: readonly EndedHold[];
  }): Promise<Overview> {
    const { tracker, targets, settings, now: clock } = this.#loader;
    const { gate, lanes } = await tracker.board();
    const now = clock();
    const byTarget = new Map(lanes.map((lane) => [lane.target, lane]));
    const cards: TargetCard[] = [];
    for (const [target, definition] of targets) {
      const own = byTarget.get(target) ?? freshLane(target);
      // A target of a group does what the group's lane does, and has its own counts.
      const leader = byTarget.get(laneOfTarget(targets, target)) ?? own;
      const { state, failures, pauseAsked } = leader;
      const lane = { ...own, state, failures, pauseAsked };
      const counts = await this.#countsOf(target, leader, now);
      const stuck = stuckNote(brokenBy(target));
      cards.push(toTargetCard(lane, { counts, definition, stuck, now }));
    }
    for (const lane of lanes) {
      if (targets.has(lane.target)) continue;
      const counts = await this.#countsOf(lane.target, lane, now);
      if (counts.waiting + counts.quarantined === 0) continue;
      const stuck = removedError(counts).sentence;
      cards.push(toTargetCard(lane, { counts, definition: undefined, stuck, now }));
    }
    const inLine = lanesInLine(lanes, {
      now,
      freshnessMsOf: (target) => targets.get(target)?.batching.freshnessMs,
    });
    return {
      at: new Date(now).toISOString(),
      warehouse: warehouseStatus(this.#loader, gate),
      budget: {
        running: lanes.filter(({ state: { kind } }) => kind === 'submitting' || kind === 'running').length,
        maxLoads: settings.maxLoads,
        inLine: inLine.map(({ target }) => target),
      },
      targets: cards,
      timeline: timelineOf({ gate, lanes, windows: settings.windows ?? [], endedHolds, now }),
      refreshMs: this.#refreshMs,
    };
  }

  /** @param lane the one that moves the target's files */
  async #countsOf(target: string, { version, arrivals }: Lane, now: EpochMs): Promise<TargetCounts> {
    const known = this.#counts.get(target);
    const isSame = known?.version === version && known.arrivals === arrivals;
    if (known !== undefined && isSame && now - known.lookedAt < MAX_COUNT_AGE_MS) return known.counts;
    const counts = await this.#loader.tracker.counts(target);
    this.#counts.set(target, { version, arrivals, lookedAt: now, counts });
    return counts;
  }
}
