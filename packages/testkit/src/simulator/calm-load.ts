import type { Dice } from './dice.ts';
import type { LakePlace } from './lake.ts';
import type { LaneChecks } from './lane-checks.ts';
import type { SimulatedLane } from './lane-kind.ts';
import type { Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';
import type { Writers } from './writers.ts';

export interface CalmLoad {
  readonly lanes: readonly SimulatedLane[];
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly story: Story;
  readonly writers: Writers;
  readonly checks: LaneChecks;
  readonly maxSkewMs: number;
}

/** Files of each lane that are written when everything works, within this time. */
const FILES = 4;
const WRITTEN_WITHIN_MS = 240_000;
/** Until a partition's marker is written, and a look that nobody wakes anybody for comes by. */
const MARKED_MS = 90_000;
/** A file that is written then is in its table within its freshness and this: sooner than a sweep would see to. */
const LOAD_MS = 25_000;

/**
 * Where clocks differ, a lane that waits for a place in the budget may seem not to be due yet to the worker that has made
 * room, and waits for the next sweep.
 */
const SWEEP_MS = 60_000;

/** Each lane loads what comes, in time, by wakes and events alone: sweeps are too rare for that. */
export async function loadCalmly(calm: CalmLoad): Promise<void> {
  const { lanes, scheduler, dice, story, writers } = calm;
  const written: LakePlace[] = [];
  for (const lane of lanes) {
    for (let file = 0; file < FILES; file += 1) {
      scheduler.after(dice.int(1, WRITTEN_WITHIN_MS), () => {
        void writers.write(lane).then((place) => written.push(place));
      });
    }
  }
  const longest = Math.max(...lanes.map(freshnessOf));
  const lastLimit = scheduler.now + WRITTEN_WITHIN_MS + longest + LOAD_MS + allowanceOf(calm);
  await scheduler.run({ until: lastLimit, isOver: () => false });
  if (written.length < lanes.length * FILES)
    story.violate('fresh rows', 'the simulator did not write its files');
  for (const place of written) checkFreshness(calm, place);
}

function checkFreshness(calm: CalmLoad, { lane, url, versions: [version] }: LakePlace): void {
  const { story, checks } = calm;
  if (version === undefined) return;
  const { name } = lane.definition;
  const commit = checks.commits.find(
    ({ target, fileIds }) => target === name && fileIds.includes(version.fileId),
  );
  const limit = version.writtenAt + freshnessOf(lane) + LOAD_MS + allowanceOf(calm);
  if (commit !== undefined && commit.at <= limit) return;
  const took = commit === undefined ? 'is not loaded' : `took ${commit.at - version.writtenAt} ms`;
  story.violate('fresh rows', `${url} ${took}; the freshness of ${name} is ${freshnessOf(lane)} ms`);
}

/** Of a partition: until nothing has arrived in it for a while, or its marker is there and was seen. */
function freshnessOf({ definition: { batching, partition } }: SimulatedLane): number {
  if (partition === undefined) return batching.freshnessMs;
  const { ready } = partition;
  return ready.kind === 'quiet' ? ready.quietMs * FILES : batching.freshnessMs + MARKED_MS;
}

/** Of two workers, one may think it early by as much as the other thinks it late. */
function allowanceOf({ maxSkewMs }: CalmLoad): number {
  return maxSkewMs === 0 ? 0 : 2 * maxSkewMs + SWEEP_MS;
}
