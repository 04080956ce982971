import type { EpochMs } from './time.ts';

/** From what is worth knowing to what somebody has to get up for. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a condition is about. Part of its key; whoever sorts alerts sorts by it. */
export type ConditionKind =
  | 'lane-held'
  | 'lane-failing'
  | 'lane-broken'
  | 'drift'
  | 'freshness-missed'
  | 'files-quarantined'
  | 'warehouse-away'
  | 'migration-failed'
  | 'start-failed'
  | 'listing-failed'
  | 'notification-refused';

/** Something that a person may have to look at, for as long as it is so. */
export interface Condition {
  /** The same for the same condition, whoever finds it and however often: `lane-held/public.flights/target-table-missing`. */
  readonly key: string;
  readonly kind: ConditionKind;
  readonly severity: Severity;
  /** One line, without a full stop. */
  readonly title: string;
  /** What happened, in the words of whoever found it. Never a secret. */
  readonly text: string;
  /** `schema.table`; null: not of one target. */
  readonly target: string | null;
  readonly since: EpochMs;
  /** What to do about it, as a sentence's second half; null when nobody knows. */
  readonly hint: string | null;
}

/**
 * A place where people are told of conditions: a log, a chat, a pager.
 *
 * A condition is raised once, again when it has become more severe, and recovered once. All of it may come twice (a worker
 * died between telling and noting it down): what can tell by the key that it knows a condition already should.
 *
 * @throws LoadError when it was not delivered; it is told again later, whatever the class.
 */
export interface Alerts {
  raise(condition: Condition, options: { readonly now: EpochMs }): Promise<void>;
  /** `condition` as it was told last. */
  recover(condition: Condition, options: { readonly now: EpochMs }): Promise<void>;
}
