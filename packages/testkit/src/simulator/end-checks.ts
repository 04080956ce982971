import type { TrackedFile, Tracker } from '@millrace/core';
import { foldRows } from './fold-rows.ts';
import type { Lake, LakePlace, LakeVersion } from './lake.ts';
import type { LakeRow } from './lake-file.ts';
import type { LaneChecks } from './lane-checks.ts';
import type { SimulatedLane } from './lane-kind.ts';
import type { Story } from './story.ts';
import type { Row } from './table-store.ts';

export interface EndOfSeed {
  readonly lanes: readonly SimulatedLane[];
  readonly lake: Lake;
  readonly tracker: Tracker;
  readonly checks: LaneChecks;
  readonly story: Story;
  readonly rowsOf: (target: string) => Promise<readonly Row[]>;
  /** Whether the object is in its place now. */
  readonly isThere: (place: LakePlace) => Promise<boolean>;
}

/** Rows of writers that are not ours. */
export const EXTERNAL = 'ext';

/** What must be true when everything has come to rest: every good row is there once, and every file is accounted for. */
export async function checkEnd(end: EndOfSeed): Promise<void> {
  for (const lane of end.lanes) {
    const rows = (await end.rowsOf(lane.definition.name)).filter(({ v }) => !String(v).startsWith(EXTERNAL));
    const places = [...end.lake.places.values()].filter((place) => place.lane === lane);
    for (const place of places) await checkPlace(end, place);
    if (lane.kind === 'partitioned') checkPartitioned(end, { lane, rows, places });
    else if (lane.definition.rule.mode === 'append') checkAppended(end, { lane, rows, places });
    else checkMerged(end, { lane, rows, places });
  }
}

async function checkPlace(end: EndOfSeed, place: LakePlace): Promise<void> {
  const { tracker, checks, story } = end;
  const target = place.lane.definition.name;
  const known = new Map<string, TrackedFile>();
  const ids = place.versions.map(({ fileId }) => fileId);
  for (const tracked of await tracker.filesById(target, ids)) known.set(tracked.file.id, tracked);
  for (const version of place.versions) {
    const tracked = known.get(version.fileId);
    const isLoaded = checks.isLoaded(target, version.fileId);
    const status = tracked?.status ?? 'unknown';
    if (isLoaded !== (status === 'loaded')) {
      story.violate(
        'receipts and tracker agree',
        `${place.url} is ${status}, with ${isLoaded ? 'a' : 'no'} receipt`,
      );
    }
    if (status === 'waiting') story.violate('everything comes to rest', `${place.url} still waits`);
  }
  const last = place.versions.at(-1);
  if (last === undefined) return;
  const status = known.get(last.fileId)?.status ?? 'unknown';
  if (status === 'loaded' && checks.isLoaded(target, last.fileId)) return;
  const verdict = await verdictOf(end, {
    place,
    last,
    status,
    code: known.get(last.fileId)?.evidence?.code ?? '',
  });
  if (verdict !== null)
    story.violate('every file is accounted for', `${place.url} (${last.etag}) ${verdict}`);
}

/** What is wrong with a last version that is not loaded; null: nothing. */
async function verdictOf(
  { isThere, checks }: EndOfSeed,
  { place, last, status, code }: { place: LakePlace; last: LakeVersion; status: string; code: string },
): Promise<string | null> {
  if (!(await isThere(place))) {
    if (last.wasDeleted) return null;
    return `is ${status} (${code}), and its object is gone though nobody took it away`;
  }
  if (status !== 'quarantined') return `is there and ${status} (${code})`;
  if (last.isBad && (code === '1207' || code === 'copy-data' || code === 'data-value')) return null;
  const target = place.lane.definition.name;
  const isRewrite =
    code === 'rewritten' &&
    place.lane.definition.rule.onRewrite !== 'reload' &&
    place.versions.some(({ fileId }) => checks.isLoaded(target, fileId));
  return isRewrite ? null : `is good and quarantined as ${code}`;
}

interface LaneEnd {
  readonly lane: SimulatedLane;
  readonly rows: readonly Row[];
  readonly places: readonly LakePlace[];
}

