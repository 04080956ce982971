import type { LoadFile } from '../file/load-file.ts';
import { isNewer } from '../lane/batching.ts';
import type { Lane } from '../lane/lane.ts';
import type { Loader } from './loader.ts';
import { setAside } from './set-aside.ts';

/**
 * A corrected object came under its key and is loaded: the versions that had failed are nobody's work any more, and are
 * shown as superseded. A younger version stays: it is what is wrong now.
 *
 * @param options `lane`: the files are those of its job in hand.
 */
export async function supersedeQuarantined(
  loader: Loader,
  target: string,
  { loaded, ...options }: { loaded: readonly LoadFile[]; lane?: Lane },
): Promise<void> {
  const quarantined = await loader.tracker.quarantinedVersions(target, loaded, options);
  if (quarantined.length === 0) return;
  const at = loader.now();
  const byPlace = new Map(loaded.map((file) => [file.keyId, file]));
  await setAside(
    loader,
    target,
    quarantined.flatMap(({ file, evidence }) => {
      const newer = byPlace.get(file.keyId);
      if (newer === undefined || newer.id === file.id || !isNewer({ file: newer }, { file })) return [];
      const reason = `a newer version of the key was loaded (etag ${newer.identity.etag}); this one had failed: ${evidence?.reason ?? 'unknown'}`;
      return [{ file, status: 'superseded', evidence: { code: 'superseded', reason, at } } as const];
    }),
  );
}
