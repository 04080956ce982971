import { invalid } from '../api-error.ts';
import { toColumnMetadata } from '../column-metadata.ts';
import type { DataApi } from '../data-api.ts';
import type { StatementResult } from '../data-statement.ts';
import { toRecord } from '../to-record.ts';
import { MAX_WAIT_SECONDS } from './execute-statement.ts';
import { findPartWithResult, findStatement } from './find-statement.ts';
import type { Call, Operation } from './operation.ts';
import { readPageToken, writePageToken } from './page-token.ts';
import { toCsv } from './to-csv.ts';

/** A page of a query's rows, as a union per value. */
export const getStatementResult: Operation = async (api, call) => {
  const { result, from, to, next } = await readPage(api, call, 'JSON');
  return {
    Records: result.rows.slice(from, to).map((row) => toRecord(row, result.columns)),
    ColumnMetadata: result.columns.map(toColumnMetadata),
    TotalNumRows: result.rows.length,
    NextToken: next,
  };
};

/** A page of a query's rows, as CSV; the first line of the first page has the names of the columns. */
export const getStatementResultV2: Operation = async (api, call) => {
  const { result, from, to, next } = await readPage(api, call, 'CSV');
  const header = from === 0 ? [result.columns.map(({ name }) => name)] : [];
  return {
    Records: [{ CSVRecords: toCsv(header, result, { from, to }) }],
    ColumnMetadata: result.columns.map(toColumnMetadata),
    TotalNumRows: result.rows.length,
    ResultFormat: 'CSV',
    NextToken: next,
  };
};

interface Page {
  readonly result: StatementResult;
  /** Rows [from, to). */
  readonly from: number;
  readonly to: number;
  readonly next: string | undefined;
}

async function readPage(api: DataApi, { input }: Call, format: 'JSON' | 'CSV'): Promise<Page> {
  const id = input.requiredText('Id');
  const waitSeconds = input.integer('WaitTimeSeconds', { min: 1, max: MAX_WAIT_SECONDS });
  const found = findStatement(api, id);
  await api.waitFor(found.statement, waitSeconds, found.part);
  const { resultFormat } = found.statement.request;
  if (resultFormat !== format) {
    const operation = resultFormat === 'CSV' ? 'GetStatementResultV2' : 'GetStatementResult';
    throw invalid(`The statement was run with ResultFormat ${resultFormat}; call ${operation}.`);
  }
  const { result } = findPartWithResult(found);
  if (result === undefined) throw new Error(`statement ${id} lost its result while it was read`);
  const from = readPageToken(id, input.text('NextToken')) ?? 0;
  const to = endOfPage(result, from, api.limits.pageBytes);
  return { result, from, to, next: to < result.rows.length ? writePageToken(id, to) : undefined };
}

/** Rows go into a page until it is full; one goes in however long it is. */
function endOfPage({ rows }: StatementResult, from: number, pageBytes: number): number {
  let bytes = 0;
  let at = from;
  for (; at < rows.length; at += 1) {
    for (const value of rows[at] ?? []) bytes += value === null ? 0 : Buffer.byteLength(String(value));
    if (bytes > pageBytes && at > from) break;
  }
  return at;
}
