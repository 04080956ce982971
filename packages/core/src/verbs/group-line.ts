import { lotKeyOf, readChunkKey, readLot } from '../event/chunk-key.ts';
import { urlOf } from '../file/identity.ts';
import { loadFileOf, type TrackedFile } from '../file/load-file.ts';
import { type Backlog, sortBacklog } from '../lane/batching.ts';
import type { Lane } from '../lane/lane.ts';
import { lineToRead } from '../lane/next-batch.ts';
import { readText } from '../load/job-document.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { Loader } from './loader.ts';
import { readReceipts } from './read-receipts.ts';

/** The targets of a group, by name, in the order of their names. */
export type GroupMembers = ReadonlyMap<string, TargetDefinition>;

/** The targets that are loaded together with one; undefined: it is loaded alone. */
export function membersOf({ targets }: Loader, { group }: TargetDefinition): GroupMembers | undefined {
  if (group === undefined) return undefined;
  return new Map(
    group.members.flatMap((name) => {
      const member = targets.get(name);
      return member === undefined ? [] : [[name, member] as const];
    }),
  );
}

export interface GroupLine {
  /** The oldest waiting files of all targets, oldest first. */
  readonly loadable: readonly TrackedFile[];
  /** By target, where there are versions that will never be loaded. */
  readonly superseded: ReadonlyMap<string, Backlog>;
  /** Nothing waits behind them. */
  readonly isWhole: boolean;
}

/** What waits before a group's lane. */
export async function readGroupLine(
  loader: Loader,
  { lane, members }: { lane: Lane; members: GroupMembers },
): Promise<GroupLine> {
  const superseded = new Map<string, Backlog>();
  const loadable: TrackedFile[] = [];
  let isWhole = true;
  for (const [target, definition] of members) {
    // A unit is searched as a whole: what is suspected may be anywhere in the lines.
    const limit = lineToRead({ ...lane, suspects: null, streak: null }, definition) + 1;
    const backlog = sortBacklog(await loader.tracker.waitingFiles(target, limit));
    if (backlog.superseded.length > 0) superseded.set(target, backlog);
    if (backlog.loadable.length >= limit) isWhole = false;
    loadable.push(...backlog.loadable);
  }
  return { loadable: loadable.toSorted(byArrival), superseded, isWhole };
}

function byArrival({ file: a }: TrackedFile, { file: b }: TrackedFile): number {
  return a.arrivedAt - b.arrivedAt || (a.url === b.url ? 0 : a.url < b.url ? -1 : 1);
}

/**
 * The files of a batch whose seals are announced in full, and what else of these seals waits: a seal's chunks are let in target by
 * target, and what is loaded in between would show the half of it.
 */
export async function keepWholeLots(
  loader: Loader,
  { members, files }: { members: GroupMembers; files: readonly TrackedFile[] },
): Promise<{ readonly whole: readonly TrackedFile[]; readonly incomplete: ReadonlySet<string> }> {
  const byLot = Map.groupBy(files, ({ file }) => readLot(file.identity) ?? null);
  const kept: TrackedFile[] = [];
  const incomplete = new Set<string>();
  for (const [lot, own] of byLot) {
    const whole = lot === null ? own : await completeLot(loader, { members, lot, own });
    if (whole === undefined && lot !== null) {
      incomplete.add(lot);
      await noteIncomplete(loader, own);
    }
    kept.push(...(whole ?? []));
  }
  return { whole: kept, incomplete };
}

/** An announcement takes seconds: who waits for it longer than this says so. */
const LONG_MS = 60_000;

async function noteIncomplete(loader: Loader, files: readonly TrackedFile[]): Promise<void> {
  const at = loader.now();
  const old = files.filter(({ file, evidence }) => evidence === undefined && file.arrivedAt < at - LONG_MS);
  for (const [target, own] of Map.groupBy(old, (one) => one.target)) {
    const evidence = {
      code: 'seal-unannounced',
      reason: 'other files of its seal, for other targets of its group, are not announced yet',
      hint: 'it is loaded with them; look whether the consumer of the events runs',
      at,
    };
    await loader.tracker.noteFailure(
      target,
      own.map(({ file }) => file.id),
      evidence,
    );
  }
}

interface LotMark {
  readonly chunks: readonly { readonly key: string; readonly etag: string; readonly size?: number }[];
}

/** All files of a lot that wait; undefined when some of it is not announced yet. */
async function completeLot(
  loader: Loader,
  { members, lot, own }: { members: GroupMembers; lot: string; own: readonly TrackedFile[] },
): Promise<readonly TrackedFile[] | undefined> {
  const { control } = loader.settings;
  const text = await readText(loader.objects, lotKeyOf(control, lot));
  // Of chunks that were handed over by hand there is no mark, and nobody to wait for.
  if (text === undefined) return own;
  const { chunks } = JSON.parse(text) as LotMark;
  const known = new Set(own.map(({ file }) => file.url));
  const missing = new Map<string, { key: string; etag: string; size?: number }[]>();
  for (const chunk of chunks) {
    const at = { bucket: control.bucket, key: chunk.key };
    const target = readChunkKey(control, at)?.target;
    if (target === undefined || !members.has(target) || known.has(urlOf(at))) continue;
    missing.set(target, [...(missing.get(target) ?? []), chunk]);
  }
  const more: TrackedFile[] = [];
  for (const [target, some] of missing) {
    const files = some.map(({ key, etag, size = 0 }) =>
      loadFileOf({ bucket: control.bucket, key, etag, size }, loader.now()),
    );
    const tracked = await loader.tracker.filesById(
      target,
      files.map(({ id }) => id),
    );
    more.push(...tracked.filter(({ status }) => status === 'waiting'));
    const ids = new Set(tracked.map(({ file }) => file.id));
    const strange = files.filter(({ id }) => !ids.has(id));
    if (strange.length === 0) continue;
    // A tracker may forget what is loaded; the receipts do not.
    const { loadedIds } = await readReceipts(loader, target, strange);
    if (strange.some(({ id }) => !loadedIds.has(id))) return undefined;
  }
  return [...own, ...more];
}
