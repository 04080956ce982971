import type { LaneState } from '../lane/lane.ts';
import type { FailureEntry, FileSelection } from './failures.ts';

/**
 * How a target does, as one word.
 *
 * - `fresh`: what waits is younger than the target's freshness, or nothing waits.
 * - `late`: something waits for longer.
 * - `paused`: somebody paused it, or the warehouse.
 * - `waiting-out`: a maintenance window or an outage is waited out; nobody has to act.
 * - `held`: its lane is held for a reason of its own, and somebody has to act.
 */
export type TargetHealth = 'fresh' | 'late' | 'paused' | 'waiting-out' | 'held';

/** A target on the board. Instants are ISO 8601, UTC. */
export interface TargetCard {
  readonly target: string;
  /** The load mode; null: the configuration does not name the target. */
  readonly mode: string | null;
  readonly health: TargetHealth;
  readonly state: LaneState['kind'];
  /** What the lane does, in a sentence without a full stop; instants are not in it, but in `since` and `nextAt`. */
  readonly text: string;
  /** The word for a hold that does not change: `permission-denied`; null: not held. */
  readonly code: string | null;
  /** Since when it is held, paused, or loading; null otherwise. */
  readonly since: string | null;
  /** When the lane acts next by itself: it is due, or looks again; null: at the next file, or when somebody acts. */
  readonly nextAt: string | null;
  readonly waiting: number;
  readonly loading: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly superseded: number;
  readonly rows: number;
  /** `freshness`, in ms; null: the configuration does not name the target. */
  readonly freshnessMs: number | null;
  readonly oldestWaitingAt: string | null;
  readonly lastLoadedAt: string | null;
  /** What a load of it lately took, in ms; null before the first. */
  readonly loadMs: number | null;
  /** The job in hand; null: none. */
  readonly job: string | null;
}

/** A stretch of time in which something is not loaded, and why. */
export interface TimelineSpan {
  readonly kind: 'window' | 'outage' | 'pause' | 'hold';
  /** Null: the warehouse, and so every target. */
  readonly target: string | null;
  readonly from: string;
  /** Null: nobody knows when it ends. */
  readonly to: string | null;
  readonly why: string | null;
}

/** What stands before all targets. */
export interface WarehouseStatus {
  readonly state: 'open' | 'held' | 'paused';
  /** Why nothing is loaded: who paused it and why, or the evidence of an outage; null when it is open. */
  readonly note: string | null;
  /** ISO 8601, UTC; null when it is open. */
  readonly since: string | null;
  /** The configured window under way, or else the next one within a week; what a cluster says itself is not in it. */
  readonly nextWindow: { readonly from: string; readonly to: string } | null;
}

/** Everything at a glance. */
export interface Overview {
  readonly at: string;
  readonly warehouse: WarehouseStatus;
  readonly budget: {
    /** Loads under way. */
    readonly running: number;
    readonly maxLoads: number;
    /** Targets that are due and wait for a place, the nearest deadline first. */
    readonly inLine: readonly string[];
  };
  readonly targets: readonly TargetCard[];
  /** Windows, outages, pauses and holds around now: those of the last hours only as far as they are known. */
  readonly timeline: {
    readonly from: string;
    readonly to: string;
    readonly spans: readonly TimelineSpan[];
  };
  /** How soon another look is worth what it costs, in ms. */
  readonly refreshMs: number;
}

/** What was loaded in one minute, by the process that was asked. */
export interface LoadedMinute {
  readonly at: string;
  readonly jobs: number;
  readonly files: number;
  readonly bytes: number;
  /** Of those jobs whose warehouse tells. */
  readonly rows: number;
}

/** Lately loaded, minute by minute. Minutes without a load are left out. */
export interface LoadHistory {
  /** Nothing is known of what was before: the process started then, or has forgotten older minutes. */
  readonly since: string;
  readonly minutes: readonly LoadedMinute[];
}

export interface FailurePageRequest extends Pick<FileSelection, 'target' | 'prefix'> {
  /** Only files with evidence of this code. */
  readonly code?: string;
  /** Only files in this state. @default both */
  readonly state?: FailureEntry['state'];
  /** `next` of the page before; null: the newest. */
  readonly cursor: string | null;
  /** At most 500. */
  readonly limit: number;
}

/** What failed, newest first. A page may be short, or empty, and have a next one all the same: little of it was meant. */
export interface FailurePage {
  readonly entries: readonly FailureEntry[];
  readonly next: string | null;
}

/** A file in the line of a target. */
export interface WaitingFile {
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601, UTC: when Millrace first heard of it, or when it was redriven. */
  readonly arrivedAt: string;
  /** The last failure that it was part of; null: none. */
  readonly error: string | null;
}

/** The line of a target, the oldest first. */
export interface WaitingPage {
  readonly files: readonly WaitingFile[];
  readonly next: string | null;
}

export const ACTIONS = ['pause', 'resume', 'redrive', 'cancel', 'reconcile'] as const;
export type ActionName = (typeof ACTIONS)[number];

/** Who wants something done, and why. */
export interface Actor {
  /** A person's name, as they or their machine gave it. */
  readonly by: string;
  /** Null: they did not say. */
  readonly why: string | null;
}

/** Something that somebody had done. */
export interface ActivityEntry extends Actor {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly action: ActionName;
  /** Null: the warehouse, or all targets. */
  readonly target: string | null;
  /** What was meant, and what came of it, in words. */
  readonly text: string;
  /** `begun`: nobody wrote down how it ended; the process may have died meanwhile. */
  readonly outcome: 'begun' | 'done' | 'failed';
}

export interface ActivityPage {
  /** Newest first. */
  readonly entries: readonly ActivityEntry[];
  readonly next: string | null;
}

export interface CancelRequest extends Actor {
  readonly target: string;
  /** The job that is meant: another one, which began meanwhile, is left alone. */
  readonly job: string;
}

/**
 * What a page that shows everything asks, beside what the other operations tell. A look costs a few requests to the tracker
 * and none to the warehouse.
 */
export interface ControlRoom {
  overview(): Promise<Overview>;
  /** Of one target, or of all. */
  loadHistory(target: string | null): Promise<LoadHistory>;
  failurePage(request: FailurePageRequest): Promise<FailurePage>;
  waitingPage(
    target: string,
    page: { readonly cursor: string | null; readonly limit: number },
  ): Promise<WaitingPage>;
  activity(page: { readonly cursor: string | null; readonly limit: number }): Promise<ActivityPage>;
  /**
   * Ends the load that a target has in hand: it is rolled back, its files wait, and the lane tries again after its backoff.
   * It may have committed just before; then its files are loaded.
   *
   * @throws LoadError `job-not-running` when the target has another job in hand, or none
   */
  cancel(request: CancelRequest): Promise<{ readonly cancelled: true }>;
}
