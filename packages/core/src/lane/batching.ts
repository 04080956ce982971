import type { TrackedFile } from '../file/load-file.ts';
import type { BatchingPolicy } from '../load/target-definition.ts';
import type { EpochMs } from '../ports/time.ts';

/** The waiting files of a lane, told apart by what may be loaded. */
export interface Backlog {
  /** The newest version of each place, oldest arrival first. */
  readonly loadable: readonly TrackedFile[];
  /** Older versions of places that are loadable: COPY reads a key, so they cannot be loaded any more. */
  readonly superseded: readonly TrackedFile[];
}

/**
 * Of several waiting versions of a key the newest is loadable: the one written last, where the source told, else the
 * one that arrived last. A manifest never names a URL twice.
 */
export function sortBacklog(waiting: readonly TrackedFile[]): Backlog {
  const newest = new Map<string, TrackedFile>();
  for (const tracked of waiting) {
    const other = newest.get(tracked.file.keyId);
    if (other === undefined || isNewer(tracked, other)) newest.set(tracked.file.keyId, tracked);
  }
  const loadable = [...newest.values()].sort(byArrival);
  const superseded = waiting.filter((tracked) => newest.get(tracked.file.keyId) !== tracked);
  return { loadable, superseded };
}

/** Whether one version of a key takes the place of another. */
export function isNewer(
  { file }: Pick<TrackedFile, 'file'>,
  { file: other }: Pick<TrackedFile, 'file'>,
): boolean {
  const written = (file.writtenAt ?? 0) - (other.writtenAt ?? 0);
  if (file.writtenAt !== undefined && other.writtenAt !== undefined && written !== 0) return written > 0;
  if (file.arrivedAt !== other.arrivedAt) return file.arrivedAt > other.arrivedAt;
  return file.id > other.id;
}

function byArrival({ file: a }: TrackedFile, { file: b }: TrackedFile): number {
  if (a.arrivedAt !== b.arrivedAt) return a.arrivedAt - b.arrivedAt;
  if (a.url === b.url) return 0;
  return a.url < b.url ? -1 : 1;
}

export interface Batch {
  readonly files: readonly TrackedFile[];
  readonly bytes: number;
  /** No more files would fit: waiting longer gains nothing. */
  readonly isFull: boolean;
}

/**
 * The next job's files: the oldest, and those behind it that share its `kind` (format and packing; a COPY knows one),
 * up to the limits. A single file above `maxBytes` is a batch of its own: it will not get smaller by waiting.
 */
export function planBatch(
  loadable: readonly TrackedFile[],
  {
    maxFiles,
    maxBytes,
    kindOf,
  }: { maxFiles: number; maxBytes: number; kindOf: (file: TrackedFile) => string },
): Batch {
  const [oldest] = loadable;
  if (oldest === undefined) return { files: [], bytes: 0, isFull: false };
  const kind = kindOf(oldest);
  const files: TrackedFile[] = [];
  let bytes = 0;
  for (const tracked of loadable) {
    if (kindOf(tracked) !== kind) continue;
    const isOver = files.length > 0 && bytes + tracked.file.identity.size > maxBytes;
    if (isOver || files.length >= maxFiles) return { files, bytes, isFull: true };
    files.push(tracked);
    bytes += tracked.file.identity.size;
  }
  return { files, bytes, isFull: files.length >= maxFiles || bytes >= maxBytes };
}

/**
 * When a batch is due: at once when it is full, else when waiting longer would miss the freshness of its oldest file,
 * given how long the lane's loads lately took.
 *
 * @param options `staggerMs`: how much earlier than it must.
 */
export function dueAt(
  batch: Batch,
  {
    policy,
    loadMs,
    staggerMs = 0,
    now,
  }: { policy: BatchingPolicy; loadMs: number | null; staggerMs?: number; now: EpochMs },
): EpochMs {
  const [oldest] = batch.files;
  if (batch.isFull || oldest === undefined) return now;
  const latest =
    oldest.file.arrivedAt + policy.freshnessMs - Math.max(0, loadMs ?? 0) - staggerMs - SCHEDULING_MARGIN_MS;
  return Math.max(now, latest);
}

/** What a wake and a poll may be late by. */
const SCHEDULING_MARGIN_MS = 200;
