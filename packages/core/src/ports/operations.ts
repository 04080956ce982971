import type { FileStatus } from '../file/load-file.ts';
import type { LaneState } from '../lane/lane.ts';
import type { Actor, ControlRoom, WarehouseStatus } from './control-room.ts';
import type { EventOperations, EventStatus } from './event-operations.ts';
import type { FailureEntry, FileSelection } from './failures.ts';
import type { Inspection } from './inspection.ts';
import type { QueryResult } from './warehouse.ts';

/** A target at a glance, as `millrace status --json` prints it. */
export interface TargetStatus {
  readonly state: LaneState['kind'];
  readonly waiting: number;
  /** Files of the job under way. */
  readonly loading: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly superseded: number;
  readonly oldestWaitingAgeMs: number | null;
  /** ISO 8601, UTC. */
  readonly lastLoadedAt: string | null;
  readonly rows: number;
  /** Why the lane waits, held or paused, in words; null when there is nothing to say. */
  readonly note: string | null;
  /** Only when the configuration does not name the target: files of it wait or are quarantined, and nothing loads them. */
  readonly isConfigured?: false;
}

export interface StatusReport {
  readonly targets: Readonly<Record<string, TargetStatus>>;
  readonly warehouse: WarehouseStatus;
  /** Only where the configuration has events. */
  readonly events?: EventStatus;
}

/** What is paused or resumed; null: the warehouse, and so every target. */
export interface PauseScope {
  readonly target: string | null;
}

/** What a redrive did. */
export interface RedriveReport {
  readonly redriven: number;
  /** Only when there are some: quarantined files that stay so, of targets that the configuration does not name. */
  readonly leftOut?: readonly { readonly target: string; readonly files: number }[];
}

/** A file that `load` or `bulk` handed to a lane. */
export interface HandedFile {
  readonly target: string;
  readonly id: string;
  readonly url: string;
  readonly status: FileStatus;
}

export interface PlanReport {
  readonly target: string;
  readonly mode: string;
  /** What the lane does now, in words. */
  readonly lane: string;
  readonly waitingFiles: number;
  /** Files and bytes of the next job; a made-up file stands in when none waits. */
  readonly nextJob: { readonly files: number; readonly bytes: number; readonly isExample: boolean };
  readonly statements: readonly string[];
}

export interface MigrationReport {
  readonly applied: readonly string[];
  /** With `dryRun`: what would be applied, with its statements. */
  readonly pending: readonly { readonly name: string; readonly statements: readonly string[] }[];
}

/** A change of a table that a file asked for. */
export interface TableChangeEntry {
  readonly target: string;
  readonly column: string;
  readonly change: 'add' | 'widen';
  /** The type that it had; null: there was no such column. */
  readonly from: string | null;
  readonly statement: string;
  /** The file. */
  readonly url: string;
  /** When it was made, else when it was planned; ISO 8601, UTC. */
  readonly at: string;
  /** False: it was written down, and whoever meant to make it died before, or was refused. */
  readonly isMade: boolean;
}

