import { ledgerOf } from '../../load/ledger.ts';
import type { ReconcilePage, ReconcileRequest } from '../../ports/operations.ts';
import { LoadError } from '../../recover/load-error.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';
import { prepareTarget } from '../../verbs/prepare-target.ts';
import type { Findings, ReconcilePart } from './findings.ts';
import { reconcileChunks } from './reconcile-chunks.ts';
import { reconcileMoved } from './reconcile-moved.ts';
import { reconcilePlaces } from './reconcile-places.ts';
import { reconcileRemoved, reconcileTracker } from './reconcile-tracker.ts';

/** A part of a reconciliation, by a name that stays the same from page to page. */
interface Chapter {
  readonly name: string;
  run(part: ReconcilePart): Promise<Findings>;
}

/** How often a lane is looked at again because it moved while its fence was raised. */
const MAX_FENCE_LOOKS = 10;

/**
 * Compares object store, tracker and receipts, in both directions, a page per call: of each target first the listing with
 * the receipts, then what was moved aside with the receipts, then the tracker with both; at last the lanes whose target is
 * gone. It may run beside everything else: what it suspects it asks once more, in the order in which a load writes it down.
 *
 * With `repair`, what is missing waits again, what waits for a gone object is quarantined with evidence, what waits and is
 * loaded ends as loaded; a target's ledger and fence are restored first. Doubles are only told.
 *
 * @throws LoadError `target-unknown`, `invalid-cursor`
 */
export async function reconcile(
  loader: Loader,
  { target, repair, cursor }: ReconcileRequest,
): Promise<ReconcilePage> {
  if (target !== undefined) definitionOf(loader, target);
  const chapters = await listChapters(loader, target);
  const [first] = chapters;
  const position = cursor === null ? { chapter: first?.name ?? '', from: null } : readCursor(cursor);
  const index = chapters.findIndex(({ name }) => name === position.chapter);
  const chapter = chapters[index];
  // The configuration has no targets, or the removed lane that was next has none of its files left.
  if (chapter === undefined) return { missing: [], double: [], orphan: [], looked: 0, next: null };
  const { next, ...findings } = await chapter.run({ from: position.from, repair });
  const following = next === null ? chapters[index + 1] : chapter;
  return {
    ...findings,
    next: following === undefined ? null : JSON.stringify({ chapter: following.name, from: next }),
  };
}

async function listChapters(loader: Loader, target: string | undefined): Promise<readonly Chapter[]> {
  const targets = target === undefined ? [...loader.targets.keys()].sort() : [target];
  const chapters = targets.flatMap((one) => chaptersOf(loader, one));
  if (target !== undefined) return chapters;
  const lanes = await loader.tracker.lanes();
  const removed = lanes.filter((lane) => !loader.targets.has(lane.target)).map((lane) => lane.target);
  return [
    ...chapters,
    ...removed.sort().map((one) => ({
      name: `removed ${one}`,
      run: (part: ReconcilePart) => reconcileRemoved(loader, one, part),
    })),
  ];
}

function chaptersOf(loader: Loader, target: string): readonly Chapter[] {
  const { after, from } = definitionOf(loader, target);
  const sources = after.kind === 'move' ? [...new Set(from)] : [];
  return [
    {
      name: `places ${target}`,
      run: async (part) => {
        if (part.repair && part.from === null) await restoreLane(loader, target);
        return reconcilePlaces(loader, target, part);
      },
    },
    { name: `chunks ${target}`, run: (part) => reconcileChunks(loader, target, part) },
    ...sources.map((source) => ({
      name: `moved ${target} ${source}`,
      run: (part: ReconcilePart) => reconcileMoved(loader, target, { ...part, source }),
    })),
    { name: `tracker ${target}`, run: (part) => reconcileTracker(loader, target, part) },
  ];
}

/**
 * Makes the ledger if the warehouse lacks it, and raises the lane's fence to that of the receipts: a tracker that was lost,
 * or restored from an older copy, must not give out numbers a second time.
 */
async function restoreLane(loader: Loader, target: string): Promise<void> {
  await prepareTarget(loader, target);
  const { warehouse, tracker } = loader;
  const sql = warehouse.dialect.render({ kind: 'summarise-receipts', receipts: ledgerOf(target).receipts });
  const [summary] = await warehouse.transact([sql]);
  const fence = Number(summary?.max_fence ?? 0);
  for (let look = 0; look < MAX_FENCE_LOOKS; look += 1) {
    const lane = await tracker.lane(target);
    if (lane.fence >= fence || (await tracker.putLane({ ...lane, fence }))) return;
  }
  throw new LoadError('lane-busy', `the lane of ${target} moved ${MAX_FENCE_LOOKS} times in a row`, {
    class: 'transient',
    hint: 'reconcile again',
  });
}

function readCursor(cursor: string): { chapter: string; from: string | null } {
  try {
    const value = JSON.parse(cursor) as { chapter?: unknown; from?: unknown } | null;
    const { chapter, from } = value ?? {};
    if (typeof chapter === 'string' && (from === null || typeof from === 'string')) return { chapter, from };
  } catch (cause) {
    throw invalidCursor(cursor, cause);
  }
  throw invalidCursor(cursor);
}

function invalidCursor(cursor: string, cause?: unknown): LoadError {
  return new LoadError('invalid-cursor', `'${cursor}' is no position of a reconciliation`, {
    hint: "give the 'next' of the page before, or null to begin",
    cause,
  });
}
