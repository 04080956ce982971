import type { WarehouseState } from '../ports/availability.ts';
import type { EpochMs } from '../ports/time.ts';
import type { LoadError } from './load-error.ts';

/** Somebody said that nothing is to be loaded. */
export interface Pause {
  readonly by: string;
  readonly why: string;
  readonly since: EpochMs;
}

/** The warehouse is away, and something other than the lane that noticed it said so too. */
export interface OutageHold {
  /** The evidence, in words. */
  readonly reason: string;
  readonly since: EpochMs;
  /** When the next look may be taken; one lane takes it, and the others wait on. */
  readonly until: EpochMs;
  /** When a load was last tried against the evidence, because the hold had become too old; null: not yet. */
  readonly triedAt: EpochMs | null;
}

/** A lane found the warehouse away, and nothing could say whether it is. */
export interface Doubt {
  readonly target: string;
  readonly at: EpochMs;
}

/**
 * What stands before all lanes of a warehouse, beside what each of them waits for itself. Kept in the tracker, as one
 * item: whoever works on the lanes goes by it.
 */
export interface Gate {
  /** Moves with every change; what changes are conditional on. */
  readonly version: number;
  readonly hold: OutageHold | null;
  readonly pause: Pause | null;
  readonly doubt: Doubt | null;
  /** The outage that ended last: jobs that were under way in it failed by it. */
  readonly lastOutage: { readonly since: EpochMs; readonly endedAt: EpochMs } | null;
}

/** Whether no lane may submit, whatever it waits for itself: told by the gate alone, windows not among it. */
export function isShut({ pause, hold }: Gate, now: EpochMs): boolean {
  return pause !== null || (hold !== null && now < hold.until);
}

export function freshGate(): Gate {
  return { version: 0, hold: null, pause: null, doubt: null, lastOutage: null };
}

/** The holds of lanes that wait at the gate. They are looked at anew each time, whatever their `until`. */
export const GATE_CODES = {
  window: 'maintenance-window',
  outage: 'warehouse-away',
  pause: 'warehouse-paused',
} as const;
export type GateCode = (typeof GATE_CODES)[keyof typeof GATE_CODES];

export function isGateCode(code: string): code is GateCode {
  return Object.values<string>(GATE_CODES).includes(code);
}

/** How long an outage may last before it is told as overdue, where configuration says nothing. */
export const DEFAULT_MAX_HOLD_MS = 60 * 60_000;

const MIN_LOOK_MS = 5_000;
const MAX_LOOK_MS = 60_000;
/** How long one lane's doubt and another's are about the same outage. */
const DOUBT_MS = 5 * 60_000;

/** When an outage is looked at again: soon in its first seconds (a restart), every minute in its first hour. */
export function nextLookAt(since: EpochMs, now: EpochMs): EpochMs {
  return now + Math.min(MAX_LOOK_MS, Math.max(MIN_LOOK_MS, Math.round((now - since) / 4)));
}

/** Whether a hold is so old that a load is tried against its evidence; again after as long. */
export function isOverdue({ since, triedAt }: OutageHold, now: EpochMs, maxHoldMs: number): boolean {
  return now - (triedAt ?? since) >= maxHoldMs;
}

/** What a statement that no lane depends on came to; null: none is asked of this warehouse. */
export type ProbeResult =
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly error: LoadError };

/** Whether the warehouse is away, by what does not depend on the lane that noticed. */
export type Verdict =
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'here' }
  | { readonly kind: 'unclear' };

/** The control plane first; then the probe. What neither can say is unclear. */
export function judgeProbes(state: WarehouseState | undefined, probe: ProbeResult | null): Verdict {
  if (state?.kind === 'unavailable') return { kind: 'away', reason: state.reason };
  if (probe === null) return { kind: 'unclear' };
  if (probe.kind === 'answered') return { kind: 'here' };
  const { error } = probe;
  switch (error.class) {
    case 'unavailable':
      return { kind: 'away', reason: error.message };
    case 'transient':
    case 'unknown':
      return { kind: 'unclear' };
    default:
      // Refused for a reason of its own (a right, a secret): whoever refuses is there.
      return { kind: 'here' };
  }
}

/**
 * Whether two lanes that found the warehouse away agree: another one did lately, and none has loaded since.
 *
 * @param lastLoadedAt of whichever lane loaded last; null: none ever did
 */
export function isConfirmed(
  doubt: Doubt | null,
  { target, now, lastLoadedAt }: { target: string; now: EpochMs; lastLoadedAt: EpochMs | null },
): boolean {
  if (doubt === null || doubt.target === target || now - doubt.at > DOUBT_MS) return false;
  return lastLoadedAt === null || lastLoadedAt <= doubt.at;
}
