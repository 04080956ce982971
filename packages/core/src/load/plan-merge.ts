import type { Ledger } from './ledger.ts';
import type { LoadedColumn } from './loaded-columns.ts';
import type { MergeRule } from './merge-rule.ts';
import type { Provenance, Statement, TableName, VersionOrder } from './statement.ts';

interface MergeTables {
  readonly table: TableName;
  readonly ledger: Ledger;
  readonly stage: TableName;
  readonly winners: TableName;
  readonly columns: readonly LoadedColumn[];
  /** Null: rows do not tell where they come from. */
  readonly provenance: Provenance | null;
}

/**
 * From a stage full of rows to the table: nothing for an append without provenance, which COPY did.
 *
 * Upsert is UPDATE of the loaded non-key columns plus INSERT of the missing rows: columns that the files do not have
 * keep their value, and IDENTITY stays. Redshift's MERGE knows no AND, so what must not win (older versions, rows that
 * a later deletion buried, deletions themselves) leaves the winners first.
 */
export function planMerge(rule: MergeRule, tables: MergeTables): readonly Statement[] {
  const { mode, key } = rule;
  const { table, stage, winners, columns, provenance } = tables;
  if (mode === 'append' || mode === 'replace-partition') {
    const names = columns.map(({ name }) => name);
    if (provenance === null) return [];
    return [{ kind: 'insert-staged', target: table, stage, columns: names, provenance }];
  }
  const order = versionOrder(rule, columns);
  const select: Statement = {
    kind: 'select-winners',
    winners,
    stage,
    columns: columns.map(({ name }) => name),
    key,
    order,
    keepsNullKeys: rule.nullKeys === 'append',
  };
  const stored = columns.filter(({ isInTable }) => isInTable).map(({ name }) => name);
  if (mode === 'insert-only') {
    return [select, { kind: 'insert-missing', target: table, winners, key, columns: stored, provenance }];
  }
  const updates = stored.filter((name) => !key.includes(name));
  return [
    select,
    { kind: 'drop-stale', winners, target: table, key, order },
    ...planBurials(rule, tables),
    updates.length === 0
      ? { kind: 'insert-missing', target: table, winners, key, columns: stored, provenance }
      : { kind: 'merge', target: table, winners, key, updates, provenance },
  ];
}

function planBurials(rule: MergeRule, { table, ledger, winners }: MergeTables): readonly Statement[] {
  const { key, latestBy, tombstone } = rule;
  const { graves } = ledger;
  if (tombstone === null) return [];
  return [
    { kind: 'drop-buried', winners, graves, key, latestBy },
    { kind: 'delete-dead', target: table, winners, key, tombstone },
    { kind: 'clear-graves', graves, winners, key },
    { kind: 'dig-graves', graves, winners, key, latestBy, tombstone },
    { kind: 'drop-dead-winners', winners, tombstone },
  ];
}

function versionOrder(
  { key, latestBy, tombstone }: MergeRule,
  columns: readonly LoadedColumn[],
): VersionOrder {
  const isDecided = ({ name }: LoadedColumn): boolean =>
    key.includes(name) || latestBy.includes(name) || name === tombstone?.column;
  return { latestBy, tombstone, remaining: columns.filter((column) => !isDecided(column)) };
}
