import type { Lane } from '../../lane/lane.ts';
import type { TargetDefinition } from '../../load/target-definition.ts';
import type { TargetCard, TargetHealth } from '../../ports/control-room.ts';
import type { EpochMs } from '../../ports/time.ts';
import type { TargetCounts } from '../../ports/tracker.ts';
import { GATE_CODES, isGateCode } from '../../recover/gate.ts';

/** How late a target may be before it is called so: the wake, the load's last step and the look itself take a moment. */
const GRACE_MS = 2_000;

/**
 * What one lane comes to for people.
 *
 * @param options `definition`: undefined when the configuration does not name the target; `stuck`: what keeps its lane from
 * being looked at, in words.
 */
export function toTargetCard(
  lane: Lane,
  {
    counts,
    definition,
    stuck,
    now,
  }: {
    counts: TargetCounts;
    definition: TargetDefinition | undefined;
    stuck: string | null;
    now: EpochMs;
  },
): TargetCard {
  const { state } = lane;
  const job = state.kind === 'submitting' || state.kind === 'running' ? state.job : null;
  const parts = job?.parts;
  const own = parts === undefined ? job?.files : parts.find(({ target }) => target === lane.target)?.files;
  const loading = own ?? 0;
  const freshnessMs = definition?.batching.freshnessMs ?? null;
  return {
    target: lane.target,
    mode: definition?.rule.mode ?? null,
    health: healthOf(lane, { counts, freshnessMs, isStuck: stuck !== null, now }),
    state: state.kind,
    text: stuck ?? textOf(lane, now),
    code: state.kind === 'held' ? state.code : null,
    since: toText(sinceOf(lane)),
    nextAt: toText(nextOf(lane)),
    waiting: Math.max(0, counts.waiting - loading),
    loading,
    loaded: lane.loadedFiles,
    quarantined: counts.quarantined,
    superseded: counts.superseded,
    rows: lane.loadedRows,
    freshnessMs,
    oldestWaitingAt: toText(counts.oldestWaitingAt),
    lastLoadedAt: toText(lane.lastLoadedAt),
    loadMs: lane.loadMs === null ? null : Math.round(lane.loadMs),
    job: job?.id ?? null,
  };
}

function healthOf(
  { state, pauseAsked }: Lane,
  {
    counts,
    freshnessMs,
    isStuck,
    now,
  }: { counts: TargetCounts; freshnessMs: number | null; isStuck: boolean; now: EpochMs },
): TargetHealth {
  if (isStuck) return 'held';
  if (state.kind === 'paused' || pauseAsked !== null) return 'paused';
  if (state.kind === 'held') {
    if (state.code === GATE_CODES.pause) return 'paused';
    return isGateCode(state.code) ? 'waiting-out' : 'held';
  }
  const ageMs = counts.oldestWaitingAt === null ? 0 : now - counts.oldestWaitingAt;
  return freshnessMs !== null && ageMs > freshnessMs + GRACE_MS ? 'late' : 'fresh';
}

function textOf({ state, failures, pauseAsked }: Lane, now: EpochMs): string {
  switch (state.kind) {
    case 'idle':
      return 'nothing waits';
    case 'waiting':
      if (failures > 0) return failures === 1 ? 'the last load failed' : `${failures} loads failed in a row`;
      if (state.dueAt > now) return 'collecting files';
      return state.deadlineAt === undefined ? 'due' : 'due, and waits for a place on the warehouse';
    case 'submitting':
      return withPause(`handing ${files(state.job.files)} to the warehouse`, pauseAsked);
    case 'running':
      return withPause(`loading ${files(state.job.files)}`, pauseAsked);
    case 'held':
      return state.reason;
    case 'paused':
      return `paused by ${state.by}: ${state.why}`;
  }
}

function withPause(text: string, asked: Lane['pauseAsked']): string {
  return asked === null ? text : `${text}; then paused by ${asked.by}: ${asked.why}`;
}

function files(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}

function sinceOf({ state }: Lane): EpochMs | null {
  switch (state.kind) {
    case 'submitting':
    case 'running':
      return state.job.submittedAt;
    case 'held':
    case 'paused':
      return state.since;
    default:
      return null;
  }
}

function nextOf({ state }: Lane): EpochMs | null {
  switch (state.kind) {
    case 'waiting':
      return state.dueAt;
    case 'held':
      return state.until;
    default:
      return null;
  }
}

function toText(at: EpochMs | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
