import { LoadError, type PartitionCell, type SqlRow, type Statement, voidKeyOf } from '@millrace/core';
import { nameOfTable } from './plan-dialect.ts';
import type { Row, Transaction } from './table-store.ts';

type PartitionStatement = Extract<
  Statement,
  {
    kind:
      | 'guard-partition'
      | 'guard-partition-rows'
      | 'delete-partition-rows'
      | 'delete-partition-receipts'
      | 'record-partition'
      | 'select-partition';
  }
>;

/**
 * What a partition's statements mean.
 *
 * @throws LoadError of class `guard` or `data` when a guard refuses the transaction.
 */
export function carryOutPartition(statement: PartitionStatement, tx: Transaction): readonly SqlRow[] {
  switch (statement.kind) {
    case 'guard-partition':
      guard(tx, statement);
      return [];
    case 'guard-partition-rows':
      if (tx.read(nameOfTable(statement.stage)).every((row) => isOf(row, statement.rows))) return [];
      throw new LoadError('other-partition', 'a row is of another partition', { class: 'data' });
    case 'delete-partition-rows':
      keep(tx, nameOfTable(statement.target), (row) => !isOf(row, statement.rows));
      return [];
    case 'delete-partition-receipts': {
      const { id, url } = statement.partition;
      const isGone = (row: Row): boolean =>
        row.kind === 'part' ? row.key_id === id : row.kind === 'load' && String(row.url).startsWith(url);
      keep(tx, nameOfTable(statement.receipts), (row) => !isGone(row));
      return [];
    }
    case 'record-partition': {
      const { partition, generation, attempt, stage } = statement;
      const { jobId, attempt: number, fence } = attempt;
      tx.append(nameOfTable(statement.receipts), [
        {
          file_id: partition.id,
          key_id: partition.id,
          url: partition.url,
          etag: '',
          size: generation,
          kind: 'part',
          job_id: jobId,
          attempt: number,
          fence,
          job_rows: stage === null ? 0 : tx.read(nameOfTable(stage)).length,
        },
      ]);
      return [];
    }
    case 'select-partition': {
      const { receipts, partition } = statement;
      const rows = tx.read(nameOfTable(receipts));
      return rows
        .filter(({ kind, key_id }) => kind === 'part' && key_id === partition.id)
        .map(({ size, job_id, job_rows, url }) => ({
          generation: size ?? null,
          job_id: job_id ?? null,
          job_rows: job_rows ?? null,
          url: url ?? null,
        }));
    }
  }
}

/** What every row of a partition has in the columns that tie it to it. */
export function cellsOf(cells: readonly PartitionCell[]): Row {
  return Object.fromEntries(cells.map(({ column, value }) => [column, value]));
}

function guard(
  tx: Transaction,
  { receipts, partition, generation, attempt }: Extract<Statement, { kind: 'guard-partition' }>,
): void {
  const known = tx.read(nameOfTable(receipts));
  const voidKey = voidKeyOf(attempt);
  const refuse = (code: string, message: string): never => {
    throw new LoadError(code, message, { class: 'guard' });
  };
  if (known.some(({ key_id }) => key_id === voidKey)) refuse('guard-void', 'the attempt is void');
  const own = known.filter(({ kind, key_id }) => kind === 'part' && key_id === partition.id);
  if (own.some(({ url }) => url !== partition.url))
    refuse('guard-partition-shared', "it is another prefix's");
  if (own.some(({ size }) => Number(size) >= generation)) {
    refuse('guard-superseded', 'the partition was replaced by a later generation');
  }
}

function isOf(row: Row, cells: readonly PartitionCell[]): boolean {
  return cells.every(({ column, value }) => String(row[column]) === value);
}

function keep(tx: Transaction, table: string, isKept: (row: Row) => boolean): void {
  const rows = tx.read(table);
  const rest = rows.filter(isKept);
  if (rest.length < rows.length) tx.replace(table, rest);
}
