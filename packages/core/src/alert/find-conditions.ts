import type { Lane } from '../lane/lane.ts';
import type { Condition } from '../ports/alerts.ts';
import type { EpochMs } from '../ports/time.ts';
import type { FileCounts } from '../ports/tracker.ts';
import { type Gate, isGateCode } from '../recover/gate.ts';
import type { BreakCount } from './alert-book.ts';

/** What a worker noticed that no tracker knows of. */
export interface WorkerTrouble {
  /** Lanes that it could not look at, how often, and why. */
  readonly broken: ReadonlyMap<string, BrokenLane>;
  /** When listing began to fail, and why; null: the last one went well. */
  readonly listing: Trouble | null;
  /** Notifications that could not be read, within the last hour. */
  readonly refused: (Trouble & { readonly count: number }) | null;
  /** Why it cannot start; null when it could, or has not tried. */
  readonly start: (Trouble & { readonly kind: 'migration-failed' | 'start-failed' }) | null;
  /** When it had started; null: it did not. */
  readonly startedAt: EpochMs | null;
}

export interface BrokenLane extends BreakCount {
  /** Of the last time. */
  readonly reason: string;
}

export interface Trouble {
  readonly since: EpochMs;
  readonly reason: string;
}

export const NO_TROUBLE: WorkerTrouble = {
  broken: new Map(),
  listing: null,
  refused: null,
  start: null,
  startedAt: null,
};

/** All that conditions are found by: pure input. */
export interface AlertSnapshot {
  readonly now: EpochMs;
  readonly gate: Gate;
  readonly maxHoldMs: number;
  /** Those of the targets that there are. */
  readonly lanes: readonly Lane[];
  /** Of the targets that were counted; what the others' files are in stays as it was told. */
  readonly counts: ReadonlyMap<string, FileCounts & { readonly oldestWaitingAt: EpochMs | null }>;
  /** By target. */
  readonly freshnessMs: ReadonlyMap<string, number>;
  readonly trouble: WorkerTrouble;
  /** What was told and is not over, as far as anybody knows. */
  readonly open: readonly Condition[];
}

/** Failures in a row after which a lane is told of, although it is tried again by itself. */
const TOLD_FAILURES = 3;
/** A lane that could not be looked at once can be the next time: told after so many times, or when it lasts so long. */
export const BROKEN_TIMES = 3;
const BROKEN_MS = 60_000;
/** A hold that ends by itself as soon as that is a pause, not a condition. */
const BRIEF_HOLD_MS = 30_000;
/** How often its freshness a file may have waited before anybody is told, and the least that is worth telling. */
const LATE_FACTOR = 10;
const LATE_MIN_MS = 5 * 60_000;
/** How often that again before it is an error. */
const VERY_LATE_FACTOR = 6;
/** From here on quarantined files are an error: something is wrong that is not a file. */
const MANY_FILES = 100;
/** How long after the last refused notification the condition stands. */
const REFUSED_MS = 60 * 60_000;

/**
 * The conditions that stand. What a lane was told for stands until the lane proves that it is over (it has loaded since, or
 * nothing waits): on its way to the next try it is not held, and telling that as a recovery would tell every try.
 */
export function findConditions(snapshot: AlertSnapshot): readonly Condition[] {
  const found = [
    ...warehouseConditions(snapshot),
    ...snapshot.lanes.flatMap((lane) => laneConditions(snapshot, lane)),
    ...workerConditions(snapshot),
  ];
  const keys = new Set(found.map(({ key }) => key));
  return [...found, ...snapshot.open.filter((one) => !keys.has(one.key) && stands(snapshot, one))];
}

function warehouseConditions({ gate, now, maxHoldMs }: AlertSnapshot): readonly Condition[] {
  if (gate.hold === null) return [];
  const { reason, since } = gate.hold;
  const isOverdue = now - since >= maxHoldMs;
  return [
    {
      key: 'warehouse-away',
      kind: 'warehouse-away',
      severity: isOverdue ? 'critical' : 'warning',
      title: isOverdue ? 'The warehouse is away for longer than it may' : 'The warehouse is away',
      text: reason,
      target: null,
      since,
      hint: isOverdue
        ? 'look at the cluster or workgroup; files wait and are loaded when it is back'
        : 'nothing yet: files wait and are loaded when it is back',
    },
  ];
}

