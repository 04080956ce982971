import type { TableName } from '../load/statement.ts';
import type { EpochMs } from '../ports/time.ts';
import type { ColumnType } from './column-type.ts';

/** One change of a table as the history keeps it. */
export interface ChangeRecord {
  /** The same for the same change asked for by the same file: written down twice after a crash, it is one change. */
  readonly id: string;
  readonly column: string;
  readonly change: 'add' | 'widen';
  /** As the catalog said it; null: there was no such column. */
  readonly fromType: string | null;
  /** The statement that made it. */
  readonly statement: string;
  /** The file that asked for it. */
  readonly fileUrl: string;
  readonly plannedAt: EpochMs;
}

/**
 * What changes a table, each a statement of its own outside of any transaction, and what keeps the history of it. A dialect that
 * renders these lets its tables follow their files.
 */
export type ChangeStatement =
  | {
      readonly kind: 'add-column';
      readonly table: TableName;
      readonly column: string;
      readonly type: ColumnType;
    }
  /** Never below what it takes already: whoever plans it has looked. */
  | {
      readonly kind: 'widen-column';
      readonly table: TableName;
      readonly column: string;
      /** Bytes of UTF-8. */
      readonly bytes: number;
    }
  | { readonly kind: 'create-history'; readonly history: TableName }
  /** Unless it is there. */
  | { readonly kind: 'record-change'; readonly history: TableName; readonly change: ChangeRecord }
  | {
      readonly kind: 'confirm-changes';
      readonly history: TableName;
      readonly ids: readonly string[];
      readonly appliedAt: EpochMs;
    }
  /**
   * Newest first: change_id, column_name, change, from_type, statement, file_url, planned_at, applied_at (epoch milliseconds; NULL: not
   * known to be made).
   */
  | { readonly kind: 'list-changes'; readonly history: TableName; readonly limit: number };
