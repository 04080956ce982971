import type { TableColumn } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import type { Ledger } from './ledger.ts';
import { type LoadedColumn, typeOf } from './loaded-columns.ts';
import { PARTITION_COLUMN, type PartitionJob, type PartitionRule } from './partition.ts';
import type { PartitionCell, Provenance, Statement, TableName } from './statement.ts';

/** Of a prefix's address: S3 keys have 1,024 bytes. */
const URL_LENGTH = 1_200;

/**
 * Whether the table can tell which rows are a partition's.
 *
 * @throws LoadError `partition-column-missing`, `partition-column-wrong`, `target-column-missing` (class `config`)
 */
export function checkPartitionColumns(
  target: string,
  { partition, tableColumns }: { partition: PartitionRule; tableColumns: readonly TableColumn[] },
): void {
  if (partition.columns !== null) {
    for (const { column } of partition.columns) typeOf(column, { target, tableColumns });
    return;
  }
  const known = tableColumns.find(({ name }) => name === PARTITION_COLUMN);
  const statement = `ALTER TABLE ${target} ADD COLUMN ${PARTITION_COLUMN} VARCHAR(${URL_LENGTH});`;
  if (known === undefined) {
    throw new LoadError(
      'partition-column-missing',
      `targets.${target}: without 'partitionBy' Millrace fills '${PARTITION_COLUMN}', which ${target} does not have`,
      { class: 'config', hint: `add by a migration: ${statement}` },
    );
  }
  const [isText, length] = /^(?:character varying|text)(?:\((\d+)\))?$/u.exec(known.type) ?? [];
  if (isText !== undefined && Number(length ?? URL_LENGTH) >= URL_LENGTH) return;
  throw new LoadError(
    'partition-column-wrong',
    `targets.${target}: Millrace fills '${PARTITION_COLUMN}' of ${target} with addresses, and it is ${known.type}`,
    { class: 'config', hint: `make it a column of type VARCHAR(${URL_LENGTH}) by a migration` },
  );
}

/** The columns that tie rows to a partition, with their types. @throws LoadError `target-column-missing` */
export function partitionCells(
  { rows }: Pick<PartitionJob, 'rows'>,
  at: { target: string; tableColumns: readonly TableColumn[] },
): readonly PartitionCell[] {
  return rows.map(({ column, value }) => ({ column, value, type: typeOf(column, at) }));
}

/** What happens to rows and receipts between the stage of a partition and its table. */
export function planPartitionSwap({
  table,
  stage,
  ledger,
  job,
  cells,
  columns,
  provenance,
}: {
  table: TableName;
  /** Null: there are no files any more. */
  stage: TableName | null;
  ledger: Ledger;
  job: PartitionJob;
  cells: readonly PartitionCell[];
  columns: readonly LoadedColumn[];
  provenance: Provenance | null;
}): readonly Statement[] {
  const names = columns.map(({ name }) => name);
  const inFiles = cells.filter(({ column }) => names.includes(column));
  const filled = cells.filter(({ column }) => !names.includes(column));
  const partition = { id: job.id, url: job.url };
  return [
    // Of a file that has rows of another partition they would come once more with each replacement.
    ...(stage === null || inFiles.length === 0
      ? []
      : [{ kind: 'guard-partition-rows', stage, rows: inFiles } as const]),
    { kind: 'delete-partition-rows', target: table, rows: cells },
    { kind: 'delete-partition-receipts', receipts: ledger.receipts, partition },
    ...(stage === null
      ? []
      : [
          {
            kind: 'insert-staged',
            target: table,
            stage,
            columns: names,
            provenance,
            partition: filled,
          } as const,
        ]),
  ];
}
