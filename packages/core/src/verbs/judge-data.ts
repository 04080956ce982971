import type { Evidence, LoadFile } from '../file/load-file.ts';
import { type DataStreak, DRIFT, type FirstBad, growStreak, isDrift } from '../recover/data-streak.ts';
import { assertInvariant } from '../recover/invariant.ts';
import { judgeDataError } from '../recover/verdict.ts';
import type { FailedJob } from './failed-job.ts';
import { hasOutgrown } from './has-outgrown.ts';
import type { Loader } from './loader.ts';
import { setAside } from './set-aside.ts';

/** What a data error comes to for its lane. */
export type DataNext =
  | { readonly kind: 'again'; readonly suspects: number | null; readonly streak: DataStreak }
  | { readonly kind: 'drift'; readonly reason: string; readonly streak: DataStreak };

interface BadFile {
  readonly file: LoadFile;
  readonly evidence: Evidence;
}

/**
 * Puts bad files aside, narrows the suspects down, or finds that it is the table that has changed: then nothing is put
 * aside, and what was put aside since the lane last loaded waits again.
 */
export async function judgeData(loader: Loader, failed: FailedJob): Promise<DataNext> {
  const { lane, job, statement, error, files } = failed;
  const now = loader.now();
  const verdict = judgeDataError(error, {
    files,
    loadUrlOf: failed.loadUrlOf ?? (({ url }) => url),
    copyErrors: statement === null ? [] : await loader.warehouse.copyErrors(statement),
    jobId: job?.id ?? '',
    at: now,
  });
  if (verdict.kind === 'suspect') {
    const streak = growStreak(lane.streak, { now, files: files.length, found: 0, bad: [] });
    return { kind: 'again', suspects: verdict.suspects, streak };
  }
  const named = verdict.bad.map(({ file }) => file);
  if (await hasOutgrown(loader, lane.target, named)) {
    const streak = growStreak(lane.streak, { now, files: files.length, found: 0, bad: [] });
    return { kind: 'again', suspects: lane.suspects, streak };
  }
  const areAllBad = verdict.bad.length === files.length;
  const bad = areAllBad ? await findFresh(loader, failed, verdict.bad) : [];
  const streak = growStreak(lane.streak, {
    now,
    files: files.length,
    found: verdict.bad.length,
    bad: bad.map(({ evidence }) => evidence),
    first: bad[0] && toFirstBad(bad[0]),
  });
  if (isDrift(streak))
    return { kind: 'drift', streak, reason: await returnAll(loader, failed, { bad: verdict.bad, streak }) };
  await setAside(
    loader,
    lane.target,
    verdict.bad.map((one) => ({ ...one, status: 'quarantined' })),
  );
  const isSample = lane.streak !== null && lane.streak.sampleAt !== null;
  // A sample was taken from behind the suspects.
  return { kind: 'again', suspects: isSample ? lane.suspects : null, streak };
}

/** The lane takes it along, and is written often: no longer than people read. */
function toFirstBad({ file, evidence }: BadFile): FirstBad {
  const { reason, hint, rawValue } = evidence;
  return {
    url: file.url,
    evidence: {
      ...evidence,
      reason: cutTo(MAX_SENTENCE, reason),
      ...(hint === undefined ? {} : { hint: cutTo(MAX_SENTENCE, hint) }),
      ...(rawValue === undefined ? {} : { rawValue: cutTo(MAX_VALUE, rawValue) }),
    },
  };
}

