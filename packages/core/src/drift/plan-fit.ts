import type { LoadFile } from '../file/load-file.ts';
import { copyOf } from '../load/build-job.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { assertInvariant } from '../recover/invariant.ts';
import { isMark, isReserved, requiredColumns } from './column-roles.ts';
import { RESCUED } from './drift-policy.ts';
import { mayMisfit } from './may-misfit.ts';
import type { ShapedLoadFile } from './plan-evolution.ts';

/** Which of the files go into one job, and how. */
export interface FitPlan {
  /** With the oldest among them. */
  readonly files: readonly LoadFile[];
  /** COPY reads copies of them, in which what does not fit has a place of its own. */
  readonly rescues: boolean;
  /** The columns that COPY fills; undefined: those of the target. */
  readonly columns: readonly string[] | undefined;
}

/**
 * A COPY is told one list of columns: the files of a job are those that have the oldest one's. Pure.
 *
 * @param files oldest first, of one kind; what the table takes from them has been added to it.
 */
export function planFit(
  files: readonly ShapedLoadFile[],
  {
    definition,
    tableColumns,
  }: {
    definition: TargetDefinition;
    tableColumns: readonly TableColumn[];
  },
): FitPlan {
  const table = new Map(tableColumns.map((column) => [column.name, column]));
  const plans = files.map((one) => {
    const rescues = definition.drift?.rescues === true && needsRescue(one, { definition, table });
    const columns = columnsOf(one, { definition, tableColumns, rescues });
    return { file: one.file, rescues, columns, kind: JSON.stringify([rescues, columns ?? null]) };
  });
  const [oldest] = plans;
  assertInvariant(oldest !== undefined, 'a job has at least one file');
  return {
    files: plans.filter(({ kind }) => kind === oldest.kind).map(({ file }) => file),
    rescues: oldest.rescues,
    columns: oldest.columns,
  };
}

function needsRescue(
  { columns }: ShapedLoadFile,
  { definition, table }: { definition: TargetDefinition; table: ReadonlyMap<string, TableColumn> },
): boolean {
  const { rule } = definition;
  const required = requiredColumns(rule);
  return columns.some((shape) => {
    if (isReserved(shape.name, definition)) return true;
    const column = table.get(shape.name);
    if (column === undefined) return !isMark(shape.name, rule);
    return (
      !required.includes(shape.name) && column.isNullable && !column.isIdentity && mayMisfit(shape, column)
    );
  });
}

/**
 * Fields of CSV are found by their place, so COPY is told what stands where. Members of JSON are found by their names: told which a file
 * has, an upsert leaves the others as they are, and all else loads a NULL for what is not there.
 */
function columnsOf(
  { file, columns }: ShapedLoadFile,
  {
    definition,
    tableColumns,
    rescues,
  }: { definition: TargetDefinition; tableColumns: readonly TableColumn[]; rescues: boolean },
): readonly string[] | undefined {
  const { rule } = definition;
  const names = columns.map(({ name }) => name);
  const known = (name: string): boolean =>
    isMark(name, rule) ||
    (!isReserved(name, definition) && tableColumns.some((column) => column.name === name));
  const rescued = rescues ? [RESCUED] : [];
  if (copyOf(definition, file).format !== 'json') return rescues ? [...names.filter(known), RESCUED] : names;
  if (rule.mode !== 'upsert' || names.length === 0) return undefined;
  const required = requiredColumns(rule);
  const inTable = tableColumns
    .map(({ name }) => name)
    .filter((name) => !isReserved(name, definition) && (names.includes(name) || required.includes(name)));
  const marks = required.filter((name) => !inTable.includes(name));
  return [...inTable, ...marks, ...rescued];
}
