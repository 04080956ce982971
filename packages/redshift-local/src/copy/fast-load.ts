import { open } from 'node:fs/promises';
import type { CopyCompression } from '@millrace/core';
import { quoteText } from '../catalog/quote.ts';
import { type CheckedValue, checkedValue } from './checked-value.ts';
import { insertInto } from './column-plan.ts';
import type { CopyContext } from './copy-context.ts';
import { scanJson, skipSpace } from './json-scanner.ts';
import { lineSegments } from './line-segments.ts';
import { openObject } from './open-object.ts';
import { type SpooledFile, spoolObjects } from './spool-objects.ts';
import type { TextLoad } from './strict-load.ts';
import { hasSwallowedBytes } from './swallowed-bytes.ts';
import { MAX_ROW_BYTES } from './text-record.ts';

/** Where DuckDB counts the row ids of rows that a transaction has not committed yet from. */
const FIRST_LOCAL_ROWID = 36_028_797_018_960_000n;
const BAD_ROWS = 'millrace_copy_bad_rows';
const REJECTS = 'millrace_copy_rejects';
const REJECT_SCANS = 'millrace_copy_reject_scans';

/** `loaded`: all rows are in. `unsure`: nothing is, some row needs a closer look. `broken`: nothing is, and the transaction is lost. */
export type FastOutcome =
  | { readonly kind: 'loaded'; readonly rows: number }
  | { readonly kind: 'unsure' }
  | { readonly kind: 'broken'; readonly error: Error };

/**
 * Loads through DuckDB's own reader, every value checked by vectorised SQL.
 *
 * No check may raise an error: that would end the session's transaction, and the strict path could not load any
 * more. So bad rows are left out and counted, by a sequence that only they advance, and what was inserted is taken
 * back. What the reader itself would swallow (blank lines, for one) is looked for in the bytes meanwhile.
 */
export async function loadFast(load: TextLoad, context: CopyContext): Promise<FastOutcome> {
  const checks = checkedFields(load);
  if (!checks || !fitsReader(load)) return { kind: 'unsure' };
  const files = await spoolObjects(load.files, context);
  const newLine = await sniff(load, files, context);
  if (newLine === undefined) return { kind: 'unsure' };

  const { connection, table } = context;
  const readMax = `SELECT max(rowid) FROM ${table.duckName} WHERE rowid >= ${FIRST_LOCAL_ROWID}`;
  const mark = (await connection.runAndReadAll(readMax)).getRows()[0]?.[0] ?? FIRST_LOCAL_ROWID - 1n;
  await connection.run(`CREATE OR REPLACE TEMP SEQUENCE ${BAD_ROWS}`);
  const into = insertInto(
    table,
    load.plan,
    checks.map((_, index) => `v${index}`),
  );
  const insert = async (source: string): Promise<number> =>
    (await connection.run(`${into} FROM ${checkedRows(load, checks, source)}`)).rowsChanged;
  // Redshift's tables have no order of rows, and keeping the files' costs a fifth of the time. Of this session only.
  await connection.run('SET SESSION preserve_insertion_order = false');
  try {
    // Only a line of JSON is certainly a record, and only inflating is dear enough to be shared by way of the disk.
    const isCut = load.shape !== undefined && load.options.compression !== undefined;
    const rows = isCut
      ? await insertSegments(load, files, insert, context)
      : await insertFiles(load, { files, newLine }, insert, context);
    await connection.run('RESET SESSION preserve_insertion_order');
    if (!(await hasBadRows(load, context)) && rows !== undefined) return { kind: 'loaded', rows };
    await connection.run(`DELETE FROM ${table.duckName} WHERE rowid > ${mark}`);
    return { kind: 'unsure' };
  } catch (error) {
    // Nothing can be run in a lost transaction: the session takes the setting back when it rolls back.
    return { kind: 'broken', error: error as Error };
  }
}

/** Inserts what a reader gives, for as much of it as is good; returns the rows. */
type Insert = (source: string) => Promise<number>;

