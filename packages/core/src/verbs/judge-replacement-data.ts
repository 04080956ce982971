import type { LoadFile } from '../file/load-file.ts';
import { errorEvidence, judgeDataError } from '../recover/verdict.ts';
import { dropPins } from './drop-pins.ts';
import type { FailedJob } from './failed-job.ts';
import type { Loader } from './loader.ts';
import { setAside } from './set-aside.ts';

/**
 * A replacement was refused for its data: what was loaded stays, and the new versions are put aside. Those that were named are
 * to blame; when none was, all are, for they are loaded together or not at all. A table that has changed is found out by
 * jobs that replace nothing.
 */
export async function judgeReplacementData(
  loader: Loader,
  failed: FailedJob & { readonly survivors: readonly LoadFile[] },
): Promise<{ readonly kind: 'again'; readonly suspects: number | null }> {
  const { lane, job, statement, error, files } = failed;
  const at = loader.now();
  const verdict = judgeDataError(error, {
    files,
    loadUrlOf: failed.loadUrlOf ?? (({ url }) => url),
    copyErrors: statement === null ? [] : await loader.warehouse.copyErrors(statement),
    jobId: job?.id ?? '',
    at,
  });
  const bad =
    verdict.kind === 'named'
      ? verdict.bad
      : files.map((file) => ({ file, evidence: { ...errorEvidence(error, at), jobId: job?.id ?? '' } }));
  await dropPins(loader, lane.target, failed.survivors);
  await setAside(
    loader,
    lane.target,
    bad.map((one) => ({ ...one, status: 'quarantined' })),
  );
  return { kind: 'again', suspects: lane.suspects };
}
