import type { TargetJson } from '@millrace/core';
import type { ColumnChoice } from './choose-type.ts';

/** A table that the sample could be loaded into, and how. */
export interface InferredTable {
  readonly columns: readonly (ColumnChoice & { readonly name: string })[];
  readonly format: NonNullable<TargetJson['format']>;
  /** COPY options that the values need; null when none. */
  readonly copy: string | null;
  /** Rows that were looked at, and whether there are more. */
  readonly rows: number;
  readonly isWhole: boolean;
  /** What a person should know before trusting it. */
  readonly warnings: readonly string[];
}