/** All files in one statement, searched meanwhile. Undefined: there is something in them that the reader passed over. */
async function insertFiles(
  load: TextLoad,
  { files, newLine }: { files: readonly SpooledFile[]; newLine: string },
  insert: Insert,
  context: CopyContext,
): Promise<number | undefined> {
  const scan = new AbortController();
  const swallowed = hasSwallowedBytes(
    { ...load, files: files.map(({ file, path }) => ({ ...file, path })) },
    context,
    scan.signal,
  );
  // Heard of below, unless the statement fails first.
  swallowed.catch(() => undefined);
  try {
    const { compression } = load.options;
    const paths = files.map(({ path }) => path);
    const rows = await insert(
      load.shape ? jsonSource(load, paths, compression) : textSource(load, paths, newLine),
    );
    return (await swallowed) ? undefined : rows;
  } finally {
    scan.abort();
  }
}

/** Segment by segment, the next one inflated and searched while DuckDB reads one. Undefined: as of `insertFiles`. */
async function insertSegments(
  load: TextLoad,
  files: readonly SpooledFile[],
  insert: Insert,
  context: CopyContext,
): Promise<number | undefined> {
  const scan = new AbortController();
  const segments = lineSegments(load, files, context, scan.signal);
  let rows = 0;
  try {
    let coming = segments.next();
    for (let { value } = await coming; value !== undefined; { value } = await coming) {
      if (value.kind === 'swallowed') return undefined;
      coming = segments.next();
      // Heard of in the next turn, unless the statement fails first.
      coming.catch(() => undefined);
      rows += await insert(jsonSource(load, [value.path], undefined));
    }
    return rows;
  } finally {
    scan.abort();
    // Until its files are closed.
    await segments.return(undefined);
  }
}

/**
 * The rows that pass all checks; the others advance the sequence. The checks stand left of the OR, the sequence right
 * of it: it is asked only about rows that failed, and what could raise an error keeps DuckDB from swapping the two.
 */
function checkedRows({ shape, plan }: TextLoad, checks: readonly CheckedValue[], rows: string): string {
  const list = (toSql: (check: CheckedValue, index: number) => string): string =>
    checks.map(toSql).join(', ');
  const first = shape ? ', is_empty' : '';
  const texts = `(SELECT ${list(({ textSql }, index) => `${textSql} AS x${index}`)}${first} FROM ${rows})`;
  const values = `(SELECT *, ${list(({ valueSql }, index) => `${valueSql} AS v${index}`)} FROM ${texts})`;
  // Where a column may not be NULL its own test finds such rows.
  const mayBeEmpty = shape !== undefined && plan.fields.every(({ isNullable }) => isNullable);
  const tests = [...(mayBeEmpty ? ['NOT is_empty'] : []), ...checks.map(({ okSql }) => `(${okSql})`)];
  return `${values} WHERE (${tests.join(' AND ')}) OR (nextval('${BAD_ROWS}') < 0 AND error(CAST(x0 AS VARCHAR)) IS NULL)`;
}

/** Options that only the strict path knows. */
function fitsReader({ options, shape }: TextLoad): boolean {
  const { format } = options;
  if (options.compression === 'bzip2' || options.encoding !== 'utf8' || options.noLoad) return false;
  if (options.acceptAnyDate || options.acceptInvalidChars !== undefined || options.fillRecord) return false;
  if (options.blanksAsNull || options.truncateColumns) return false;
  if (shape) return shape.kind === 'names' && !shape.ignoresCase;
  if (format.kind === 'delimited' && (format.escape || format.removeQuotes)) return false;
  if (format.kind !== 'delimited' && format.kind !== 'csv') return false;
  const special = format.kind === 'csv' ? [format.delimiter, format.quote] : [format.delimiter];
  const nullAs = options.nullAs ?? '\\N';
  return ![...special, '\n', '\r', '\0'].some((char) => nullAs.includes(char) || char === ' ');
}