function laneConditions(snapshot: AlertSnapshot, lane: Lane): readonly Condition[] {
  return [
    ...heldCondition(lane),
    ...failingCondition(snapshot, lane),
    ...lateCondition(snapshot, lane),
    ...quarantineCondition(snapshot, lane),
  ];
}

function heldCondition({ target, state }: Lane): readonly Condition[] {
  if (state.kind !== 'held' || isGateCode(state.code) || state.until - state.since < BRIEF_HOLD_MS) return [];
  // The reason has its way out in it: what mends a hold depends on what it is for.
  const { code, reason, since } = state;
  if (code === 'drift') {
    const title = `${target}: every file fails in the same way`;
    const hint = `compare the table with its newest files: \`millrace failures --target ${target}\``;
    return [
      { key: `drift/${target}`, kind: 'drift', severity: 'error', title, text: reason, target, since, hint },
    ];
  }
  return [
    {
      key: `lane-held/${target}/${code}`,
      kind: 'lane-held',
      severity: 'error',
      title: `${target} is held (${code})`,
      text: reason,
      target,
      since,
      hint: 'the lane looks again by itself, every minute',
    },
  ];
}

function failingCondition(
  { now, open }: AlertSnapshot,
  { target, failures, state }: Lane,
): readonly Condition[] {
  if (failures < TOLD_FAILURES || state.kind === 'held' || state.kind === 'paused') return [];
  const key = `lane-failing/${target}`;
  // Whoever was told that the lane is held is not told of each try in between.
  const isExplained = open.some(
    ({ kind, target: of }) => of === target && (kind === 'lane-held' || kind === 'drift'),
  );
  if (isExplained && !open.some((one) => one.key === key)) return [];
  return [
    {
      key,
      kind: 'lane-failing',
      severity: 'warning',
      title: `Loads of ${target} fail again and again`,
      text: `${failures} loads in a row have failed; the next one is tried by itself`,
      target,
      since: open.find((one) => one.key === key)?.since ?? now,
      hint: `see \`millrace failures --target ${target}\``,
    },
  ];
}

function lateCondition(snapshot: AlertSnapshot, { target, state }: Lane): readonly Condition[] {
  const { now, gate, counts, freshnessMs, open } = snapshot;
  const oldest = counts.get(target)?.oldestWaitingAt ?? null;
  if (oldest === null) return [];
  const key = `freshness-missed/${target}`;
  const wasTold = open.some((one) => one.key === key);
  // Whoever was told why nothing moves is not told that nothing moves.
  const isHeld = state.kind === 'held' && (isGateCode(state.code) || heldMs(state) >= BRIEF_HOLD_MS);
  const isExplained = gate.hold !== null || gate.pause !== null || state.kind === 'paused' || isHeld;
  if (isExplained && !wasTold) return [];
  const ageMs = now - oldest;
  const lateMs = Math.max(LATE_MIN_MS, (freshnessMs.get(target) ?? 0) * LATE_FACTOR);
  if (ageMs < (wasTold ? lateMs / 2 : lateMs)) return [];
  return [
    {
      key,
      kind: 'freshness-missed',
      severity: ageMs >= lateMs * VERY_LATE_FACTOR ? 'error' : 'warning',
      title: `Files of ${target} wait far longer than their freshness`,
      text: `the oldest file has waited for ${toSpan(ageMs)}, its freshness is ${toSpan(freshnessMs.get(target) ?? 0)}`,
      target,
      since: oldest,
      hint: `see \`millrace status\`: the backlog, the budget, and what the lane does`,
    },
  ];
}

function heldMs({ since, until }: { readonly since: EpochMs; readonly until: EpochMs }): number {
  return until - since;
}

