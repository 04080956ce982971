import type { ColumnMetadata, Field } from '@aws-sdk/client-redshift-data';
import { columnKeys, LoadError, type QueryResult, type SqlRow, type SqlValue } from '@millrace/core';
import type { DataApi } from './data-api.ts';
import { toInteger } from './exact-integers.ts';

/** A result has at most 500 MB (AWS documentation); pages are far larger than what this would leave to each. */
const MAX_PAGES = 100_000;

/**
 * The rows of a statement that is finished, over all pages.
 *
 * @throws LoadError `result-gone` (class `transient`) when the Data API does not keep it (any more: a day at most).
 */
export async function readResult(api: DataApi, id: string): Promise<QueryResult> {
  let columns: readonly ResultColumn[] | undefined;
  const rows: SqlRow[] = [];
  let nextToken: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const page = await api.result(id, nextToken);
    if (page === undefined) break;
    columns ??= toColumns(page.ColumnMetadata ?? []);
    for (const record of page.Records ?? []) rows.push(toRow(record, columns));
    nextToken = page.NextToken;
    if (nextToken === undefined || nextToken === '') return { columns: columns.map(({ key }) => key), rows };
  }
  throw new LoadError('result-gone', `the result of statement ${id} is not there any more`, {
    class: 'transient',
    hint: 'ask again: the Data API keeps results for a day',
  });
}

interface ResultColumn {
  readonly key: string;
  readonly type: string;
}

function toColumns(columns: readonly ColumnMetadata[]): readonly ResultColumn[] {
  const keys = columnKeys(columns.map(({ label, name }, at) => label || name || `column_${at + 1}`));
  return columns.map(({ typeName = '' }, at) => ({ key: keys[at] ?? '', type: typeName }));
}

function toRow(record: readonly Field[], columns: readonly ResultColumn[]): SqlRow {
  return Object.fromEntries(columns.map(({ key, type }, at) => [key, toValue(record[at], type)]));
}

/** Decimals and moments come as text and stay text: a number would lose digits. */
function toValue(field: Field | undefined, type: string): SqlValue {
  if (field === undefined || field.isNull === true) return null;
  if (field.longValue !== undefined) return field.longValue;
  if (field.stringValue !== undefined)
    return type === 'int8' ? toInteger(field.stringValue) : field.stringValue;
  if (field.booleanValue !== undefined) return field.booleanValue;
  if (field.doubleValue !== undefined) return field.doubleValue;
  if (field.blobValue !== undefined) return Buffer.from(field.blobValue).toString('hex');
  return null;
}