/** Every row at most once; of a loaded file every row; and of a key that was never rewritten just those of its receipts. */
function checkAppended({ checks, story }: EndOfSeed, { lane, rows, places }: LaneEnd): void {
  const target = lane.definition.name;
  const counts = new Map<string, number>();
  for (const { v } of rows) counts.set(String(v), (counts.get(String(v)) ?? 0) + 1);
  for (const [v, count] of counts) {
    if (count > 1) story.violate('every row once', `${target} has the row ${v} ${count} times`);
  }
  const isIn = ({ v }: LakeRow): boolean => counts.has(v);
  for (const place of places) {
    const present = place.versions.filter((version) => version.rows.some(isIn));
    for (const version of present) {
      if (!version.rows.every(isIn)) story.violate('files are whole', `${place.url} is in ${target} in part`);
      if (version.isBad) story.violate('bad files stay out', `${place.url} is bad, and in ${target}`);
    }
    const loaded = place.versions.filter(({ fileId }) => checks.isLoaded(target, fileId));
    if (lane.kind === 'append-replaced' && present.length > 1)
      story.violate('old or new', `${place.url} is in ${target} in ${present.length} versions`);
    const isExact = place.versions.length === 1 || lane.definition.pin;
    const isRight = isExact
      ? loaded.every((version) => present.includes(version)) &&
        present.every((version) => loaded.includes(version))
      : loaded.length === present.length;
    if (!isRight) {
      const say = (versions: readonly LakeVersion[]): string =>
        versions.map(({ etag }) => etag).join(', ') || 'none';
      story.violate(
        'rows and receipts agree',
        `${place.url}: receipts of ${say(loaded)}, rows in ${target} of ${say(present)}`,
      );
    }
  }
}

/** Of each partition the rows of its last replacement, all of them and no others; and these are the files that have receipts. */
function checkPartitioned({ checks, story }: EndOfSeed, { lane, rows, places }: LaneEnd): void {
  const target = lane.definition.name;
  const found = rows.map(({ v }) => String(v)).toSorted();
  const last = new Map(
    checks.commits.flatMap((job) =>
      job.target === target && job.prefix !== null ? [[job.prefix, job] as const] : [],
    ),
  );
  const expected = [...last.values()]
    .flatMap(({ copied }) => copied.flatMap((object) => object.rows.map(({ v }) => String(v))))
    .toSorted();
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    const surplus = found.filter((v, at) => !expected.includes(v) || found.indexOf(v) < at);
    const missing = expected.filter((v) => !found.includes(v));
    const text = `${target} lacks ${missing.join(' ') || 'nothing'} and has ${surplus.join(' ') || 'nothing'} too much`;
    story.violate('a partition is its last replacement', text);
  }
  for (const place of places) {
    const loaded = place.versions.filter(({ fileId }) => checks.isLoaded(target, fileId));
    const version = loaded.at(-1);
    if (loaded.length > 1) story.violate('old or new', `${place.url} is loaded in ${loaded.length} versions`);
    if (version === undefined || checks.readAnother(target, version.fileId)) continue;
    if (version.isBad) story.violate('bad files stay out', `${place.url} is bad, and in ${target}`);
    if (!version.rows.every(({ v }) => found.includes(v)))
      story.violate('rows and receipts agree', `${place.url} has a receipt, and not its rows`);
  }
}

/** The table is what a merge of all rows that were copied comes to, whatever came in which job. */
function checkMerged({ checks, story }: EndOfSeed, { lane, rows, places }: LaneEnd): void {
  const target = lane.definition.name;
  const { rule } = lane.definition;
  const jobs = checks.commits.filter((job) => job.target === target);
  const expected = foldRows(
    rule,
    jobs.map(({ copied }) => copied.flatMap((object) => object.rows)),
  );
  const say = (row: Row): string => JSON.stringify([row.k, row.at, row.v, row.op]);
  const [found, wanted] = [rows.map(say).sort(), expected.map(say).sort()];
  const surplus = found.filter((row, index) => !wanted.includes(row) || found.indexOf(row) !== index);
  const missing = wanted.filter((row) => !found.includes(row));
  if (surplus.length > 0 || missing.length > 0) {
    const text = `${target} lacks ${missing.join(' ') || 'nothing'} and has ${surplus.join(' ') || 'nothing'} too much`;
    story.violate('merged right', text);
  }
  const copied = new Set(jobs.flatMap((job) => job.copied.map(({ etag }) => etag)));
  for (const place of places) {
    const last = place.versions.at(-1);
    if (last === undefined || !checks.isLoaded(target, last.fileId)) continue;
    if (checks.readAnother(target, last.fileId)) continue;
    if (!copied.has(last.etag)) {
      story.violate('rows and receipts agree', `${place.url} has a receipt, and no COPY read its bytes`);
    }
  }
}
