import type { LoadFile, TrackedFile } from '../file/load-file.ts';
import { type Batch, dueAt } from '../lane/batching.ts';
import type { Lane } from '../lane/lane.ts';
import { markerOf, type Partition, type PartitionRule, partitionOf } from '../load/partition.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Loader } from './loader.ts';
import { setAside } from './set-aside.ts';

/** A target that is loaded partition by partition. */
export type PartitionedTarget = TargetDefinition & { readonly partition: PartitionRule };

export function isPartitioned(definition: TargetDefinition): definition is PartitionedTarget {
  return definition.partition !== undefined;
}

/** Files that a look at a parted lane reads: its partitions are made of them. */
export const PARTITION_LINE = 20_000;

/** What a file says that waits because of another one of its partition. */
export const PARTITION_HELD = 'partition-held';

/** How soon a partition that could not be replaced, or has no marker yet, is looked at again by itself. */
const LOOK_MS = 60_000;

/** Partitions whose marker is asked for in one look, a request each: the oldest. */
const MAX_MARKERS = 50;

/** A partition of which files wait. */
export interface WaitingPartition {
  readonly partition: Partition;
  readonly batch: Batch;
  readonly files: readonly LoadFile[];
}

export type NextPartition =
  /** It is due, or will be then. */
  | { readonly kind: 'due'; readonly next: WaitingPartition; readonly dueAt: EpochMs }
  /** None may be loaded yet. `why`: what they wait for, in words. */
  | { readonly kind: 'later'; readonly lookAt: EpochMs; readonly why: string }
  | { readonly kind: 'look-again' };

/**
 * The partition of a lane that is to be replaced next: the oldest that is ready, or else the one that will be first. Waiting
 * files only tell that a partition has changed; what is in it the listing says.
 *
 * @param options `drain`: nobody waits for quiet.
 */
export async function nextPartition(
  loader: Loader,
  {
    definition,
    lane,
    backlog,
    drain,
    now,
  }: {
    definition: PartitionedTarget;
    lane: Lane;
    backlog: { readonly loadable: readonly TrackedFile[] };
    drain: boolean;
    now: EpochMs;
  },
): Promise<NextPartition> {
  const groups = groupByPartition(definition, backlog.loadable);
  if (groups.strays.length > 0) {
    await refuseStrays(loader, definition, groups.strays);
    return { kind: 'look-again' };
  }
  const { ready } = definition.partition;
  const planned = lane.state.kind === 'waiting' && lane.state.dueAt > now ? lane.state.dueAt : now + LOOK_MS;
  const lookAt = Math.min(planned, now + LOOK_MS);
  let [asked, first, why] = [0, null as { next: WaitingPartition; dueAt: EpochMs } | null, ''];
  let soonest = Number.POSITIVE_INFINITY;
  for (const { partition, files } of groups.partitions) {
    const next = toWaiting(partition, files);
    const heldUntil = heldUntilOf(files);
    if (heldUntil > now) {
      soonest = Math.min(soonest, heldUntil);
      why ||= `${partition.name} waits: ${files.find(isHeld)?.evidence?.reason ?? 'it is held'}`;
      continue;
    }
    const at = await readyAt(loader, { definition, lane, next, drain, now, isAsked: asked < MAX_MARKERS });
    asked += ready.kind === 'marker' ? 1 : 0;
    if (at === null) {
      soonest = Math.min(soonest, lookAt);
      why ||= `${partition.name} has no ${ready.kind === 'marker' ? ready.name : ''} yet`;
      continue;
    }
    if (first === null || at < first.dueAt) first = { next, dueAt: at };
    if (at <= now) break;
  }
  if (first !== null && first.dueAt <= soonest) return { kind: 'due', ...first };
  return { kind: 'later', lookAt: soonest, why };
}

/** When a partition may be replaced; null: when its marker has come. */
async function readyAt(
  loader: Loader,
  {
    definition,
    lane,
    next,
    drain,
    now,
    isAsked,
  }: {
    definition: PartitionedTarget;
    lane: Lane;
    next: WaitingPartition;
    drain: boolean;
    now: EpochMs;
    isAsked: boolean;
  },
): Promise<EpochMs | null> {
  const marker = markerOf(definition.partition, next.partition);
  const { ready } = definition.partition;
  if (ready.kind === 'quiet' || marker === null) {
    const newest = Math.max(...next.files.map(({ arrivedAt }) => arrivedAt));
    return drain || ready.kind !== 'quiet' ? now : newest + ready.quietMs;
  }
  if (!isAsked || (await loader.objects.head(marker)) === undefined) return null;
  const { batching: policy } = definition;
  // What comes late comes seldom alone: the freshness lets it gather.
  return drain ? now : dueAt(next.batch, { policy, loadMs: lane.loadMs, now });
}

/** Held as long as the same files wait: one that came later, or was redriven, is looked at at once. */
function heldUntilOf(files: readonly TrackedFile[]): EpochMs {
  if (!files.every(isHeld)) return 0;
  return Math.max(...files.map(({ evidence }) => evidence?.at ?? 0)) + LOOK_MS;
}

function isHeld({ evidence }: TrackedFile): boolean {
  return evidence?.code === PARTITION_HELD;
}

/** The waiting files of a target by their partition, the one with the oldest file first. */
export function groupByPartition(
  definition: PartitionedTarget,
  waiting: readonly TrackedFile[],
): {
  readonly partitions: readonly { readonly partition: Partition; readonly files: readonly TrackedFile[] }[];
  /** Files that are in none. */
  readonly strays: readonly TrackedFile[];
} {
  const partitions = new Map<string, { partition: Partition; files: TrackedFile[] }>();
  const strays: TrackedFile[] = [];
  for (const tracked of waiting) {
    const partition = partitionOf(definition, tracked.file.identity);
    if (partition === undefined) {
      strays.push(tracked);
      continue;
    }
    const group = partitions.get(partition.url) ?? { partition, files: [] };
    group.files.push(tracked);
    partitions.set(partition.url, group);
  }
  return { partitions: [...partitions.values()], strays };
}

function toWaiting(partition: Partition, tracked: readonly TrackedFile[]): WaitingPartition {
  const bytes = tracked.reduce((sum, { file }) => sum + file.identity.size, 0);
  const batch = { files: tracked, bytes, isFull: false };
  return { partition, batch, files: tracked.map(({ file }) => file) };
}

async function refuseStrays(
  loader: Loader,
  { name, partition: { folder } }: PartitionedTarget,
  strays: readonly TrackedFile[],
): Promise<void> {
  const at = loader.now();
  const template = folder.map((part) => ('name' in part ? `{${part.name}}` : part.text)).join('');
  await setAside(
    loader,
    name,
    strays.map(({ file }) => ({
      file,
      status: 'quarantined',
      evidence: {
        code: 'no-partition',
        reason: `${file.url} is in no partition: below the prefix of ${name} its key does not begin as '${template}'`,
        hint: "write it into a partition, or correct 'partition' and redrive it",
        at,
      },
    })),
  );
}