export interface AppliedEntry {
  /** Of the migration's file. */
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** How tables have become what they are, newest first. */
export interface SchemaHistory {
  readonly migrations: readonly AppliedEntry[];
  readonly changes: readonly TableChangeEntry[];
}

/** A disagreement of object store, tracker and receipts about one file. */
export interface ReconcileEntry {
  readonly target: string;
  readonly url: string;
  readonly why: string;
  /** Only when it was mended. */
  readonly repaired?: true;
}

export interface ReconcileRequest extends Partial<Actor> {
  /** All targets when none is named. */
  readonly target?: string;
  /** Whether what can be mended is. */
  readonly repair: boolean;
  /** `next` of the page before; null: from the beginning. */
  readonly cursor: string | null;
}

/**
 * A part of what a reconciliation finds: a whole one would be too long for one answer.
 *
 * - `missing`: an object that a target takes, without a receipt, that neither waits nor was put aside.
 * - `double`: a file with more than one receipt, or a place that was loaded in two versions into a table that appends.
 * - `orphan`: a file in the tracker whose object is gone, that has a receipt all the same, or whose target is not
 *   configured any more; a receipt whose object is gone although the target keeps its objects.
 */
export interface ReconcilePage {
  readonly missing: readonly ReconcileEntry[];
  readonly double: readonly ReconcileEntry[];
  readonly orphan: readonly ReconcileEntry[];
  /** Places and files that were looked at. */
  readonly looked: number;
  /** What to ask next; null: this was the last page. */
  readonly next: string | null;
}

export interface BackfillRequest {
  readonly target: string;
  /** `s3://bucket/prefix` */
  readonly prefix: string;
  /** Only objects written at this instant or later: epoch ms. */
  readonly since?: number;
  /** Only objects written before this instant: epoch ms. */
  readonly until?: number;
  /** Counts, and hands over nothing. */
  readonly dryRun: boolean;
  /** `next` of the step before; null: from the beginning. */
  readonly after: string | null;
}

/** Some of the files of a backfill, and their bytes. */
export interface BackfillCount {
  readonly files: number;
  readonly bytes: number;
}

/** One step of a backfill: what it looked at, by where it stands, and what it handed over. */
export interface BackfillStep {
  readonly loaded: BackfillCount;
  /** In the line, by whatever way they came. */
  readonly waiting: BackfillCount;
  /** Quarantined: they wait for a redrive, not for a backfill. */
  readonly quarantined: BackfillCount;
  /** Neither loaded nor known: what this step handed over, or would have. */
  readonly fresh: BackfillCount;
  readonly handed: readonly HandedFile[];
  /** The files of `waiting`: whoever wants all that is below the prefix loaded waits for these too. None in a dry run. */
  readonly inLine: readonly HandedFile[];
  readonly next: string | null;
}

export interface PruneReceiptsRequest {
  readonly target: string;
  /** Only receipts of loads that are older are forgotten; a day at least. */
  readonly olderThanMs: number;
  /** Counts, and forgets nothing. */
  readonly dryRun: boolean;
  /** `next` of the step before; null: from the beginning. */
  readonly after: string | null;
}

/** One step of forgetting old receipts. */
export interface PruneReceiptsStep {
  /** ISO 8601, UTC: a file that was written before it, and has no receipt, is refused. Null: no receipt ever went. */
  readonly horizon: string | null;
  readonly pruned: number;
  /** Old too, and kept: their objects are still there. */
  readonly kept: number;
  readonly next: string | null;
}

/**
 * What people ask of a running Millrace, and tell it to do: one port for the command line and everything else that
 * shows or steers. Values are plain JSON (a `bigint` never appears), so that it works the same in process and over HTTP.
 *
 * Every method throws LoadError with what happened, where and what to do.
 */
export interface Operations extends ControlRoom, Inspection, EventOperations {
  /** All targets of the configuration, and what else has files that wait or are quarantined. */
  status(): Promise<StatusReport>;
  /** Also of a target that is configured no more. @throws LoadError `target-unknown` when it has no lane either */
  failures(selection: FileSelection): Promise<readonly FailureEntry[]>;
  /**
   * Nothing more is submitted; files are taken in, a job in hand is settled.
   *
   * @throws LoadError `target-unknown`, `lane-busy`, `gate-busy`
   */
  pause(
    request: PauseScope & { readonly by: string; readonly why: string },
  ): Promise<{ readonly since: string }>;
  /** What waits is loaded. @throws LoadError `target-unknown`, `lane-busy`, `gate-busy` */
  resume(scope: PauseScope & Partial<Actor>): Promise<{ readonly wasPaused: boolean }>;
  /** Quarantined files of configured targets wait again. @throws LoadError `target-unknown` */
  redrive(selection: FileSelection, actor?: Partial<Actor>): Promise<RedriveReport>;
  plan(target: string): Promise<PlanReport>;
  /** The SQL that gives the loader's database user what it needs for the targets, and nothing beyond. */
  grants(user: string): Promise<{ readonly statements: readonly string[] }>;
  query(sql: string): Promise<QueryResult>;
  /** Copies local files into the object store and hands them to the target's lane. Paths are absolute. */
  load(target: string, paths: readonly string[]): Promise<readonly HandedFile[]>;
  /** Hands what a bulk document names to the lanes: listed, receipts subtracted. `text`: the document as it is. */
  bulk(text: string): Promise<readonly HandedFile[]>;
  /** Where handed files stand now. */
  handedFiles(
    target: string,
    files: readonly Pick<HandedFile, 'id' | 'url'>[],
  ): Promise<readonly HandedFile[]>;
  /** One page of a comparison of object store, tracker and receipts. @throws LoadError `target-unknown`, `invalid-cursor` */
  reconcile(request: ReconcileRequest): Promise<ReconcilePage>;
  /**
   * One step of a backfill: hands the next files below a prefix that are not loaded to the target's lane, one job of them
   * at most. Whoever waits until these are done before the next step leaves the line to files that arrive.
   *
   * @throws LoadError `target-unknown`, `invalid-url`, `backfill-elsewhere`
   */
  backfill(request: BackfillRequest): Promise<BackfillStep>;
  /**
   * One step of forgetting old receipts of a target; with the first receipt that goes its horizon rises.
   *
   * @throws LoadError `target-unknown`, `retention-too-short`
   */
  pruneReceipts(request: PruneReceiptsRequest): Promise<PruneReceiptsStep>;
  migrate(options: { readonly dryRun: boolean }): Promise<MigrationReport>;
  /** Migrations that were applied, and changes that files asked for. */
  schemaHistory(): Promise<SchemaHistory>;
  /** A consistent copy of the local state (tracker, warehouse) into a new directory, while it is in use. */
  backup(directory: string): Promise<{ readonly bytes: number }>;
}
