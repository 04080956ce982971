import { announceSeals, readChunkKey, type SealedChunk, type Seals } from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Log } from '../log.ts';
import type { Shift } from '../shift/shift.ts';

export interface AnnounceOptions {
  readonly log: Log;
  /** Only this shard's; default: whatever is sealed and not announced. */
  readonly shard?: string;
  /** What was sealed just now: tells how full lanes became. */
  readonly sealed?: readonly SealedChunk[];
}

/** Hands sealed chunks of a site to its lanes, which are moved on at the end of the shift. */
export async function announceChunks(
  site: Site,
  shift: Shift,
  { log, shard, sealed = [] }: AnnounceOptions,
): Promise<void> {
  const { events } = site;
  if (events === null) return;
  const { stream } = events;
  const seals = shard === undefined ? events.seals : sealsOfShard(events.seals, { stream, shard });
  const loader = shift.loaderOf(site);
  const due = new Set([...site.targets.keys()].filter((target) => shift.isDue(site, target)));
  const { targets, rejects, homeless } = await announceSeals(loader, { seals, stream });
  const byTarget = Map.groupBy(sealed, (chunk) => readChunkKey(loader.settings.control, chunk)?.target);
  for (const target of targets) {
    const own = byTarget.get(target) ?? [];
    const bytes = own.reduce((sum, { size }) => sum + size, 0);
    if (own.length === 0) shift.lookAt(site, target);
    else if (!due.has(target)) shift.arrived(site, target, { files: own.length, bytes });
  }
  for (const { url, events: count } of rejects) {
    log.warn('events were rejected; the reasons are in the object', { stream, url, events: count });
  }
  for (const [target, chunks] of homeless) {
    log.error('chunks of events wait for a target that is not configured; declare it again', {
      code: 'chunks-homeless',
      stream,
      target,
      chunks,
    });
  }
}

/** The same seals, seen from one shard: each shard has an invocation of its own, which looks after itself. */
function sealsOfShard(seals: Seals, { stream, shard }: { stream: string; shard: string }): Seals {
  return {
    seal: (name, one) => seals.seal(name, one),
    unannounced: async () => [await seals.seal(stream, shard)].filter(({ chunks }) => chunks.length > 0),
    move: (name, move) => seals.move(name, move),
    markAnnounced: (name, one, keys) => seals.markAnnounced(name, one, keys),
  };
}