function quarantineCondition({ now, counts, open }: AlertSnapshot, { target }: Lane): readonly Condition[] {
  const files = counts.get(target)?.quarantined ?? 0;
  if (files === 0) return [];
  const key = `files-quarantined/${target}`;
  return [
    {
      key,
      kind: 'files-quarantined',
      severity: files >= MANY_FILES ? 'error' : 'warning',
      title: `${target} has quarantined files`,
      text: `${files === 1 ? '1 file was' : `${files} files were`} put aside, with a reason each`,
      target,
      since: open.find((one) => one.key === key)?.since ?? now,
      hint: `see \`millrace failures --target ${target}\`, correct them, then \`millrace redrive\``,
    },
  ];
}

function workerConditions({ now, trouble, open }: AlertSnapshot): readonly Condition[] {
  const { broken, listing, refused, start } = trouble;
  const lanes = [...broken].flatMap(([target, { reason, since, times }]): Condition[] => {
    const key = `lane-broken/${target}`;
    const told = open.find((one) => one.key === key);
    if (told === undefined && times < BROKEN_TIMES && now - since < BROKEN_MS) return [];
    const title = `The lane of ${target} cannot be looked at`;
    const hint = 'it is looked at again by itself; see the log when it does not recover';
    const found = { title, text: reason, target, since: told?.since ?? since, hint };
    return [{ key, kind: 'lane-broken', severity: 'error', ...found }];
  });
  const others: Condition[] = [];
  if (listing !== null) {
    others.push({
      key: 'listing-failed',
      kind: 'listing-failed',
      severity: 'error',
      title: 'The object store cannot be listed',
      text: listing.reason,
      target: null,
      since: listing.since,
      hint: 'files that no notification told of are not found until it can',
    });
  }
  if (refused !== null) {
    others.push({
      key: 'notification-refused',
      kind: 'notification-refused',
      severity: 'warning',
      title: 'Notifications cannot be read',
      text: `${refused.count} of the last hour, the last one: ${refused.reason}`,
      target: null,
      since: refused.since,
      hint: 'look at what else writes to the queue, and at its dead-letter queue; listing finds the files',
    });
  }
  if (start !== null) {
    const { kind, since, reason } = start;
    const title = kind === 'migration-failed' ? 'A migration has failed' : 'Millrace cannot start';
    const hint = 'nothing is loaded until it is mended and started again';
    others.push({ key: kind, kind, severity: 'critical', title, text: reason, target: null, since, hint });
  }
  return [...lanes, ...others];
}

/** Whether a condition that nothing shows any more stands all the same: there is no proof yet that it is over. */
function stands({ now, lanes, counts, trouble }: AlertSnapshot, condition: Condition): boolean {
  const { kind, target, since } = condition;
  switch (kind) {
    case 'lane-held':
    case 'lane-failing':
    case 'lane-broken':
    case 'drift': {
      if (target !== null && trouble.broken.has(target)) return true;
      const lane = lanes.find((one) => one.target === target);
      if (lane === undefined || lane.state.kind === 'idle') return false;
      return lane.lastLoadedAt === null || lane.lastLoadedAt <= since;
    }
    case 'files-quarantined':
      if (target !== null && counts.has(target)) return isReturned(lanes, target);
      return lanes.some((one) => one.target === target);
    case 'freshness-missed':
      return target !== null && !counts.has(target) && lanes.some((one) => one.target === target);
    case 'notification-refused':
      return now - since < REFUSED_MS;
    case 'migration-failed':
    case 'start-failed':
      // A worker that had started before says nothing of one that could not.
      return trouble.startedAt === null || trouble.startedAt < since;
    case 'warehouse-away':
    case 'listing-failed':
      return false;
  }
}

/**
 * Whether files that are in quarantine no more wait for the same reason: the lane took them back because its table has
 * changed, or they were redriven, and nothing has been loaded since that would prove that anything was corrected.
 */
function isReturned(lanes: readonly Lane[], target: string): boolean {
  const lane = lanes.find((one) => one.target === target);
  if (lane === undefined || lane.state.kind === 'idle' || lane.streak === null) return false;
  return lane.streak.failures > 0 || lane.streak.heldSince !== null;
}

function toSpan(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return `${Math.round(ms / 1_000)} s`;
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}
