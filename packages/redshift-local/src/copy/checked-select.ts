import type { CopyCompression } from '@millrace/core';
import { quoteName, quoteText } from '../catalog/quote.ts';
import type { ColumnInfo } from '../catalog/table-info.ts';
import { type CheckedValue, plainOrChecked } from './checked-value.ts';
import type { TextLoad } from './strict-load.ts';
import { MAX_ROW_BYTES } from './text-record.ts';

/** Advanced by every row that a check leaves out. */
export const BAD_ROWS = 'millrace_copy_bad_rows';
/** Rows that DuckDB's reader of CSV leaves out, and the statements that they belong to. */
export const REJECTS = 'millrace_copy_rejects';
export const REJECT_SCANS = 'millrace_copy_reject_scans';

/**
 * The rows that pass all checks; the others advance the sequence. The checks stand left of the OR, the sequence right
 * of it: it is asked only about rows that failed, and what could raise an error keeps DuckDB from swapping the two.
 *
 * @param mayBeEmpty whether the source has `is_empty`, true of rows that may be none.
 */
function checkedRows(
  checks: readonly CheckedValue[],
  source: string,
  { mayBeEmpty }: { mayBeEmpty: boolean },
): string {
  const list = (toSql: (check: CheckedValue, index: number) => string): string =>
    checks.map(toSql).join(', ');
  const first = mayBeEmpty ? ', is_empty' : '';
  const texts = `(SELECT ${list(({ textSql }, index) => `${textSql} AS x${index}`)}${first} FROM ${source})`;
  const values = `(SELECT *, ${list(({ valueSql }, index) => `${valueSql} AS v${index}`)} FROM ${texts})`;
  const okSqls = checks.map(({ okSql }) => okSql).filter((okSql) => okSql !== 'true');
  const tests = [...(mayBeEmpty ? ['NOT is_empty'] : []), ...okSqls.map((okSql) => `(${okSql})`)];
  if (tests.length === 0) return values;
  return `${values} WHERE (${tests.join(' AND ')}) OR (nextval('${BAD_ROWS}') < 0 AND error(CAST(x0 AS VARCHAR)) IS NULL)`;
}

/** What to load of CSV and delimited text. */
export function checkedText(
  load: TextLoad,
  checks: readonly CheckedValue[],
  { paths, newLine }: { paths: readonly string[]; newLine: string },
): string {
  return checkedRows(checks, textSource(load, paths, newLine), { mayBeEmpty: false });
}

/** What to load of JSON, an object in every line. */
export function checkedJson(
  load: TextLoad,
  checks: readonly CheckedValue[],
  { paths, compression }: { paths: readonly string[]; compression?: CopyCompression | undefined },
): string {
  const { fields } = load.plan;
  const source = jsonSource(load, checks, `${listOf(paths)}, ignore_errors = true, ${readAs(compression)}`);
  // Where a column may not be NULL its own test finds such rows.
  if (fields.some(({ isNullable }) => !isNullable)) return checkedRows(checks, source, { mayBeEmpty: false });
  // Mostly answered by the first column, unlike an AND of them all. As texts: as JSON, texts would have to be valid JSON.
  const filled = fields.map((_, index) => `CAST(f${index} AS VARCHAR)`).join(', ');
  const rows = `(SELECT *, coalesce(${filled}) IS NULL AS is_empty FROM ${source})`;
  return checkedRows(checks, rows, { mayBeEmpty: true });
}

/**
 * What to load of a segment of plain lines: DuckDB's reader makes of their values what COPY would. Where it did not, it
 * would fail, as it is not told to pass anything over.
 */
export function plainJson(load: TextLoad, checks: readonly CheckedValue[], path: string): string {
  const { plan, options } = load;
  const plain = checks.map((check, index) =>
    plainOrChecked(check, plan.fields[index] as ColumnInfo, index, options),
  );
  const source = jsonSource(load, plain, `${listOf([path])}, ignore_errors = false, ${readAs(undefined)}`);
  return checkedRows(plain, source, { mayBeEmpty: false });
}

function textSource({ options, plan }: TextLoad, paths: readonly string[], newLine: string): string {
  const { format } = options;
  const quote = format.kind === 'csv' ? quoteText(format.quote) : "''";
  const delimiter = quoteText('delimiter' in format ? format.delimiter : ',');
  const columns = plan.fields.map((_, index) => `'f${index}': 'VARCHAR'`).join(', ');
  return (
    `read_csv(${listOf(paths)}, auto_detect = false, header = false, skip = ${options.ignoreHeader}, delim = ${delimiter}, ` +
    `quote = ${quote}, escape = ${quote}, new_line = '${newLine}', nullstr = ${quoteText(options.nullAs ?? '\\N')}, ` +
    `${readAs(options.compression)}, store_rejects = true, rejects_table = '${REJECTS}', rejects_scan = '${REJECT_SCANS}', ` +
    `columns = {${columns}})`
  );
}

/** @param read which files, and how. With `ignore_errors` a line that is no object becomes a row of NULLs. */
function jsonSource({ plan }: TextLoad, checks: readonly CheckedValue[], read: string): string {
  const columns = plan.fields.map(({ name }, index) => `${quoteText(name)}: '${checks[index]?.readType}'`);
  const fields = plan.fields.map(({ name }, index) => `${quoteName(name)} AS f${index}`);
  return (
    `(SELECT ${fields.join(', ')} FROM read_json(${read}, ` +
    `format = 'newline_delimited', auto_detect = false, records = true, ` +
    // Its buffers are twice as large: one of the default's 32 MB would leave a thread without work.
    `maximum_object_size = ${MAX_ROW_BYTES}, columns = {${columns.join(', ')}}))`
  );
}

function listOf(paths: readonly string[]): string {
  return `[${paths.map(quoteText).join(', ')}]`;
}

function readAs(compression: CopyCompression | undefined): string {
  return `compression = '${compression ?? 'uncompressed'}'`;
}
