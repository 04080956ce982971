import type { BatchingPolicy } from '../load/target-definition.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Batch } from './batching.ts';
import type { Lane } from './lane.ts';

/**
 * Until when a batch should be loaded: the freshness of its oldest file. A batch that is full may be the head of a
 * backlog, of a backfill or of a redrive, whose oldest file is late already, or was let in just now: it has one
 * freshness since the lane's last load. So a lane that is behind comes after those that can still be in time, and yet
 * gets a load per freshness whatever they do: that is its share, and all places that nobody else waits for.
 */
export function deadlineOf(
  { files: [oldest], isFull }: Batch,
  { policy, lastLoadedAt, now }: { policy: BatchingPolicy; lastLoadedAt: EpochMs | null; now: EpochMs },
): EpochMs {
  const fresh = (oldest?.file.arrivedAt ?? now) + policy.freshnessMs;
  return isFull && lastLoadedAt !== null ? Math.max(fresh, lastLoadedAt + policy.freshnessMs) : fresh;
}

/**
 * The lanes that are due and wait for a place on the warehouse, the nearest deadline first: whoever makes room moves
 * them on in this order, until one of them finds no place.
 *
 * @param options `freshnessMsOf`: of a configured target; lanes of others are left out.
 */
export function lanesInLine(
  lanes: readonly Lane[],
  { now, freshnessMsOf }: { now: EpochMs; freshnessMsOf: (target: string) => number | undefined },
): readonly Lane[] {
  return lanes
    .flatMap((lane) => {
      const freshnessMs = freshnessMsOf(lane.target);
      if (lane.state.kind !== 'waiting' || lane.state.dueAt > now || freshnessMs === undefined) return [];
      return [
        { lane, deadlineAt: lane.state.deadlineAt ?? presumedDeadline(lane, lane.state.dueAt, freshnessMs) },
      ];
    })
    .sort((a, b) => a.deadlineAt - b.deadlineAt || (a.lane.target < b.lane.target ? -1 : 1))
    .map(({ lane }) => lane);
}

/** Nobody has looked at what waits: after a load it is what came since, else what the lane was to be woken for. */
function presumedDeadline({ lastLoadedAt, loadMs }: Lane, dueAt: EpochMs, freshnessMs: number): EpochMs {
  return lastLoadedAt === dueAt ? dueAt + freshnessMs : dueAt + (loadMs ?? 0);
}

/** At most this part of its freshness a lane loads earlier than it must, so that others need not wait for it. */
const MAX_STAGGER = 0.25;
/** Of a lane that never had a load: many that are new begin together. */
const PRESUMED_LOAD_MS = 2_000;

/**
 * How much earlier than it must a lane loads what is not a full batch, so that lanes whose files came at the same
 * instant do not all ask for a place at the same one. A fixed part, by the target's name, of the time that all lanes
 * need one after another: nothing where there is a place for each.
 */
export function staggerMsOf(
  target: string,
  {
    lanes,
    maxLoads,
    loadMs,
    freshnessMs,
  }: { lanes: number; maxLoads: number; loadMs: number | null; freshnessMs: number },
): number {
  const rounds = Math.ceil(lanes / maxLoads) - 1;
  const spreadMs = Math.min(rounds * (loadMs ?? PRESUMED_LOAD_MS), freshnessMs * MAX_STAGGER);
  return Math.floor(spreadMs * partOf(target));
}

/** A number in [0, 1) that is the same for the same name: FNV-1a. */
function partOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  // The last bits of FNV-1a differ most for names that differ in their last letter only: mixed, the first ones do too.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 0x1_0000_0000;
}
