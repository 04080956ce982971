import { readLot } from '../event/chunk-key.ts';
import type { Evidence, LoadFile } from '../file/load-file.ts';
import type { JobPart } from '../load/job-document.ts';
import { DRIFT } from '../recover/data-streak.ts';
import { LoadError } from '../recover/load-error.ts';
import { type DataVerdict, errorEvidence, judgeDataError } from '../recover/verdict.ts';
import type { FailedJob } from './failed-job.ts';
import type { Loader } from './loader.ts';
import { setAside } from './set-aside.ts';

export type FailedGroup = FailedJob & { readonly parts: readonly JobPart[] };

/** As many files of one target, all bad, that its table has changed rather than they. */
const MANY_BAD = 8;

export type GroupVerdict =
  | { readonly kind: 'again'; readonly suspects: number | null }
  /** A table has changed: nothing is put aside. */
  | { readonly kind: 'drift'; readonly drift: LoadError };

/**
 * A group's job was refused for its data. Files that were named are put aside, each before its own target, and the rest goes
 * on together; when none was, half of the files are tried next, and the files of a seal that failed by itself are put aside
 * together: they are not seen apart. When every one of eight files or more of a target is bad
 * it is their table that has changed: all wait.
 */
export async function judgeGroupData(loader: Loader, failed: FailedGroup): Promise<GroupVerdict> {
  const { job, statement, error, files, parts } = failed;
  const at = loader.now();
  const judged = judgeDataError(error, {
    files,
    loadUrlOf: failed.loadUrlOf ?? (({ url }) => url),
    copyErrors: statement === null ? [] : await loader.warehouse.copyErrors(statement),
    jobId: job?.id ?? '',
    at,
  });
  const verdict = judged.kind === 'suspect' && isOneSeal(files) ? allBad(failed, at) : judged;
  if (verdict.kind === 'suspect') return { kind: 'again', suspects: verdict.suspects };
  const byPart = parts.map((part) => {
    const own = new Set(part.files.map(({ id }) => id));
    return { part, bad: verdict.bad.filter(({ file }) => own.has(file.id)) };
  });
  const changed = byPart.find(({ part, bad }) => bad.length >= MANY_BAD && bad.length === part.files.length);
  const first = changed?.bad[0];
  if (changed !== undefined && first !== undefined) {
    const drift = driftOf(changed.part, first);
    await noteGroup(loader, { ...failed, error: drift });
    return { kind: 'drift', drift };
  }
  for (const { part, bad } of byPart) {
    await setAside(
      loader,
      part.target,
      bad.map((one) => ({ ...one, status: 'quarantined' })),
    );
  }
  return { kind: 'again', suspects: null };
}

/** The warehouse's own message says no more than that the load failed: what the first file has is what people need. */
function driftOf(
  { target, files }: JobPart,
  { file, evidence }: { file: LoadFile; evidence: Evidence },
): LoadError {
  const { code, column, line, reason } = evidence;
  const places = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined || column === '' ? [] : [`column ${column}`]),
  ];
  const where = places.length === 0 ? '' : `, ${places.join(', ')}`;
  return new LoadError(
    DRIFT,
    `all ${files.length} files of ${target} are bad, and its group waits for it; the first, ${file.url}${where}, for ${code}: ${reason}`,
    { class: 'data', hint: 'mend the table, or write the files anew: the group looks again every minute' },
  );
}

function isOneSeal(files: readonly LoadFile[]): boolean {
  const lots = new Set(files.map(({ identity }) => readLot(identity)));
  return lots.size === 1 && !lots.has(undefined);
}

function allBad({ files, error, job }: FailedGroup, at: number): Extract<DataVerdict, { kind: 'named' }> {
  const evidence = { ...errorEvidence(error, at), jobId: job?.id ?? '' };
  return { kind: 'named', bad: files.map((file) => ({ file, evidence })) };
}

/** Files that wait on show what they wait for, each before its own target. */
export async function noteGroup(loader: Loader, { parts, error }: FailedGroup): Promise<void> {
  for (const { target, files } of parts) {
    await loader.tracker.noteFailure(target, idsOf(files), errorEvidence(error, loader.now()));
  }
}

function idsOf(files: readonly LoadFile[]): readonly string[] {
  return files.map(({ id }) => id);
}
