import { RESCUED } from '../drift/drift-policy.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import type { MergeRule } from './merge-rule.ts';
import { isProvenance } from './provenance.ts';
import type { StageColumn } from './statement.ts';

/** A column that the files have. */
export interface LoadedColumn extends StageColumn {
  /** False for a tombstone mark that the table does not keep. */
  readonly isInTable: boolean;
  /** The files do not have it: every row has a NULL there, which takes the place of what the table has. */
  readonly isBlank?: true;
}

/** A tombstone mark that is in the files alone is text of at most this many bytes. */
const MARK_TYPE = 'character varying(256)';

/**
 * The columns of a job's files, in order, with their types: the rule's own list, or all of the table's but IDENTITY and
 * those that Millrace fills.
 *
 * @param options `filled`: further columns that Millrace fills, unless the rule's list says that the files have them.
 * @throws LoadError `target-column-missing` when the rule names a column that the table does not have.
 */
export function loadedColumns(
  rule: MergeRule,
  {
    target,
    tableColumns,
    filled = [],
  }: { target: string; tableColumns: readonly TableColumn[]; filled?: readonly string[] },
): readonly LoadedColumn[] {
  const isFilled = ({ name, isIdentity }: TableColumn): boolean =>
    isIdentity || filled.includes(name) || (rule.provenance === true && isProvenance(name));
  const names = rule.columns ?? tableColumns.filter((column) => !isFilled(column)).map(({ name }) => name);
  for (const name of [...rule.key, ...rule.latestBy]) typeOf(name, { target, tableColumns });
  const loaded = names.map((name): LoadedColumn => {
    const isMark = name === rule.tombstone?.column && !tableColumns.some((column) => column.name === name);
    if (isMark) return { name, type: MARK_TYPE, isRequired: false, isInTable: false };
    return {
      name,
      type: typeOf(name, { target, tableColumns }),
      isRequired: hasKey(rule) ? isKey(name, rule) : !isNullable(name, tableColumns),
      isInTable: true,
    };
  });
  const rescued = tableColumns.find(({ name }) => name === RESCUED);
  // A row that fits keeps nothing of an earlier version that did not.
  if (rule.rescues === true && rule.mode === 'upsert' && rescued !== undefined && !names.includes(RESCUED)) {
    loaded.push({ name: RESCUED, type: rescued.type, isRequired: false, isInTable: true, isBlank: true });
  }
  const mark = rule.tombstone?.column;
  if (mark !== undefined && !names.includes(mark)) {
    // Without an explicit list a mark that the table lacks stands behind the table's columns.
    if (rule.columns !== null) {
      throw new LoadError(
        'target-column-missing',
        `the tombstone column '${mark}' of ${target} is not in its 'columns'`,
        {
          class: 'config',
          hint: `add it where the files have it: ${rule.columns.join(', ')}, …`,
        },
      );
    }
    return [...loaded, { name: mark, type: MARK_TYPE, isRequired: false, isInTable: false }];
  }
  return loaded;
}

function hasKey({ mode }: MergeRule): boolean {
  return mode === 'upsert' || mode === 'insert-only';
}

function isKey(name: string, { key, nullKeys }: MergeRule): boolean {
  return key.includes(name) && nullKeys === 'reject';
}

/** Else COPY would let a NULL into the stage that the table refuses, and nobody could tell whose it is. */
function isNullable(name: string, tableColumns: readonly TableColumn[]): boolean {
  return tableColumns.find((one) => one.name === name)?.isNullable ?? true;
}

/** @throws LoadError `target-column-missing` */
export function typeOf(
  name: string,
  { target, tableColumns }: { target: string; tableColumns: readonly TableColumn[] },
): string {
  const column = tableColumns.find((one) => one.name === name);
  if (column) return column.type;
  throw missing(
    name,
    target,
    tableColumns.map((one) => one.name),
  );
}

function missing(name: string, target: string, columns: readonly string[]): LoadError {
  return new LoadError('target-column-missing', `column '${name}' is not a column of ${target}`, {
    class: 'config',
    hint: `name one of ${columns.join(', ')}, or add the column by a migration`,
  });
}
