import type { MergeRule } from '../load/merge-rule.ts';
import { isProvenance } from '../load/provenance.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { RESCUED } from './drift-policy.ts';

/** Columns without which a row cannot be merged. */
export function requiredColumns({ key, latestBy, tombstone }: MergeRule): readonly string[] {
  return [...key, ...latestBy, ...(tombstone === null ? [] : [tombstone.column])];
}

/** Whether a column marks deletions, and so need not be one of the table's. */
export function isMark(column: string, { tombstone }: MergeRule): boolean {
  return tombstone?.column === column;
}

/** Columns that Millrace fills: files have no say in them. */
export function isReserved(
  column: string,
  { drift, rule }: Pick<TargetDefinition, 'drift' | 'rule'>,
): boolean {
  return (
    (drift?.rescues === true && column === RESCUED) || (rule.provenance === true && isProvenance(column))
  );
}
