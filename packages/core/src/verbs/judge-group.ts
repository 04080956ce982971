import type { LoadFile } from '../file/load-file.ts';
import type { JobPart } from '../load/job-document.ts';
import { errorEvidence, judgeDataError } from '../recover/verdict.ts';
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
 * on together; when none was, half of the files are tried next. When every one of eight files or more of a target is bad
 * it is their table that has changed: all wait.
 */
export async function judgeGroupData(loader: Loader, failed: FailedGroup): Promise<GroupVerdict> {
  const { job, statement, error, files, parts } = failed;
  const at = loader.now();
  const verdict = judgeDataError(error, {
    files,
    loadUrlOf: failed.loadUrlOf ?? (({ url }) => url),
    copyErrors: statement === null ? [] : await loader.warehouse.copyErrors(statement),
    jobId: job?.id ?? '',
    at,
  });
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

/** Files that wait on show what they wait for, each before its own target. */
export async function noteGroup(loader: Loader, { parts, error }: FailedGroup): Promise<void> {
  for (const { target, files } of parts) {
    await loader.tracker.noteFailure(target, idsOf(files), errorEvidence(error, loader.now()));
  }
}

function idsOf(files: readonly LoadFile[]): readonly string[] {
  return files.map(({ id }) => id);
}
