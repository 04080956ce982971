import type { Lane } from '../lane/lane.ts';
import { laneOfTarget } from '../load/load-group.ts';
import type { WarehouseStatus } from '../ports/control-room.ts';
import type { StatusReport, TargetStatus } from '../ports/operations.ts';
import type { TargetCounts } from '../ports/tracker.ts';
import type { Gate } from '../recover/gate.ts';
import { LoadError } from '../recover/load-error.ts';
import { windowsBetween } from '../recover/windows/maintenance-window.ts';
import type { Loader } from '../verbs/loader.ts';
import { findRemovedLanes, removedError } from './find-removed-targets.ts';
import { sayLine } from './say-line.ts';

/**
 * Where every target stands: from the tracker alone, the warehouse is not woken. A lane whose target has left the
 * configuration is among them as long as files of it wait or are quarantined.
 *
 * @param brokenBy what keeps a lane from being looked at, if anything does.
 */
export async function reportStatus(
  loader: Loader,
  { brokenBy }: { brokenBy: (target: string) => unknown },
): Promise<StatusReport> {
  const targets: Record<string, TargetStatus> = {};
  for (const target of loader.targets.keys()) {
    const lane = await laneShownOf(loader, target);
    const counts = await loader.tracker.counts(target);
    const note = stuckNote(brokenBy(target)) ?? (await noteOfLine(loader, lane));
    targets[target] = statusOf(lane, { counts, note, now: loader.now() });
  }
  for (const { lane, counts } of await findRemovedLanes(loader)) {
    const note = stuckNote(removedError(counts));
    targets[lane.target] = { ...statusOf(lane, { counts, note, now: loader.now() }), isConfigured: false };
  }
  return { targets, warehouse: warehouseStatus(loader, await loader.tracker.gate()) };
}

function statusOf(
  lane: Lane,
  { counts, note, now }: { counts: TargetCounts; note: string | null; now: number },
): TargetStatus {
  const loading = filesInHand(lane, lane.target);
  return {
    state: lane.state.kind,
    waiting: Math.max(0, counts.waiting - loading),
    loading,
    loaded: lane.loadedFiles,
    quarantined: counts.quarantined,
    superseded: counts.superseded,
    oldestWaitingAgeMs: counts.oldestWaitingAt === null ? null : Math.max(0, now - counts.oldestWaitingAt),
    lastLoadedAt: lane.lastLoadedAt === null ? null : new Date(lane.lastLoadedAt).toISOString(),
    rows: lane.loadedRows,
    note,
  };
}

/** Windows come every week, mostly. */
const WINDOW_SPAN_MS = 7 * 24 * 60 * 60_000;

/** What stands before all targets. */
export function warehouseStatus(loader: Loader, { pause, hold }: Gate): WarehouseStatus {
  const now = loader.now();
  const span = { from: now, to: now + WINDOW_SPAN_MS };
  const [next] = windowsBetween(loader.settings.windows ?? [], span);
  const nextWindow = next === undefined ? null : { from: toText(next.startsAt), to: toText(next.endsAt) };
  if (pause !== null) {
    const note = `paused by ${pause.by}: ${pause.why}`;
    return { state: 'paused', note, since: toText(pause.since), nextWindow };
  }
  if (hold === null) return { state: 'open', note: null, since: null, nextWindow };
  const look = now < hold.until ? `looks again in ${seconds(hold.until - now)}` : 'the next file looks again';
  return {
    state: 'held',
    note: `away: ${hold.reason} (${look})`,
    since: toText(hold.since),
    nextWindow,
  };
}

function toText(at: number): string {
  return new Date(at).toISOString();
}

export function stuckNote(error: unknown): string | null {
  if (error === undefined) return null;
  const reason =
    error instanceof LoadError ? error.sentence : error instanceof Error ? error.message : String(error);
  return `stuck: ${reason}`;
}

/** What a lane does, and of what it is made up where that is partitions or other targets. */
async function noteOfLine(loader: Loader, lane: Lane): Promise<string | null> {
  const definition = loader.targets.get(lane.target);
  const said = definition === undefined ? null : await sayLine(loader, definition);
  const notes = [noteOf(lane, loader.now()), said].filter((one) => one !== null);
  return notes.length === 0 ? null : notes.join('; ');
}

/** The files of a target that the job in hand has. */
function filesInHand({ state }: Lane, target: string): number {
  if (state.kind !== 'submitting' && state.kind !== 'running') return 0;
  const { parts, files } = state.job;
  return parts === undefined ? files : (parts.find((part) => part.target === target)?.files ?? 0);
}

/** A target of a group does what the group's lane does, and has its own counts. */
async function laneShownOf({ tracker, targets }: Loader, target: string): Promise<Lane> {
  const own = await tracker.lane(target);
  const name = laneOfTarget(targets, target);
  if (name === target) return own;
  const { state, failures, pauseAsked } = await tracker.lane(name);
  return { ...own, state, failures, pauseAsked };
}

/** What a lane does, where its state alone does not say it. */
export function noteOf({ state, failures, pauseAsked }: Lane, now: number): string | null {
  if (pauseAsked !== null) {
    return `paused by ${pauseAsked.by} when its load has ended: ${pauseAsked.why}`;
  }
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
