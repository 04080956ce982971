import type { Evidence, LoadFile } from '../file/load-file.ts';
import type { JobFile } from '../load/job-document.ts';
import { prepareFiles } from '../load/prepare-files.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { EpochMs } from '../ports/time.ts';
import { pinsOf } from './drop-pins.ts';
import { finishLoaded } from './finish-loaded.ts';
import { goneEvidence } from './gone-evidence.ts';
import { admit } from './intake.ts';
import type { Loader } from './loader.ts';
import { readReceipts } from './read-receipts.ts';
import { setAside } from './set-aside.ts';

/**
 * What the store says now: files that are gone or were rewritten leave the line, with the new version in their place.
 *
 * @returns undefined when there were any: the lane is looked at again then.
 */
export async function confirmFiles(
  loader: Loader,
  { definition, files }: { definition: TargetDefinition; files: readonly LoadFile[] },
): Promise<readonly JobFile[] | undefined> {
  const { name: target, pin } = definition;
  const now = loader.now();
  const pinTo = pin ? pinsOf(loader) : null;
  const { ready, gone, changed } = await prepareFiles(loader.objects, files, { pinTo, now });
  if (gone.length === 0 && changed.length === 0) return ready;
  // A loaded file leaves its place, or is rewritten, and is announced once more to a tracker that has forgotten it:
  // that is no loss and no rewrite, and must not be shown as one.
  const absent = [...gone, ...changed.map(({ old }) => old)];
  const { loadedIds } = await readReceipts(loader, target, absent);
  await finishLoaded(
    loader,
    target,
    absent.filter(({ id }) => loadedIds.has(id)),
  );
  // The new version first: between the two writes the key waits twice, which is settled by looking again.
  await admit(
    loader,
    target,
    changed.map((one) => one.now),
  );
  await setAside(loader, target, [
    ...gone
      .filter(({ id }) => !loadedIds.has(id))
      .map((file) => ({ file, status: 'quarantined', evidence: goneEvidence(file.url, now) }) as const),
    ...changed
      .filter(({ old }) => !loadedIds.has(old.id))
      .map(
        (one) =>
          ({
            file: one.old,
            status: 'superseded',
            evidence: supersededBy(one.now.identity.etag, now),
          }) as const,
      ),
  ]);
  return undefined;
}

/** Why a version will never be loaded. */
export function supersededBy(etag: string | undefined, at: EpochMs): Evidence {
  return {
    code: 'superseded',
    reason: `a newer version of the key was waiting${etag === undefined ? '' : ` (etag ${etag})`}`,
    at,
  };
}
