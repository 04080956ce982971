import type { ActionName, Actor, CancelRequest } from '../../ports/control-room.ts';
import type { RejectRedriveReport, RejectSelection } from '../../ports/event-operations.ts';
import type { FileSelection } from '../../ports/failures.ts';
import type { PauseScope, ReconcilePage, ReconcileRequest, RedriveReport } from '../../ports/operations.ts';
import type { Loader } from '../../verbs/loader.ts';
import { pauseTarget, pauseWarehouse, resumeTarget, resumeWarehouse } from '../../verbs/pause.ts';
import { reconcile } from '../reconcile/reconcile.ts';
import { redriveFiles } from '../redrive-files.ts';
import { recordActivity } from './activity.ts';
import { cancelJob } from './cancel-job.ts';

/** What people have done to targets and warehouse: each is kept with who, when and why before it is begun. */

/** @returns since when. @throws LoadError `target-unknown`, `lane-busy`, `gate-busy` */
export async function pauseAs(
  loader: Loader,
  { target, by, why }: PauseScope & { by: string; why: string },
): Promise<number> {
  const since = loader.now();
  const body = async (): Promise<void> => {
    if (target === null) await pauseWarehouse(loader, { by, why, since });
    else await pauseTarget(loader, target, { by, why, since });
  };
  await recordActivity(loader, activityOf('pause', { target, by, why, text: nameOf(target) }), {
    body,
    told: () => 'paused',
  });
  return since;
}

/** @returns whether it was paused. @throws LoadError `target-unknown`, `lane-busy`, `gate-busy` */
export function resumeAs(
  loader: Loader,
  { target, ...actor }: PauseScope & Partial<Actor>,
): Promise<boolean> {
  return recordActivity(loader, activityOf('resume', { target, ...actor, text: nameOf(target) }), {
    body: () => (target === null ? resumeWarehouse(loader) : resumeTarget(loader, target)),
    told: (wasPaused) => (wasPaused ? 'resumed' : 'was not paused'),
  });
}

/** @throws LoadError `target-unknown` */
export function redriveAs(
  loader: Loader,
  selection: FileSelection,
  actor: Partial<Actor>,
): Promise<RedriveReport & { targets: readonly string[] }> {
  const { target = null } = selection;
  return recordActivity(loader, activityOf('redrive', { target, ...actor, text: wordsOf(selection) }), {
    body: () => redriveFiles(loader, selection),
    told: ({ redriven }) => (redriven === 1 ? '1 file waits again' : `${redriven} files wait again`),
  });
}

/** @param options `redrive`: does it, and tells what became of them. @throws what it throws */
export function redriveRejectsAs<T extends { readonly report: RejectRedriveReport }>(
  loader: Loader,
  selection: RejectSelection,
  { actor, redrive }: { actor: Partial<Actor>; redrive: () => Promise<T> },
): Promise<T> {
  const { target = null } = selection;
  return recordActivity(loader, activityOf('redrive', { target, ...actor, text: rejectWordsOf(selection) }), {
    body: redrive,
    told: ({ report: { redriven, rejected } }) =>
      `${redriven} redriven${rejected === 0 ? '' : `, ${rejected} rejected again`}`,
  });
}

/** @throws LoadError `target-unknown`, `job-not-running` */
export function cancelAs(loader: Loader, { target, job, ...actor }: CancelRequest): Promise<void> {
  return recordActivity(loader, activityOf('cancel', { target, ...actor, text: `load ${job}` }), {
    body: () => cancelJob(loader, { target, job }),
    told: () => 'the warehouse was asked to end it',
  });
}

/** Looking is not kept, and of a repair its first page. @throws LoadError `target-unknown`, `invalid-cursor` */
export function reconcileAs(loader: Loader, request: ReconcileRequest): Promise<ReconcilePage> {
  const { target = null, repair, cursor, by, why } = request;
  if (!repair || cursor !== null) return reconcile(loader, request);
  return recordActivity(loader, activityOf('reconcile', { target, by, why, text: nameOf(target) }), {
    body: () => reconcile(loader, request),
    told: ({ missing, double, orphan, next }) => {
      const mended = [...missing, ...double, ...orphan].filter(({ repaired }) => repaired).length;
      return `${mended} mended${next === null ? '' : ' on the first page'}`;
    },
  });
}

interface Asked {
  readonly target: string | null;
  readonly by?: string | undefined;
  readonly why?: string | null | undefined;
  readonly text: string;
}

function activityOf(
  action: ActionName,
  { target, by = 'somebody', why = null, text }: Asked,
): Asked & Actor & { action: ActionName } {
  return { action, target, by, why, text };
}

function nameOf(target: string | null): string {
  return target ?? 'the warehouse';
}

function wordsOf({ target, prefix, urls, since, until }: FileSelection): string {
  const words = [
    ...(urls === undefined ? [] : [urls.length === 1 ? String(urls[0]) : `${urls.length} named files`]),
    ...(prefix === undefined ? [] : [`files at ${prefix}…`]),
    ...(target === undefined ? [] : [`of ${target}`]),
    ...(since === undefined ? [] : [`failed from ${new Date(since).toISOString()}`]),
    ...(until === undefined ? [] : [`failed before ${new Date(until).toISOString()}`]),
  ];
  return words.length === 0 ? 'all quarantined files' : words.join(' ');
}

function rejectWordsOf({ type, code, target, ids, since, until }: RejectSelection): string {
  const words = [
    ...(ids === undefined ? [] : [ids.length === 1 ? `event ${ids[0]}` : `${ids.length} named events`]),
    ...(type === undefined ? [] : [`of type ${type}`]),
    ...(code === undefined ? [] : [`rejected as ${code}`]),
    ...(target === undefined ? [] : [`for ${target}`]),
    ...(since === undefined ? [] : [`from ${new Date(since).toISOString()}`]),
    ...(until === undefined ? [] : [`before ${new Date(until).toISOString()}`]),
  ];
  if (words.length === 0) return 'all rejected events';
  return ids === undefined ? `events ${words.join(' ')}` : words.join(' ');
}
