import type { Actor } from './control-room.ts';

/** Which rejected events are meant: those to which all of it applies. */
export interface RejectSelection {
  /** The type of the event. */
  readonly type?: string;
  /** Why it was rejected: `value-misfit`, `event-type-unknown`, … */
  readonly code?: string;
  /** The target whose row was the reason. */
  readonly target?: string;
  readonly ids?: readonly string[];
  /** Only what the stream took at this instant or later: epoch ms. */
  readonly since?: number;
  /** Only what the stream took before this instant: epoch ms. */
  readonly until?: number;
}

/** An event that became no rows. */
export interface RejectEntry {
  /** Null: the record was no event. */
  readonly id: string | null;
  readonly type: string | null;
  /** The target whose row was the reason; null: no single one was. */
  readonly target: string | null;
  readonly code: string;
  readonly reason: string;
  /** ISO 8601, UTC: when the stream took it. */
  readonly at: string;
  readonly shard: string;
  readonly position: string;
  /** The object that it is a line of. */
  readonly url: string;
}

/** How many events of a type were rejected for one reason, and not redriven since. */
export interface RejectCount {
  readonly type: string | null;
  readonly code: string;
  readonly events: number;
}

export interface RejectReport {
  /** Oldest first. */
  readonly entries: readonly RejectEntry[];
  /** There are more than these, or may be. */
  readonly hasMore: boolean;
  /** The cursor of what is behind these; null: nothing is. */
  readonly next: string | null;
}

/** Which part of a list of rejected events is asked for; as much as one answer can have where nothing is said. */
export interface RejectPage {
  /** `next` of the part before; null: from the oldest on. */
  readonly cursor?: string | null;
  readonly limit?: number;
}

export interface RejectRedriveReport {
  /** Events that are rows now, or nothing on purpose. */
  readonly redriven: number;
  /** Events that were rejected again. */
  readonly rejected: number;
}

/** How far a shard is consumed. */
export interface ShardLag {
  readonly shard: string;
  /**
   * How far behind the newest event its consumer is; where it cannot be asked, how old the oldest event is of which nothing
   * is sealed. 0: nothing is behind.
   */
  readonly millisBehindLatest: number;
}

/** A type of events: what it becomes, and what became of it since this process counts. */
export interface EventTypeStatus {
  /** Null: all events of types that no transform takes, and records that are no events. */
  readonly type: string | null;
  /** The rows that its mapping makes; null: a function makes them, or nothing does. */
  readonly becomes: readonly { readonly target: string; readonly columns: readonly string[] }[] | null;
  /** Events. A redrive counts none again. */
  readonly consumed: number;
  /** Of these, those that became no rows. */
  readonly rejected: number;
  /** By target, the rows that they became. */
  readonly rows: Readonly<Record<string, number>>;
}

/** What becomes of events, at a glance. */
export interface EventStatus {
  readonly stream: string;
  readonly shards: readonly ShardLag[];
  /** ISO 8601, UTC: since when events are counted by type; null: this process consumes none, and knows of no counts. */
  readonly countedSince: string | null;
  /** Those of the configuration, in its order; then the others, if any came. */
  readonly types: readonly EventTypeStatus[];
  /** Of the events that are kept as rejects. */
  readonly rejects: readonly RejectCount[];
}

/** What people ask about events that became no rows, and tell to do with them. */
export interface EventOperations {
  /** None where the configuration has no events. @throws LoadError `invalid-cursor`, `rejects-damaged` */
  rejects(selection: RejectSelection, page?: RejectPage): Promise<RejectReport>;
  /**
   * Rejected events are transformed again, each once whoever asks how often. What is rejected again is kept with its new
   * reason.
   *
   * @throws LoadError `events-missing`
   */
  redriveRejects(selection: RejectSelection, actor?: Partial<Actor>): Promise<RejectRedriveReport>;
}
