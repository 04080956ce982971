import type { LoadFile } from '../file/load-file.ts';
import type { EpochMs } from '../ports/time.ts';
import type { PartitionValue } from './partition.ts';
import type { Replacement } from './replacement.ts';

/** A table by its parts, as they are called in the warehouse (not quoted). A temporary table has no schema. */
export interface TableName {
  readonly schema?: string;
  readonly name: string;
}

/** A column of a stage, with its type as DDL says it. */
export interface StageColumn {
  readonly name: string;
  readonly type: string;
  /** COPY refuses a NULL here, and names file and line. */
  readonly isRequired: boolean;
}

/** What marks a row as a deletion: this column holds this text. */
export interface Tombstone {
  readonly column: string;
  readonly equals: string;
}

/**
 * The total order of the versions of a key: `latestBy` descending with NULL last, then a tombstone first, then the
 * remaining columns. The same inside a stage and against the table, so that batching cannot change the result.
 */
export interface VersionOrder {
  readonly latestBy: readonly string[];
  readonly tombstone: Tombstone | null;
  readonly remaining: readonly StageColumn[];
}

/** By which load a row came, and when that load was planned. */
export interface Provenance {
  readonly jobId: string;
  readonly loadedAt: EpochMs;
}

/** A column that all rows of a partition have the same value in, with its type as DDL says it. */
export interface PartitionCell extends PartitionValue {
  readonly type: string;
}

/** A partition as the warehouse knows it: one row beside the receipts, and all receipts below its prefix. */
export interface PartitionRef {
  readonly id: string;
  /** Its prefix, `s3://bucket/prefix/`. */
  readonly url: string;
}

/** Which job this is: what receipts and voids are about. */
export interface Attempt {
  readonly jobId: string;
  readonly attempt: number;
  readonly fence: number;
}

/**
 * Where the statements of a job find its files: in a temporary table, or, when there are few and nothing is joined with
 * them, in the statements themselves, which spares the table.
 */
export type JobFileSource =
  | { readonly kind: 'table'; readonly table: TableName }
  | { readonly kind: 'literals'; readonly files: readonly LoadFile[] };

export type TablePrivilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/**
 * What a load transaction is made of. A plan is a list of these: asserted as data here, rendered by a dialect.
 *
 * A warehouse is added by rendering each kind; the compiler lists the missing ones.
 */
