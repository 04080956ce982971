import type { TrackedFile } from '../../file/load-file.ts';
import { laneOfTarget } from '../../load/load-group.ts';
import { pinOf } from '../../load/prepare-files.ts';
import type { ReconcileEntry } from '../../ports/operations.ts';
import { pinsOf } from '../../verbs/drop-pins.ts';
import { finishLoaded } from '../../verbs/finish-loaded.ts';
import { goneEvidence } from '../../verbs/gone-evidence.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';
import { setAside } from '../../verbs/set-aside.ts';
import { entryOf, type Findings, noFindings, type ReconcilePart, repaired } from './findings.ts';
import { lookAtObjects } from './object-looks.ts';
import { findProven } from './receipt-places.ts';

/** Files per page: each costs a look at the store. */
const FILES_PER_PAGE = 1_000;

/** A file that waits or was put aside, and the reason why it should not. */
interface Orphan {
  readonly tracked: TrackedFile;
  readonly kind: 'proven' | 'gone';
}

/** The tracker beside store and receipts: files that wait, or were put aside, and have no object or have been loaded. */
export async function reconcileTracker(
  loader: Loader,
  target: string,
  { from, repair }: ReconcilePart,
): Promise<Findings> {
  const { files, next } = await loader.tracker.unfinishedFiles(target, { from, limit: FILES_PER_PAGE });
  const findings: Findings = { ...noFindings(), looked: files.length, next };
  const orphans = await confirm(loader, target, await findOrphans(loader, target, files));
  const entries = orphans.map((orphan) => entryOf(target, orphan.tracked.file.url, whyOrphan(orphan)));
  if (repair) await mend(loader, target, orphans);
  findings.orphan.push(...(repair ? entries.map(repaired) : entries));
  return findings;
}

/** The store first: a file that is loaded and moved away meanwhile has its receipt before its object goes. */
async function findOrphans(
  loader: Loader,
  target: string,
  tracked: readonly TrackedFile[],
): Promise<readonly Orphan[]> {
  const files = tracked.map(({ file }) => file);
  const looks = await lookAtObjects(loader.objects, files);
  const proven = await findProven(loader, target, files);
  const orphans: Orphan[] = [];
  for (const one of tracked) {
    const { file, status, evidence } = one;
    if (proven.has(file.id)) orphans.push({ tracked: one, kind: 'proven' });
    else if (looks.get(file.id) === 'gone') {
      const isKnown = status === 'quarantined' && evidence?.code === 'object-gone';
      if (!isKnown && !(await hasPin(loader, target, one))) orphans.push({ tracked: one, kind: 'gone' });
    }
  }
  return orphans;
}

/** COPY reads the pin, whatever became of the object. */
async function hasPin(loader: Loader, target: string, { file }: TrackedFile): Promise<boolean> {
  if (!definitionOf(loader, target).pin) return false;
  const pin = pinOf(pinsOf(loader), { id: file.id, key: file.identity.key });
  return (await loader.objects.head(pin)) !== undefined;
}

/** Leaves out what was on its way: the files of a job in hand, and those that have moved on since they were read. */
async function confirm(
  { tracker, targets }: Loader,
  target: string,
  orphans: readonly Orphan[],
): Promise<readonly Orphan[]> {
  if (orphans.length === 0) return [];
  const { state } = await tracker.lane(laneOfTarget(targets, target));
  const isInHand = state.kind === 'submitting' || state.kind === 'running';
  const now = await tracker.filesById(
    target,
    orphans.map(({ tracked }) => tracked.file.id),
  );
  const statusOf = new Map(now.map(({ file, status }) => [file.id, status]));
  return orphans.filter(
    ({ tracked: { file, status } }) =>
      statusOf.get(file.id) === status && !(isInHand && status === 'waiting'),
  );
}

function whyOrphan({ tracked: { status, evidence }, kind }: Orphan): string {
  const stands = status === 'waiting' ? 'it waits' : 'it is quarantined';
  if (kind === 'proven') return `${stands}, and has a receipt: it is loaded`;
  return `${stands}${evidence === undefined ? '' : ` (${evidence.reason})`}, and its object is gone`;
}

async function mend(loader: Loader, target: string, orphans: readonly Orphan[]): Promise<void> {
  const loaded = orphans.filter(({ kind }) => kind === 'proven').map(({ tracked }) => tracked.file);
  await finishLoaded(loader, target, loaded);
  const now = loader.now();
  const gone = orphans.filter(({ kind }) => kind === 'gone').map(({ tracked }) => tracked);
  await setAside(
    loader,
    target,
    gone.map(({ file, evidence }) => {
      const isGone = goneEvidence(file.url, now);
      const before = evidence === undefined ? '' : `; before that: ${evidence.reason}`;
      return { file, status: 'quarantined', evidence: { ...isGone, reason: `${isGone.reason}${before}` } };
    }),
  );
}

/** Files that wait for a target that is not configured (any more): nothing loads them. */
export async function reconcileRemoved(
  { tracker }: Loader,
  target: string,
  { from }: ReconcilePart,
): Promise<Findings> {
  const { files, next } = await tracker.unfinishedFiles(target, { from, limit: FILES_PER_PAGE });
  const waiting = files.filter(({ status }) => status === 'waiting');
  const why = 'it waits for a target that the configuration does not have';
  const orphan: ReconcileEntry[] = waiting.map(({ file }) => entryOf(target, file.url, why));
  return { ...noFindings(), orphan, looked: files.length, next };
}