function checkedFields({ plan, options, shape }: TextLoad): CheckedValue[] | undefined {
  const isJson = shape !== undefined;
  const checks = plan.fields.map((column, index) => checkedValue(column, index, options, { isJson }));
  return checks.every((check) => check !== undefined) ? checks : undefined;
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

/** A line that is no object becomes a row of NULLs; so such rows are never taken on trust. */
function jsonSource(
  { plan }: TextLoad,
  paths: readonly string[],
  compression: CopyCompression | undefined,
): string {
  const names = plan.fields.map(({ name }) => quoteText(name));
  const types = plan.fields.map(({ type }) => (type.name === 'super' ? 'JSON' : 'VARCHAR'));
  const columns = names.map((name, index) => `${name}: '${types[index]}'`).join(', ');
  const fields = plan.fields
    .map(({ name }, index) => `"${name.replaceAll('"', '""')}" AS f${index}`)
    .join(', ');
  // Mostly answered by the first column, unlike an AND of them all. As texts: as JSON, texts would have to be valid JSON.
  const filled = plan.fields.map((_, index) => `CAST(f${index} AS VARCHAR)`).join(', ');
  return (
    `(SELECT *, coalesce(${filled}) IS NULL AS is_empty FROM (SELECT ${fields} FROM read_json(${listOf(paths)}, ` +
    `format = 'newline_delimited', auto_detect = false, records = true, ignore_errors = true, ${readAs(compression)}, ` +
    // Its buffers are twice as large: one of the default's 32 MB would leave a thread without work.
    `maximum_object_size = ${MAX_ROW_BYTES}, ` +
    `columns = {${columns}})))`
  );
}

function listOf(paths: readonly string[]): string {
  return `[${paths.map(quoteText).join(', ')}]`;
}

function readAs(compression: CopyCompression | undefined): string {
  return `compression = '${compression ?? 'uncompressed'}'`;
}

/** Whether a row was left out, by a check or by the reader. */
async function hasBadRows({ shape }: TextLoad, { connection }: CopyContext): Promise<boolean> {
  const counted = `SELECT last_value FROM duckdb_sequences() WHERE temporary AND sequence_name = '${BAD_ROWS}'`;
  const last = (await connection.runAndReadAll(counted)).getRows()[0]?.[0] ?? null;
  await connection.run(`DROP SEQUENCE temp.${BAD_ROWS}`);
  if (shape) return last !== null;
  const rejected = (await connection.runAndReadAll(`SELECT count(*) FROM ${REJECTS}`)).getRows()[0]?.[0];
  await connection.run(`DROP TABLE IF EXISTS ${REJECTS}; DROP TABLE IF EXISTS ${REJECT_SCANS}`);
  return last !== null || rejected !== 0n;
}

const MAGIC: Readonly<Record<CopyCompression, readonly number[]>> = {
  gzip: [0x1f, 0x8b],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  bzip2: [0x42, 0x5a, 0x68],
  lzop: [0x89, 0x4c],
};

/** The line end of the files, as DuckDB writes it; undefined when their beginnings show that its reader would fail. */
async function sniff(
  load: TextLoad,
  files: readonly SpooledFile[],
  context: CopyContext,
): Promise<string | undefined> {
  const { compression } = load.options;
  let newLine: string | undefined;
  for (const { file, path } of files) {
    if (file.size === 0) continue;
    if (compression && !(await beginsWith(path, MAGIC[compression]))) return undefined;
    const head = await readHead({ ...file, path }, compression, context);
    if (load.shape) {
      if (!beginsWithLine(head)) return undefined;
      continue;
    }
    const found = head.includes('\r\n') ? '\\r\\n' : '\\n';
    if (newLine !== undefined && newLine !== found) return undefined;
    newLine = found;
  }
  return newLine ?? '\\n';
}

async function beginsWith(path: string, magic: readonly number[]): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(magic.length);
    await handle.read(bytes, 0, magic.length, 0);
    return magic.every((byte, index) => bytes[index] === byte);
  } finally {
    await handle.close();
  }
}

async function readHead(
  file: SpooledFile['file'],
  compression: CopyCompression | undefined,
  context: CopyContext,
): Promise<string> {
  for await (const chunk of openObject(file, compression, context)) return chunk.toString('latin1');
  return '';
}

/** Whether the first line is a whole object: spread-out or glued JSON is not for DuckDB's reader. */
function beginsWithLine(head: string): boolean {
  const start = skipSpace(head, 0);
  if (head[start] !== '{') return false;
  const end = head.indexOf('\n', start);
  const line = head.slice(start, end < 0 ? head.length : end);
  try {
    return skipSpace(line, scanJson(line, 0).end) >= line.length;
  } catch {
    // Not JSON: the strict path says what is wrong with it.
    return false;
  }
}
