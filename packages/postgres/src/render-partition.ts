import { type PartitionCell, type PartitionRef, type Statement, voidKeyOf } from '@millrace/core';
import { NOW } from './ledger-clock.ts';
import { quoteName, quoteTable, quoteText } from './quote.ts';

/*
 * A partition has one row among the receipts, of kind 'part': `url` is its prefix, `size` its generation, and by `job_id`
 * it is known which load replaced it last.
 */

type Kind<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** Fails as all guards do: by a cast of a text that says why. */
export function renderPartitionGuard({
  receipts,
  partition,
  generation,
  attempt,
}: Kind<'guard-partition'>): string {
  return `SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE MAX(CASE WHEN kind = 'void' THEN 3 WHEN url <> ${quoteText(partition.url)} THEN 2 WHEN size >= ${generation} THEN 1 ELSE 0 END)
    WHEN 3 THEN 'millrace:void' WHEN 2 THEN 'millrace:partition-shared' WHEN 1 THEN 'millrace:superseded'
  END AS verdict
  FROM ${quoteTable(receipts)}
  WHERE key_id IN (${quoteText(voidKeyOf(attempt))}, ${quoteText(partition.id)})
) AS guarded`;
}

/** NULL is no partition's value: such a row would not be found again. */
export function renderRowsGuard({ stage, rows }: Kind<'guard-partition-rows'>): string {
  return `SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE WHEN COUNT(*) > 0 THEN 'millrace:other-partition' END AS verdict
  FROM ${quoteTable(stage)}
  WHERE NOT COALESCE(${isOfPartition(rows)}, FALSE)
) AS guarded`;
}

export function renderRowRemoval({ target, rows }: Kind<'delete-partition-rows'>): string {
  return `DELETE FROM ${quoteTable(target)}\nWHERE ${isOfPartition(rows)}`;
}

export function renderReceiptRemoval({ receipts, partition }: Kind<'delete-partition-receipts'>): string {
  return `DELETE FROM ${quoteTable(receipts)}
WHERE ${isPart(partition)} OR (kind = 'load' AND LEFT(url, ${[...partition.url].length}) = ${quoteText(partition.url)})`;
}

export function renderPartitionRecord({
  receipts,
  partition,
  generation,
  attempt,
  stage,
}: Kind<'record-partition'>): string {
  const id = quoteText(partition.id);
  const rows = stage === null ? '0' : `(SELECT COUNT(*) FROM ${quoteTable(stage)})`;
  return `INSERT INTO ${quoteTable(receipts)} (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT ${id}, ${id}, ${quoteText(partition.url)}, '', ${generation}, 'part', ${quoteText(attempt.jobId)}, ${attempt.attempt}, ${attempt.fence}, ${rows}, ${NOW}`;
}

export function renderPartitionLook({ receipts, partition }: Kind<'select-partition'>): string {
  return `SELECT size AS generation, job_id, job_rows, url FROM ${quoteTable(receipts)}\nWHERE ${isPart(partition)}`;
}

/** The columns of a partition that its files do not have, quoted, and what is written into them. */
export function filledCells(cells: readonly PartitionCell[]): readonly (readonly [string, string])[] {
  return cells.map((cell) => [quoteName(cell.column), literalOf(cell)] as const);
}

function isPart({ id }: PartitionRef): string {
  return `(kind = 'part' AND key_id = ${quoteText(id)})`;
}

function isOfPartition(rows: readonly PartitionCell[]): string {
  return rows.map((cell) => `${quoteName(cell.column)} = ${literalOf(cell)}`).join(' AND ');
}

/** An explicit cast cuts a text that is too long to its column: two partitions would have the same rows. */
function literalOf({ value, type }: PartitionCell): string {
  return /^(?:character|text|varchar|char)/u.test(type)
    ? quoteText(value)
    : `CAST(${quoteText(value)} AS ${type})`;
}