function cutTo(length: number, text: string): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length).join('')}…` : text;
}

/** Those that were not put aside for their data before: a redrive that came too early is no changed table. */
async function findFresh(
  loader: Loader,
  { lane, job }: FailedJob,
  bad: readonly BadFile[],
): Promise<readonly BadFile[]> {
  const known = await loader.tracker.filesById(
    lane.target,
    bad.map(({ file }) => file.id),
  );
  // Settled once more after a crash, they were put aside by this very job.
  const stale = known.filter(({ evidence }) => evidence?.jobId !== undefined && evidence.jobId !== job?.id);
  const ids = new Set(stale.map(({ file }) => file.id));
  return bad.filter(({ file }) => !ids.has(file.id));
}

/** Files that one streak can have put aside: it ends after a few jobs. */
const MAX_RETURNED = 100_000;
/** Files of a hold that show where they are bad, a request each: people compare a few, and what is common is in the reason. */
const MAX_PLACES = 20;
/** Longer values say no more of what is wrong with them; `failures` shows all of it. */
const MAX_VALUE = 60;
const MAX_SENTENCE = 500;

/** Nobody is to blame: all wait, and say for what. @returns why the lane is held. */
async function returnAll(
  loader: Loader,
  { lane }: FailedJob,
  { bad, streak }: { bad: readonly BadFile[]; streak: DataStreak },
): Promise<string> {
  const { tracker, wakes } = loader;
  const now = loader.now();
  // A lane that is held puts nothing aside.
  const returned = streak.heldSince === null ? await findAside(loader, lane.target, streak.since) : [];
  const held = [...returned, ...bad];
  const [known] = held;
  assertInvariant(known !== undefined, 'a lane is held for drift by a file that failed');
  // Later looks try other files: what people compare with the table stays what they were told first.
  const reason = driftReason(streak.first ?? toFirstBad(known), streak);
  if (returned.length > 0) {
    const ids = returned.map(({ file }) => file.id);
    await tracker.redrive(lane.target, ids, now);
    // The lane may have been moved on by another worker, and be about to sleep.
    await tracker.addArrivals(lane.target, ids.length);
    await wakes.wake(lane.target, now);
  }
  const drift = {
    code: DRIFT,
    reason,
    hint: 'it waits, and is loaded when the table and the files fit again',
    at: now,
  };
  for (const { file, evidence } of held.slice(0, MAX_PLACES)) {
    await tracker.noteFailure(lane.target, [file.id], { ...drift, ...placeOf(evidence) });
  }
  const others = held.slice(MAX_PLACES).map(({ file }) => file.id);
  if (others.length > 0) await tracker.noteFailure(lane.target, others, drift);
  return reason;
}

/** What a file says of itself: in which line, in which column, and what stands there. */
function placeOf({ line, column, rawValue }: Evidence): Pick<Evidence, 'line' | 'column' | 'rawValue'> {
  return {
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(rawValue === undefined ? {} : { rawValue }),
  };
}

/** What was put aside for its data since then, the first first. */
async function findAside(loader: Loader, target: string, since: number): Promise<readonly BadFile[]> {
  const troubled = await loader.tracker.troubledFiles({ target, limit: MAX_RETURNED });
  return troubled
    .flatMap(({ file, status, evidence }) => {
      const isMeant = status === 'quarantined' && evidence?.jobId !== undefined && evidence.at >= since;
      return isMeant ? [{ file, evidence }] : [];
    })
    .toSorted((a, b) => a.evidence.at - b.evidence.at);
}

/** The file's name comes last: it is what is cut off where there is no room. */
function driftReason({ url, evidence }: FirstBad, { alike }: Pick<DataStreak, 'alike'>): string {
  const { code, column, reason, hint } = evidence;
  const where = column === undefined || column === '' ? '' : ` in column ${column}`;
  const shown = `${reason}${foundAt(evidence)}`;
  const what =
    alike === null
      ? `no file that was tried can be loaded, the first for ${code}${where}: ${shown}`
      : `every file that was tried fails with ${code}${where}: ${shown}`;
  const fix = hint === undefined ? '' : `${hint}; `;
  return `${what}; ${fix}mend the table, or write the files anew: one file is tried by itself every minute, and the others follow it (first: ${url})`;
}

/** Where the first file has it: ` ('x' in line 3)`; nothing where the warehouse told of neither. */
function foundAt({ line, rawValue }: Evidence): string {
  const value = rawValue === undefined || rawValue === '' ? undefined : quoted(rawValue);
  const place = line === undefined ? undefined : `line ${line}`;
  if (value === undefined) return place === undefined ? '' : ` (${place})`;
  return place === undefined ? ` (${value})` : ` (${value} in ${place})`;
}

/** In one line, whatever stands in the file. */
function quoted(value: string): string {
  return `'${value.replace(/\p{Cc}+/gu, ' ')}'`;
}