export type Statement =
  /** A lock wait must fail, not pile up behind a transaction that never ends. 0: no limit. */
  | { readonly kind: 'limit-time'; readonly ms: number }
  /** Shuts out every other job of this lane until the end of the transaction. The table holds nothing; nobody reads it. */
  | { readonly kind: 'lock-lane'; readonly lock: TableName }
  | { readonly kind: 'create-job-files'; readonly jobFiles: TableName }
  | { readonly kind: 'insert-job-files'; readonly jobFiles: TableName; readonly files: readonly LoadFile[] }
  /** The same from an object, when the list is too long for a statement: CSV without a header, by manifest. */
  | {
      readonly kind: 'copy-job-files';
      readonly jobFiles: TableName;
      readonly manifestUrl: string;
      readonly iamRole: string;
    }
  /**
   * Fails the transaction, with a literal that an adapter recognises: `millrace:repeated-file` when the job names one
   * place twice, `millrace:void` when this attempt was forbidden, `millrace:already-loaded` when a file has a receipt,
   * `millrace:before-horizon` when a file was written before the horizon below which receipts were pruned, and, when
   * `refusesRewrites`, `millrace:rewritten` when another version of a place has one. Receipts of `replacedJobIds` are as if they
   * were not there: the job deletes them. `oldestWrittenAt`: of the files whose
   * time is known; null: of none. `keyIds`: the places once more, where the list is short enough to let the warehouse look only at them; null lets it join.
   */
  | {
      readonly kind: 'guard-receipts';
      readonly receipts: TableName;
      readonly files: JobFileSource;
      readonly attempt: Attempt;
      readonly keyIds: readonly string[] | null;
      readonly refusesRewrites: boolean;
      readonly replacedJobIds: readonly string[];
      readonly oldestWrittenAt: EpochMs | null;
    }
  /**
   * Fails the transaction, with `millrace:replaced`, unless these loads have that many receipts, and that many rows in the
   * target: else some were pruned, deleted or came without provenance, and their files cannot bring them back.
   */
  | {
      readonly kind: 'guard-replaced';
      readonly receipts: TableName;
      readonly target: TableName;
      readonly replaces: Pick<Replacement, 'jobIds' | 'receipts' | 'rows'>;
    }
  /**
   * Fails the transaction: `millrace:void` when this attempt was forbidden, `millrace:partition-shared` when the rows belong to
   * another prefix, `millrace:superseded` when the partition was replaced by this generation or a later one.
   */
  | {
      readonly kind: 'guard-partition';
      readonly receipts: TableName;
      readonly partition: PartitionRef;
      readonly generation: number;
      readonly attempt: Attempt;
    }
  /** Fails the transaction, with `millrace:other-partition`, when a row of the stage is not of the partition. */
  | {
      readonly kind: 'guard-partition-rows';
      readonly stage: TableName;
      readonly rows: readonly PartitionCell[];
    }
  /** All rows of a partition, whoever brought them. */
  | {
      readonly kind: 'delete-partition-rows';
      readonly target: TableName;
      readonly rows: readonly PartitionCell[];
    }
  /** What is known of a partition: its own row, and the receipts of files below its prefix. */
  | {
      readonly kind: 'delete-partition-receipts';
      readonly receipts: TableName;
      readonly partition: PartitionRef;
    }
  /** That a partition was replaced, and how often: the row that `guard-partition` looks at. `stage` null: by nothing. */
  | {
      readonly kind: 'record-partition';
      readonly receipts: TableName;
      readonly partition: PartitionRef;
      readonly generation: number;
      readonly attempt: Attempt;
      readonly stage: TableName | null;
    }
  /** No row, or one: `generation`, `job_id`, `job_rows`, `url` of the partition as it was replaced last. */
  | { readonly kind: 'select-partition'; readonly receipts: TableName; readonly partition: PartitionRef }
  /** The rows that loads with provenance brought. */
  | { readonly kind: 'delete-job-rows'; readonly target: TableName; readonly jobIds: readonly string[] }
  | { readonly kind: 'delete-job-receipts'; readonly receipts: TableName; readonly jobIds: readonly string[] }
  | {
      readonly kind: 'copy';
      readonly into: TableName;
      readonly columns: readonly string[];
      readonly manifestUrl: string;
      readonly iamRole: string;
      /** Canonical COPY options: format, compression, conversions. */
      readonly options: string;
    }
  /** Rows of the COPY right before it. */
  | { readonly kind: 'count-copied' }
  | { readonly kind: 'create-stage'; readonly stage: TableName; readonly columns: readonly StageColumn[] }
  /** Every row of the stage, with where it comes from; `partition`: columns that its files do not have. */
  | {
      readonly kind: 'insert-staged';
      readonly target: TableName;
      readonly stage: TableName;
      readonly columns: readonly string[];
      readonly provenance: Provenance | null;
      readonly partition?: readonly PartitionCell[];
    }
  /** One row per key of the stage, the first in the order; `keepsNullKeys`: rows with a NULL in the key stay, all of them. */
  | {
      readonly kind: 'select-winners';
      readonly winners: TableName;
      readonly stage: TableName;
      readonly columns: readonly string[];
      readonly key: readonly string[];
      readonly order: VersionOrder;
      readonly keepsNullKeys: boolean;
    }
  /** Winners that the table's own row beats, or equals. */
  | {
      readonly kind: 'drop-stale';
      readonly winners: TableName;
      readonly target: TableName;
      readonly key: readonly string[];
      readonly order: VersionOrder;
    }
  /** Winners that a later deletion has buried. */
  | {
      readonly kind: 'drop-buried';
      readonly winners: TableName;
      readonly graves: TableName;
      readonly key: readonly string[];
      readonly latestBy: readonly string[];
    }
  /** The rows of keys that the winners delete. */
  | {
      readonly kind: 'delete-dead';
      readonly target: TableName;
      readonly winners: TableName;
      readonly key: readonly string[];
      readonly tombstone: Tombstone;
    }
  /** Forgets the graves of keys that the winners decide anew. */
  | {
      readonly kind: 'clear-graves';
      readonly graves: TableName;
      readonly winners: TableName;
      readonly key: readonly string[];
    }
  /** Remembers what was deleted, so that a late older version does not resurrect it. */
  | {
      readonly kind: 'dig-graves';
      readonly graves: TableName;
      readonly winners: TableName;
      readonly key: readonly string[];
      readonly latestBy: readonly string[];
      readonly tombstone: Tombstone;
    }
  | { readonly kind: 'drop-dead-winners'; readonly winners: TableName; readonly tombstone: Tombstone }
  /**
   * Updates `updates` of the rows whose key is there, inserts the rest. Columns that the files do not have keep their value;
   * `provenance` is that of the winning row.
   */
  | {
      readonly kind: 'merge';
      readonly target: TableName;
      readonly winners: TableName;
      readonly key: readonly string[];
      readonly updates: readonly string[];
      readonly provenance: Provenance | null;
    }
  /** Inserts the rows whose key is not there, and those with a NULL in it. */
  | {
      readonly kind: 'insert-missing';
      readonly target: TableName;
      readonly winners: TableName;
      readonly key: readonly string[];
      readonly columns: readonly string[];
      readonly provenance: Provenance | null;
    }
  /** The proof, in the transaction that it proves. */
  | {
      readonly kind: 'record-receipts';
      readonly receipts: TableName;
      readonly files: JobFileSource;
      readonly attempt: Attempt;
      /** What holds all rows of the job, to count them; null after a straight COPY. */
      readonly stage: TableName | null;
    }
  /** Forbids an attempt to commit, unless it has: inserts its void receipt if there is no receipt of it. */
  | { readonly kind: 'record-void'; readonly receipts: TableName; readonly attempt: Attempt }
  /** Receipts of these places: every row has file_id, key_id, job_id, attempt. */
  | { readonly kind: 'select-receipts'; readonly receipts: TableName; readonly keyIds: readonly string[] }
  /**
   * Receipts of these loads: every row has file_id, key_id, url, etag, size, job_id, job_rows and `is_old`, 1 when the load
   * committed before `horizonAt` (null: never), else 0.
   */
  | {
      readonly kind: 'select-job-receipts';
      readonly receipts: TableName;
      readonly jobIds: readonly string[];
      readonly horizonAt: EpochMs | null;
    }
  /** One row: `found`, the rows in the target that these loads brought. */
  | { readonly kind: 'count-job-rows'; readonly target: TableName; readonly jobIds: readonly string[] }
  /**
   * Receipts of loads in the order of their URLs' bytes, at most `limit`: file_id, key_id, url, etag, size, job_id. Those
   * behind `after` (null: from the beginning) and before `before` (null: to the end); with `etags`, of objects that had one
   * of these.
   */
  | {
      readonly kind: 'page-receipts';
      readonly receipts: TableName;
      readonly after: string | null;
      readonly before: string | null;
      readonly etags?: readonly string[];
      /** Only those of loads that committed before. */
      readonly loadedBefore?: EpochMs;
      readonly limit: number;
    }
  /** Makes the horizon, at the beginning of time, unless there is one. */
  | { readonly kind: 'create-horizon'; readonly receipts: TableName }
  /** The horizon never sinks. It keeps what pruned receipts would else have told: the fence, and how many they were. */
  | {
      readonly kind: 'raise-horizon';
      readonly receipts: TableName;
      readonly horizonAt: EpochMs;
      readonly fence: number;
      readonly pruned: number;
    }
  | { readonly kind: 'delete-receipts'; readonly receipts: TableName; readonly fileIds: readonly string[] }
  /** Voids of attempts that no warehouse can have under way any more. */
  | { readonly kind: 'delete-voids'; readonly receipts: TableName; readonly voidedBefore: EpochMs }
  /** No row, or one: `horizon_at`, epoch milliseconds. */
  | { readonly kind: 'select-horizon'; readonly receipts: TableName }
  /** One row for an attempt: `loaded` (receipts of it, and its partition's row) and `voided`. */
  | { readonly kind: 'select-attempt'; readonly receipts: TableName; readonly attempt: Attempt }
  /** One row: `files`, `max_fence`. */
  | { readonly kind: 'summarise-receipts'; readonly receipts: TableName }
  /** A row per table: `name` is `schema.table`. */
  | { readonly kind: 'list-tables' }
  | { readonly kind: 'create-schema'; readonly schema: string }
  /** From now on the user owns the schema, and may create tables in it. */
  | { readonly kind: 'own-schema'; readonly schema: string; readonly user: string }
  | { readonly kind: 'own-table'; readonly table: TableName; readonly user: string }
  /** The names in the schema may be used; what may be done with each, its own grants say. */
  | { readonly kind: 'grant-schema'; readonly schema: string; readonly user: string }
  | {
      readonly kind: 'grant-table';
      readonly table: TableName;
      readonly privileges: readonly TablePrivilege[];
      readonly user: string;
    }
  | { readonly kind: 'grant-temporary-tables'; readonly database: string; readonly user: string }
  | { readonly kind: 'create-receipts'; readonly receipts: TableName }
  | { readonly kind: 'create-lock'; readonly lock: TableName }
  | { readonly kind: 'create-graves'; readonly graves: TableName; readonly columns: readonly StageColumn[] }
  | InspectionStatement;

/** What is asked for people, and by no load. */
export type InspectionStatement =
  /** One row: `now_ms`, the warehouse's clock as epoch milliseconds, to the second at least. */
  | { readonly kind: 'select-clock' }
  /** One row, a column per privilege by its name in lower case: 1 when the session's user has it on the table, else 0. */
  | {
      readonly kind: 'select-privileges';
      readonly table: TableName;
      readonly privileges: readonly TablePrivilege[];
    }
  /** A row per key that more than one row has, `limit` of them: the key's columns, and `found`, how many rows have it. */
  | {
      readonly kind: 'find-repeated-keys';
      readonly target: TableName;
      readonly key: readonly string[];
      readonly limit: number;
    }
  /** If it is there. */
  | { readonly kind: 'drop-table'; readonly table: TableName };
