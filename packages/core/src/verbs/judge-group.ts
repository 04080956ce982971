import { readLot } from '../event/chunk-key.ts';
import type { LoadFile } from '../file/load-file.ts';
import type { JobPart } from '../load/job-document.ts';
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
  | { readonly kind: 'drift' };

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
  const hasChanged = byPart.some(
    ({ part, bad }) => bad.length >= MANY_BAD && bad.length === part.files.length,
  );
  if (hasChanged) {
    await noteGroup(loader, failed);
    return { kind: 'drift' };
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
