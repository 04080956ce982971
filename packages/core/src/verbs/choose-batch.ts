import type { TrackedFile } from '../file/load-file.ts';
import { type Backlog, type Batch, dueAt, sortBacklog } from '../lane/batching.ts';
import { groupUnits, planGroupBatch } from '../lane/group-batch.ts';
import type { Lane } from '../lane/lane.ts';
import { staggerMsOf } from '../lane/line.ts';
import { lineToRead, nextBatch } from '../lane/next-batch.ts';
import type { BatchingPolicy, TargetDefinition } from '../load/target-definition.ts';
import type { EpochMs } from '../ports/time.ts';
import { supersededBy } from './confirm-files.ts';
import { type GroupMembers, readGroupLine } from './group-line.ts';
import type { Loader } from './loader.ts';
import {
  isPartitioned,
  type NextPartition,
  nextPartition,
  PARTITION_LINE,
  type WaitingPartition,
} from './next-partition.ts';
import { setAside } from './set-aside.ts';

/** What waits before a lane, as much as a job may take of it. */
export interface Line {
  readonly loadable: readonly TrackedFile[];
  /** It was read to its end. */
  readonly isWhole: boolean;
}

/** Reads a lane's line, in the order in which it is loaded. Versions that will never be loaded leave it. */
export async function readLine(
  loader: Loader,
  {
    definition,
    lane,
    members,
  }: { definition: TargetDefinition; lane: Lane; members: GroupMembers | undefined },
): Promise<Line | 'look-again'> {
  if (members !== undefined) {
    const line = await readGroupLine(loader, { lane, members });
    for (const [target, backlog] of line.superseded) await supersede(loader, target, backlog);
    return line.superseded.size > 0 ? 'look-again' : line;
  }
  // One more than a job may take: by it is known whether it takes all that waits.
  const limit = isPartitioned(definition) ? PARTITION_LINE : lineToRead(lane, definition) + 1;
  const backlog = sortBacklog(await loader.tracker.waitingFiles(lane.target, limit));
  if (backlog.superseded.length > 0) {
    await supersede(loader, lane.target, backlog);
    return 'look-again';
  }
  const { loadable } = backlog;
  return { loadable, isWhole: loadable.length < limit };
}

/** What a lane would load next, and when. */
export type BatchChoice =
  | {
      readonly kind: 'batch';
      readonly batch: Batch;
      readonly sampleAt: number | null;
      readonly dueAt: EpochMs;
      /** Of a target that is parted: the batch is what waits of it. */
      readonly waiting?: WaitingPartition;
      /** Of a group: its targets. */
      readonly members?: GroupMembers;
      /** The line that it was chosen from, and whether that is all that waits. */
      readonly loadable: readonly TrackedFile[];
      readonly isWhole: boolean;
    }
  | Exclude<NextPartition, { kind: 'due' }>;

/** What a lane loads next, and when it is due. `drain`: what waits is due. */
export async function chooseBatch(
  loader: Loader,
  {
    definition,
    lane,
    backlog,
    members,
    drain,
    now,
  }: {
    definition: TargetDefinition;
    lane: Lane;
    backlog: Line;
    members: GroupMembers | undefined;
    drain: boolean;
    now: EpochMs;
  },
): Promise<BatchChoice> {
  const { loadable, isWhole } = backlog;
  const line = { loadable, isWhole };
  if (members !== undefined) {
    const units = groupUnits(backlog.loadable);
    const { batch, dueAt: at } = planGroupBatch(units, { targets: members, lane, now });
    return { kind: 'batch', batch, sampleAt: null, dueAt: drain ? now : at, members, ...line };
  }
  if (isPartitioned(definition)) {
    const found = await nextPartition(loader, { definition, lane, backlog, drain, now });
    if (found.kind !== 'due') return found;
    const { next: waiting } = found;
    return { kind: 'batch', batch: waiting.batch, sampleAt: null, dueAt: found.dueAt, waiting, ...line };
  }
  const { batch, sampleAt } = nextBatch(lane, backlog.loadable, definition);
  const { batching: policy } = definition;
  const { loadMs } = lane;
  const staggerMs = staggerOf(loader, { lane, policy });
  return {
    kind: 'batch',
    batch,
    sampleAt,
    dueAt: drain ? now : dueAt(batch, { policy, loadMs, staggerMs, now }),
    ...line,
  };
}

function staggerOf(
  { targets, settings: { maxLoads } }: Loader,
  { lane: { target, loadMs }, policy: { freshnessMs } }: { lane: Lane; policy: BatchingPolicy },
): number {
  return staggerMsOf(target, { lanes: targets.size, maxLoads, loadMs, freshnessMs });
}

async function supersede(loader: Loader, target: string, { loadable, superseded }: Backlog): Promise<void> {
  const at = loader.now();
  const newest = new Map(loadable.map(({ file }) => [file.keyId, file]));
  await setAside(
    loader,
    target,
    superseded.map(({ file }) => ({
      file,
      status: 'superseded',
      evidence: supersededBy(newest.get(file.keyId)?.identity.etag, at),
    })),
  );
}
