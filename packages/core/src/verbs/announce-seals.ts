import { lotKeyOf, readChunkKey, readLot, sealedRejectsOf } from '../event/chunk-key.ts';
import { type LoadFile, loadFileOf } from '../file/load-file.ts';
import type { Seal, SealedChunk, Seals } from '../ports/seals.ts';
import { admit } from './intake.ts';
import type { Loader } from './loader.ts';

export interface AnnounceReport {
  /** Targets that were handed chunks. */
  readonly targets: ReadonlySet<string>;
  readonly chunks: number;
  /** Objects with rejected events that are new: `s3://bucket/key`, and how many events each holds. */
  readonly rejects: readonly { readonly url: string; readonly events: number }[];
  /** Chunks of targets that the configuration does not have (any more), by target: they stay registered. */
  readonly homeless: ReadonlyMap<string, number>;
}

/**
 * Hands the chunks that seals have registered to their lanes: what a seal has committed becomes load files, whoever
 * sealed it and whatever died since. Repeated, it adds nothing: a chunk is a file with an identity.
 */
export async function announceSeals(
  loader: Loader,
  { seals, stream }: { readonly seals: Seals; readonly stream: string },
): Promise<AnnounceReport> {
  const targets = new Set<string>();
  const homeless = new Map<string, number>();
  const rejects: { url: string; events: number }[] = [];
  let chunks = 0;
  for (const seal of await seals.unannounced(stream)) {
    const { byTarget, rejected } = sort(loader, seal);
    await markLots(loader, seal);
    for (const [target, own] of byTarget) {
      if (!loader.targets.has(target)) {
        homeless.set(target, (homeless.get(target) ?? 0) + own.length);
        continue;
      }
      await admit(loader, target, own.map(toLoadFile));
      await seals.markAnnounced(
        stream,
        seal.shard,
        own.map(({ key }) => key),
      );
      targets.add(target);
      chunks += own.length;
    }
    for (const chunk of rejected) {
      const url = await keepRejects(loader, chunk);
      await seals.markAnnounced(stream, seal.shard, [chunk.key]);
      rejects.push({ url, events: chunk.rows });
    }
  }
  return { targets, chunks, rejects, homeless };
}

/**
 * Leaves a mark for each lot, while its seal still names it: a chunk that lies there later was sealed if its lot has a mark,
 * and is garbage otherwise. Of rejects none is needed, they are moved.
 */
async function markLots({ objects, settings }: Loader, { shard, chunks }: Seal): Promise<void> {
  const byLot = Map.groupBy(chunks, (chunk) => readLot(chunk));
  for (const [lot, own] of byLot) {
    if (lot === undefined) continue;
    const text = JSON.stringify({
      shard,
      chunks: own.map(({ key, etag, rows, size }) => ({ key, etag, rows, size })),
    });
    // The first one names all of the lot: whoever comes here again may find only what is left to announce.
    await objects.write(lotKeyOf(settings.control, lot), `${text}\n`, { ifAbsent: true });
  }
}

function sort(loader: Loader, { chunks }: Seal) {
  const byTarget = new Map<string, SealedChunk[]>();
  const rejected: SealedChunk[] = [];
  for (const chunk of chunks) {
    const name = readChunkKey(loader.settings.control, chunk);
    if (name === undefined) {
      rejected.push(chunk);
      continue;
    }
    const own = byTarget.get(name.target);
    if (own === undefined) byTarget.set(name.target, [chunk]);
    else own.push(chunk);
  }
  return { byTarget, rejected };
}

/** The lane counts freshness from when the oldest event came, not from when its chunk was announced. */
function toLoadFile(chunk: SealedChunk): LoadFile {
  return loadFileOf(chunk, chunk.arrivedAt);
}

/** Only what a seal has registered gets to where people look: attempts that died leave nothing there. */
async function keepRejects({ objects, settings }: Loader, chunk: SealedChunk): Promise<string> {
  const to = sealedRejectsOf(settings.control, chunk) ?? chunk;
  if (to !== chunk) {
    const outcome = await objects.copy(chunk, to, { ifMatch: chunk.etag });
    if (outcome === 'done') await objects.delete(chunk, { ifMatch: chunk.etag });
  }
  return `s3://${to.bucket}/${to.key}`;
}
