import type { Evidence, LoadFile, TrackedFile } from '../file/load-file.ts';
import type { Lane } from '../lane/lane.ts';
import type { Gate } from '../recover/gate.ts';
import type { ObjectRef } from './object-store.ts';
import type { EpochMs } from './time.ts';

/** How many files of a target are in the line or beside it. */
export interface FileCounts {
  readonly waiting: number;
  readonly superseded: number;
  readonly quarantined: number;
}

export interface TargetCounts extends FileCounts {
  readonly oldestWaitingAt: EpochMs | null;
}

/** Where a file is among those with evidence: the newest first, and of one instant by id, then by target, backwards. */
export interface EvidencePlace {
  readonly at: EpochMs;
  readonly id: string;
  readonly target: string;
}

/** A page of files that wait or are quarantined. */
export interface UnfinishedFiles {
  readonly files: readonly TrackedFile[];
  /** Where the next page begins; null: this was the last one. */
  readonly next: string | null;
}

/** A job's story, for people: written when it is submitted, completed when it is settled. Nothing is decided by it. */
export interface JobRecord {
  readonly id: string;
  readonly target: string;
  readonly attempt: number;
  readonly state: 'submitted' | 'loaded' | 'failed';
  readonly files: number;
  readonly bytes: number;
  readonly rows: number | null;
  readonly submittedAt: EpochMs;
  readonly settledAt: EpochMs | null;
  readonly error: string | null;
}

/**
 * The tracker orders the work: lanes, waiting files, jobs. It proves nothing (the receipts do) and can be rebuilt.
 *
 * Every write is one item, conditional or idempotent; no transaction over several items is needed, so that a table
 * of single-item conditional updates (DynamoDB) can be a tracker. Reads are consistent: what a resolved write wrote
 * is seen by the next read.
 *
 * Writes survive the process when their promise resolves, and no write is lost without those after it. What somebody
 * was told, and what nobody could find out again, survives a power cut too. The rest may lose its last writes to one:
 * each of these methods says so ("durable soon") and why that costs only work.
 */
export interface Tracker {
  /** The lane, fresh and idle when there is none yet. */
  lane(target: string): Promise<Lane>;
  lanes(): Promise<readonly Lane[]>;
  /**
   * Stores the lane with `version + 1` if the stored version is `lane.version`, and, when `ifArrivals` is given, if
   * the stored `arrivals` is that number still. `arrivals` itself is never overwritten: only `addArrivals` moves it.
   *
   * Durable are a claim (`submitting`), a hold and a pause. `running`, `waiting` and `idle` are durable soon: before
   * them stands the claim, from which settling and advancing come to the same again.
   *
   * @returns false when a condition did not hold; nothing was written then.
   */
  putLane(lane: Lane, options?: { ifArrivals?: number }): Promise<boolean>;
  /**
   * Adds to the lane's `arrivals`, unconditionally, creating the lane if needed. Does not touch `version`: a busy
   * intake cannot starve the lane's own transitions. Durable soon: the sweep looks at the files, whatever arrived.
   *
   * @returns the lane as this write has left it, where the write itself tells; undefined: whoever needs it reads it.
   */
  addArrivals(target: string, count: number): Promise<Lane | undefined>;

  /** What stands before all lanes; open when nothing was ever stored. */
  gate(): Promise<Gate>;
  /** The gate and all lanes: what a lane that is due has to know of the others, asked together. */
  board(): Promise<{ readonly gate: Gate; readonly lanes: readonly Lane[] }>;
  /**
   * Stores the gate with `version + 1` if the stored version is `gate.version`. Durable.
   *
   * @returns false when it was not; nothing was written then.
   */
  putGate(gate: Gate): Promise<boolean>;

  /**
   * Writes files down as waiting. The item's key is the identity: a file that is known already, in whatever status,
   * is left as it is.
   *
   * @returns the ids that were new.
   */
  addFiles(target: string, files: readonly LoadFile[]): Promise<readonly string[]>;
  /**
   * The oldest waiting files by (`arrivedAt`, key), `limit` of them; and, beyond the limit, every other waiting
   * version of a key that is among them.
   */
  waitingFiles(target: string, limit: number): Promise<readonly TrackedFile[]>;
  /** Files by identity, those that are known. */
  filesById(target: string, ids: readonly string[]): Promise<readonly TrackedFile[]>;
  /**
   * Waiting with evidence, and quarantined and superseded files; newest evidence first, one page.
   *
   * @param options `before`: only those behind this place; that of the last file of a page begins the next one.
   */
  troubledFiles(options?: {
    target?: string;
    limit?: number;
    before?: EvidencePlace;
  }): Promise<readonly TrackedFile[]>;
  /**
   * Receipts are known: the waiting items end, by identity. Ids that are not there (any more) are added as loaded or
   * ignored. Durable soon: the lane moves on after it, so a lane that has lost it settles its job again.
   *
   * @param options `lane`: these are the files of the job that it has in hand, so that they need not be looked for.
   */
  markLoaded(target: string, files: readonly LoadFile[], options?: { lane?: Lane }): Promise<void>;
  /** Puts files aside, with evidence each. Creates items that are missing; a loaded one stays loaded. */
  putAside(
    target: string,
    files: readonly { file: LoadFile; status: 'superseded' | 'quarantined'; evidence: Evidence }[],
  ): Promise<void>;
  /** Notes the failure that waiting files were part of. */
  noteFailure(target: string, ids: readonly string[], evidence: Evidence): Promise<void>;
  /**
   * The quarantined files at the places of these: other versions of their keys. One that has thousands of files put aside
   * may leave some out.
   *
   * @param options `lane`: the files are those of the job that it has in hand, so that a lane without any need not be asked.
   */
  quarantinedVersions(
    target: string,
    files: readonly LoadFile[],
    options?: { lane?: Lane },
  ): Promise<readonly TrackedFile[]>;
  /**
   * What is known of the versions of a key, without those that are loaded (a tracker may have forgotten them; the receipts
   * tell), in no order. For people: it may read all of the target's files that wait or were put aside.
   */
  versionsAt(target: string, at: ObjectRef): Promise<readonly TrackedFile[]>;
  /** Quarantined files wait again, evidence kept until they end. Returns how many did. */
  redrive(target: string, ids: readonly string[], now: EpochMs): Promise<number>;
  /**
   * Waiting and quarantined files of a target, one page of about `limit`, in an order of the tracker's own: for
   * reconciling. Whoever follows `next` to its end has seen every file that was there all the time, and stayed as it was.
   *
   * @param from `next` of the page before; null: the first page.
   */
  unfinishedFiles(target: string, options: { from: string | null; limit: number }): Promise<UnfinishedFiles>;
  /**
   * Forgets that files are loaded: the receipts deny it (an older warehouse was restored). Then `addFiles` takes them as
   * new ones. Files that are not loaded stay as they are.
   */
  forgetLoaded(target: string, ids: readonly string[]): Promise<void>;
  counts(target: string): Promise<TargetCounts>;

  /** Durable soon: of stories that nothing is decided by, a power cut may take the last ones. */
  putJob(job: JobRecord): Promise<void>;
  /** Newest first, one page of at most `limit`. */
  jobs(target: string, limit: number): Promise<readonly JobRecord[]>;
}
