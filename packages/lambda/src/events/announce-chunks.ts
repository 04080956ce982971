import { announceSeals, readChunkKey, type SealedChunk, type Seals, sweepChunks } from '@millrace/core';
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

/** How often what consumers left behind is looked for. */
const CLEAR_EVERY_MS = 24 * 60 * 60 * 1_000;

/**
 * Clears away, a step per sweep, what consumers wrote and nobody sealed. A container knows where it has come to: another
 * one begins anew, which costs a listing and nothing else.
 */
export class ChunkSweep {
  readonly #positions = new Map<string, { readonly after: string | null; readonly at: number }>();

  async step({ name, events, loader }: Site, now: number): Promise<number> {
    const { after, at } = this.#positions.get(name) ?? { after: null, at: 0 };
    if (events === null || now < at) return 0;
    const { seals, stream } = events;
    const { deleted, next } = await sweepChunks(loader, { seals, stream, after });
    this.#positions.set(name, { after: next, at: next === null ? now + CLEAR_EVERY_MS : now });
    return deleted;
  }
}
