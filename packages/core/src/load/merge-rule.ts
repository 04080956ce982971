import type { Tombstone } from './statement.ts';

/** How rows of a target are merged. */
export interface MergeRule {
  readonly mode: 'append' | 'upsert' | 'insert-only' | 'replace-partition';
  readonly key: readonly string[];
  readonly latestBy: readonly string[];
  readonly tombstone: Tombstone | null;
  readonly nullKeys: 'reject' | 'append';
  /** Columns that the files have, in their order; null: all of the table's but IDENTITY. */
  readonly columns: readonly string[] | null;
  /**
   * What becomes of another version of a key that was loaded. `replace` (appends with provenance): the load that brought the
   * old one is done anew, with the new one in its place.
   */
  readonly onRewrite: 'reload' | 'quarantine' | 'replace';
  /** Every row tells by which load it came, and when: in the columns of `PROVENANCE`. */
  readonly provenance?: true;
  /** What does not fit is kept in the column `RESCUED`: a row that is updated by one that fits keeps nothing there. */
  readonly rescues?: true;
}
