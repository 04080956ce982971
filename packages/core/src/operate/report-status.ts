import type { Lane } from '../lane/lane.ts';
import type { StatusReport, TargetStatus } from '../ports/operations.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Loader } from '../verbs/loader.ts';

/**
 * Where every target stands: from the tracker alone, the warehouse is not woken.
 *
 * @param brokenBy what keeps a lane from being looked at, if anything does.
 */
export async function reportStatus(
  loader: Loader,
  { brokenBy }: { brokenBy: (target: string) => unknown },
): Promise<StatusReport> {
  const targets: Record<string, TargetStatus> = {};
  for (const target of loader.targets.keys()) {
    const lane = await loader.tracker.lane(target);
    const counts = await loader.tracker.counts(target);
    const loading = filesInHand(lane);
    targets[target] = {
      state: lane.state.kind,
      waiting: Math.max(0, counts.waiting - loading),
      loading,
      loaded: lane.loadedFiles,
      quarantined: counts.quarantined,
      superseded: counts.superseded,
      oldestWaitingAgeMs:
        counts.oldestWaitingAt === null ? null : Math.max(0, loader.now() - counts.oldestWaitingAt),
      lastLoadedAt: lane.lastLoadedAt === null ? null : new Date(lane.lastLoadedAt).toISOString(),
      rows: lane.loadedRows,
      note: stuckNote(brokenBy(target)) ?? noteOf(lane, loader.now()),
    };
  }
  return { targets };
}

function stuckNote(error: unknown): string | null {
  if (error === undefined) return null;
  const reason =
    error instanceof LoadError ? error.sentence : error instanceof Error ? error.message : String(error);
  return `stuck: ${reason}`;
}

function filesInHand({ state }: Lane): number {
  return state.kind === 'submitting' || state.kind === 'running' ? state.job.files : 0;
}

/** What a lane does, where its state alone does not say it. */
export function noteOf({ state, failures }: Lane, now: number): string | null {
  switch (state.kind) {
    case 'held':
      return `${state.reason} (looks again in ${seconds(state.until - now)})`;
    case 'paused':
      return `paused by ${state.by}: ${state.why}`;
    case 'waiting':
      if (failures > 0) return `${failures} failed in a row, next try in ${seconds(state.dueAt - now)}`;
      return state.dueAt > now ? `due in ${seconds(state.dueAt - now)}` : null;
    default:
      return null;
  }
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.ceil(ms / 1_000))} s`;
}
