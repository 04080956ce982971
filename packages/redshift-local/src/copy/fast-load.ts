import { open } from 'node:fs/promises';
import type { CopyCompression } from '@millrace/core';
import { BAD_ROWS, checkedJson, checkedText, plainJson, REJECT_SCANS, REJECTS } from './checked-select.ts';
import { type CheckedValue, checkedValue } from './checked-value.ts';
import { insertInto } from './column-plan.ts';
import type { CopyContext } from './copy-context.ts';
import { scanJson, skipSpace } from './json-scanner.ts';
import { lineSegments } from './line-segments.ts';
import { openObject } from './open-object.ts';
import { type SpooledFile, spoolObjects } from './spool-objects.ts';
import type { TextLoad } from './strict-load.ts';
import { hasSwallowedBytes } from './swallowed-bytes.ts';

/** Where DuckDB counts the row ids of rows that a transaction has not committed yet from. */
const FIRST_LOCAL_ROWID = 36_028_797_018_960_000n;

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
  const insert = async (rows: string): Promise<number> =>
    (await connection.run(`${into} FROM ${rows}`)).rowsChanged;
  // Redshift's tables have no order of rows, and keeping the files' costs a fifth of the time. Of this session only.
  await connection.run('SET SESSION preserve_insertion_order = false');
  try {
    // Only a line of JSON is certainly a record, and only inflating is dear enough to be shared by way of the disk.
    const isCut = load.shape !== undefined && load.options.compression !== undefined;
    const rows = isCut
      ? await insertSegments({ load, checks, files }, insert, context)
      : await insertFiles({ load, checks, files, newLine }, insert, context);
    await connection.run('RESET SESSION preserve_insertion_order');
    if (!(await hasBadRows(load, context)) && rows !== undefined) return { kind: 'loaded', rows };
    await connection.run(`DELETE FROM ${table.duckName} WHERE rowid > ${mark}`);
    return { kind: 'unsure' };
  } catch (error) {
    // Nothing can be run in a lost transaction: the session takes the setting back when it rolls back.
    return { kind: 'broken', error: error as Error };
  }
}

/** Inserts those of the rows that are good; returns how many. */
type Insert = (rows: string) => Promise<number>;

interface FastLoad {
  readonly load: TextLoad;
  readonly checks: readonly CheckedValue[];
  readonly files: readonly SpooledFile[];
}

/** All files in one statement, searched meanwhile. Undefined: there is something in them that the reader passed over. */
async function insertFiles(
  { load, checks, files, newLine }: FastLoad & { newLine: string },
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
      load.shape
        ? checkedJson(load, checks, { paths, compression })
        : checkedText(load, checks, { paths, newLine }),
    );
    return (await swallowed) ? undefined : rows;
  } finally {
    scan.abort();
  }
}

/** Segment by segment, the next one inflated and searched while DuckDB reads one. Undefined: as of `insertFiles`. */
async function insertSegments(
  { load, checks, files }: FastLoad,
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
      if (value.kind === 'plain') {
        const inserted = await insert(plainJson(load, checks, value.path));
        // The reader takes other lines for rows than the search does: what else it does is not known either.
        if (inserted !== value.lines) return undefined;
        rows += inserted;
      } else {
        rows += await insert(checkedJson(load, checks, { paths: [value.path] }));
      }
    }
    return rows;
  } finally {
    scan.abort();
    // Until its files are closed.
    await segments.return(undefined);
  }
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
