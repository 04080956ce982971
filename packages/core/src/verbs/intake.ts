import { urlOf } from '../file/identity.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import type { Lane } from '../lane/lane.ts';
import { laneOfTarget } from '../load/load-group.ts';
import { markerOf, partitionOf } from '../load/partition.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Loader } from './loader.ts';
import { isPartitioned } from './next-partition.ts';
import { reviveSuperseded } from './revive-superseded.ts';

/** An object that somebody announced, or that a listing found. */
export interface AnnouncedObject {
  readonly bucket: string;
  /** Decoded. */
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly writtenAt?: EpochMs;
  readonly versionId?: string;
}

export interface IntakeReport {
  /** How many files were new, per target that was touched at all. */
  readonly added: ReadonlyMap<string, number>;
  /** Objects that no route takes. */
  readonly unrouted: readonly AnnouncedObject[];
}

/**
 * Which file, which target; write it down; wake the lane.
 *
 * The files are durable in the tracker when the promise resolves: only then may a notification be acknowledged. Files
 * first, then `arrivals`: a lane that goes idle in between sees the count move, and does not.
 */
export async function intake(loader: Loader, objects: readonly AnnouncedObject[]): Promise<IntakeReport> {
  const now = loader.now();
  const byTarget = new Map<string, LoadFile[]>();
  const unrouted: AnnouncedObject[] = [];
  for (const object of objects) {
    const targets = loader.routesOf(object);
    if (targets.length === 0) unrouted.push(object);
    for (const target of targets) {
      const files = byTarget.get(target) ?? [];
      files.push(loadFileOf(object, now));
      byTarget.set(target, files);
    }
  }
  const added = new Map<string, number>();
  for (const [target, files] of byTarget) {
    added.set(target, (await admit(loader, target, files)).waiting);
  }
  await wakeMarked(loader, unrouted);
  return { added, unrouted };
}

/** A partition may be whole now: its lane looks at once, and not only when it would by itself. */
async function wakeMarked(loader: Loader, objects: readonly AnnouncedObject[]): Promise<void> {
  if (objects.length === 0) return;
  for (const definition of loader.targets.values()) {
    if (!isPartitioned(definition)) continue;
    const isMarked = objects.some((object) => {
      const partition = partitionOf(definition, object);
      const marker = partition && markerOf(definition.partition, partition);
      return marker !== undefined && marker !== null && urlOf(marker) === urlOf(object);
    });
    if (isMarked) await loader.wakes.wake(definition.name, loader.now());
  }
}

export interface Admission {
  /** How many files were new, or wait again. */
  readonly waiting: number;
  /** The lane as the arrival left it, where the tracker tells without being asked. */
  readonly lane: Lane | undefined;
}

/** Lets files into one lane, whatever their route. Of no files nothing is asked. */
export async function admit(loader: Loader, target: string, files: readonly LoadFile[]): Promise<Admission> {
  if (files.length === 0) return { waiting: 0, lane: undefined };
  const now = loader.now();
  const added = new Set(await loader.tracker.addFiles(target, files));
  const repeated = files.filter(({ id }) => !added.has(id));
  const revived = await reviveSuperseded(loader, target, repeated);
  // Unconditional: a repeated notification may be the only trace of a worker that died between these two writes.
  const laneName = laneOfTarget(loader.targets, target);
  const lane = await loader.tracker.addArrivals(laneName, files.length);
  await loader.wakes.wake(laneName, now);
  const waiting = added.size + revived;
  if (waiting > 0) loader.onEvent({ kind: 'files-waiting', target, files: waiting, at: now });
  return { waiting, lane };
}
