import type { ColumnType } from '../drift/column-type.ts';
import type { FileCopy } from '../load/target-definition.ts';
import type { ObjectRef } from './object-store.ts';
import type { TableColumn } from './warehouse.ts';

/**
 * What a value is by its looks. `timestamp` and `timestamptz` only in the forms that COPY takes with the file's options;
 * `json`: an object or an array, and in JSON whatever stands beside such in the same column.
 */
export type ValueKind =
  | 'boolean'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'text'
  | 'json';

/** What the values of a column of a file look like, over all of its rows. */
export interface ColumnShape {
  /** In lower case, as the warehouse folds it. */
  readonly name: string;
  /** In no order, each once; empty: nothing but NULLs. */
  readonly kinds: readonly ValueKind[];
  /** Of the longest value, as text, in UTF-8. */
  readonly maxBytes: number;
  /** Of numbers: the most digits before the point, behind it, and in all. */
  readonly wholeDigits: number;
  readonly scale: number;
  readonly digits: number;
  /** The type that the file itself says (Parquet): a column of another type does not take it. */
  readonly declared?: ColumnType;
}

export type FileLook =
  /** `columns`: in the order of the file. */
  | { readonly kind: 'shape'; readonly columns: readonly ColumnShape[] }
  /** Its columns cannot be told, and never will be: `reason` says why, `line` where. */
  | {
      readonly kind: 'unreadable';
      readonly reason: string;
      readonly line?: number;
      readonly hint: string;
    };

/** A file to be looked into. */
export interface ShapedFile {
  /** Where COPY would read it. */
  readonly at: ObjectRef;
  /** The ETag that it has to have there; absent: whatever is there. */
  readonly etag?: string;
  readonly copy: FileCopy;
  /** Its columns, where the file does not name them itself (a chunk). */
  readonly columns?: readonly string[];
}

/** A copy of a file of which every row fits its table. */
export interface RescuedFile {
  readonly at: ObjectRef;
  /** Bytes. */
  readonly size: number;
  readonly copy: FileCopy;
  /** The columns that COPY fills, in order; null: by their names. */
  readonly columns: readonly string[] | null;
}

/**
 * What is inside of files that name their columns (`namesColumns`): CSV with a header, JSON by names, Parquet, chunks. Reads them as a whole,
 * and holds a bounded part of them in memory.
 */
export interface FileShapes {
  /** @throws LoadError `object-gone`, `object-changed`, and what the object store throws. */
  look(file: ShapedFile): Promise<FileLook>;
  /**
   * Writes a copy of a file: values that the table's columns do not take, and those of columns that it does not have, are in
   * `into` as one JSON object per row, by the names of their columns. Values of `required` columns stay as they are, so that
   * COPY refuses them and says where.
   *
   * @returns undefined when every value fits: the file is loaded as it is.
   * @throws LoadError as `look`
   */
  rescue(
    file: ShapedFile,
    options: {
      readonly tableColumns: readonly TableColumn[];
      readonly required: readonly string[];
      readonly into: string;
      /** Without the ending that tells how it is packed. */
      readonly to: ObjectRef;
    },
  ): Promise<RescuedFile | undefined>;
}
