import type { DriftPolicy } from '../drift/drift-policy.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { LoadGroup } from './load-group.ts';
import type { MergeRule } from './merge-rule.ts';
import type { PartitionRule } from './partition.ts';

/** How the bytes of an object are packed; Redshift is told by a keyword per COPY, so a job holds one kind. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2';

/** What happens to a file when every row of it is proven to be loaded. */
export type DoneAction =
  | { readonly kind: 'keep' }
  /** To `to` + the rest of the key below the route's prefix. */
  | { readonly kind: 'move'; readonly to: string }
  | { readonly kind: 'tag' }
  | { readonly kind: 'delete' };

/** When a lane is due. */
export interface BatchingPolicy {
  readonly maxFiles: number;
  readonly maxBytes: number;
  /** How old a file may be when its rows are there. */
  readonly freshnessMs: number;
}

/** What files look like. */
export type FileFormat = 'csv' | 'delimited' | 'fixedwidth' | 'json' | 'parquet';

/** How COPY reads a file. */
export interface FileCopy {
  readonly format: FileFormat;
  /** All options but source, role and MANIFEST, canonical. */
  readonly options: string;
  /** The role that COPY reads objects with; null: the warehouse's own. */
  readonly iamRole: string | null;
  /** The hash of the columns that this file has, where they are its own (a chunk); absent: those of its target. */
  readonly columnList?: string;
}

/** Everything that the verbs know of a target. Made from configuration; changed by nothing. */
export interface TargetDefinition {
  /** `schema.table` */
  readonly name: string;
  readonly rule: MergeRule;
  readonly batching: BatchingPolicy;
  readonly after: DoneAction;
  /** The announced version is copied aside first, and COPY reads the copy. */
  readonly pin: boolean;
  /** How an object is read: as the source that takes it says, else as the target does. */
  copyFor(at: ObjectRef): FileCopy;
  /** The targets that it is loaded together with. */
  readonly group?: LoadGroup;
  /** How it is parted, in mode `replace-partition`: a job is one partition then, whatever `batching` says of files and bytes. */
  readonly partition?: PartitionRule;
  /** What becomes of files that do not fit the table. Absent: COPY refuses them. */
  readonly drift?: DriftPolicy;
  /** The prefixes that its files come from, `s3://bucket/prefix`. */
  readonly from: readonly string[];
}
