import { RedshiftError } from '../redshift-error.ts';
import type { TokenCursor } from '../sql/token-cursor.ts';

/** What the options of an UNLOAD said, before they are checked against one another. */
export interface UnloadDraft {
  format?: 'csv' | 'json' | 'parquet' | 'fixed-width';
  widths?: readonly number[];
  delimiter?: string;
  addQuotes: boolean;
  escapes: boolean;
  compression?: 'gzip' | 'zstd';
  hasHeader: boolean;
  nullText?: string;
  partitionBy: readonly string[];
  includesPartitions: boolean;
  manifest: 'none' | 'plain' | 'verbose';
  onExisting: 'refuse' | 'overwrite' | 'clean';
  isParallel: boolean;
  maxFileBytes?: number;
  extension?: string;
  hasCredentials: boolean;
  readonly seen: Set<string>;
}

const MEGABYTE = 1024 * 1024;
const GIGABYTE = 1024 * MEGABYTE;
const MIN_FILE_BYTES = 5 * MEGABYTE;
const MAX_FILE_BYTES = 6.2 * GIGABYTE;

/**
 * Reads the option at the cursor into the draft.
 *
 * @throws RedshiftError 42601 for an unknown or repeated option, 0A000 for one that is not played here.
 */
export function readUnloadOption(cursor: TokenCursor, draft: UnloadDraft): void {
  const name = cursor.peek()?.text ?? '';
  const read = cursor.peek()?.kind === 'word' ? OPTIONS.get(name) : undefined;
  if (!read) throw cursor.syntaxError();
  cursor.next();
  const once = ONE_OF.get(name) ?? name;
  if (draft.seen.has(once))
    throw new RedshiftError(`conflicting or redundant options: "${name}"`, { sqlState: '42601' });
  draft.seen.add(once);
  Object.assign(draft, read(cursor));
}

/** Options of which only one may be said. */
const ONE_OF: ReadonlyMap<string, string> = new Map([
  ...['gzip', 'zstd', 'bzip2'].map((name) => [name, 'compression'] as const),
  ...['format', 'csv', 'json', 'parquet', 'fixedwidth'].map((name) => [name, 'format'] as const),
  ...['allowoverwrite', 'cleanpath'].map((name) => [name, 'existing files'] as const),
  ...['iam_role', 'credentials', 'with', 'access_key_id'].map((name) => [name, 'credentials'] as const),
]);

/** Reads what stands behind an option's name. */
type OptionReader = (cursor: TokenCursor) => Partial<UnloadDraft>;

const OPTIONS: ReadonlyMap<string, OptionReader> = new Map<string, OptionReader>([
  ['format', readFormat],
  ['csv', () => ({ format: 'csv' })],
  ['json', () => ({ format: 'json' })],
  ['parquet', () => ({ format: 'parquet' })],
  ['fixedwidth', readFixedWidth],
  ['delimiter', (cursor) => ({ delimiter: readCharacter(cursor, 'DELIMITER') })],
  ['header', () => ({ hasHeader: true })],
  ['addquotes', () => ({ addQuotes: true })],
  ['escape', () => ({ escapes: true })],
  ['null', (cursor) => ({ nullText: readText(cursor) })],
  ['gzip', () => ({ compression: 'gzip' })],
  ['zstd', () => ({ compression: 'zstd' })],
  ['bzip2', refuse('BZIP2', 'use GZIP or ZSTD')],
  ['encrypted', refuse('ENCRYPTED', 'leave it out')],
  ['kms_key_id', refuse('KMS_KEY_ID', 'leave it out')],
  ['allowoverwrite', () => ({ onExisting: 'overwrite' })],
  ['cleanpath', () => ({ onExisting: 'clean' })],
  ['parallel', (cursor) => ({ isParallel: readSwitch(cursor) })],
  ['maxfilesize', (cursor) => ({ maxFileBytes: readFileSize(cursor) })],
  // How Parquet is cut into row groups cannot be seen from SQL.
  ['rowgroupsize', ignored(readSize)],
  ['extension', (cursor) => ({ extension: readText(cursor) })],
  // There is one store, whatever its region.
  ['region', ignored(readText)],
  ['manifest', (cursor) => ({ manifest: cursor.accept('verbose') ? 'verbose' : 'plain' })],
  ['partition', readPartition],
  ['iam_role', readRole],
  ['credentials', readCredentials],
  ['with', readCredentials],
  ['access_key_id', readKeys],
]);

function refuse(option: string, hint: string): OptionReader {
  return () => {
    throw new RedshiftError(`UNLOAD with ${option} is not supported by redshift-local; ${hint}`, {
      sqlState: '0A000',
    });
  };
}

function ignored(read: (cursor: TokenCursor) => unknown): OptionReader {
  return (cursor) => {
    read(cursor);
    return {};
  };
}

function readFormat(cursor: TokenCursor): Partial<UnloadDraft> {
  cursor.accept('as');
  const format = cursor.next().text;
  if (format !== 'csv' && format !== 'json' && format !== 'parquet') throw cursor.syntaxError(-1);
  return { format };
}

/** `'label:width, …'`, or widths in the order of the columns. */
function readFixedWidth(cursor: TokenCursor): Partial<UnloadDraft> {
  const spec = readText(cursor);
  const widths = spec.split(',').map((item) => {
    const width = /(?:^|:)\s*(\d+)\s*$/u.exec(item)?.[1];
    if (width === undefined || Number(width) === 0) {
      throw new RedshiftError(`invalid FIXEDWIDTH specification '${spec}': say 'column:width, …'`, {
        sqlState: '22023',
      });
    }
    return Number(width);
  });
  return { format: 'fixed-width', widths };
}

function readPartition(cursor: TokenCursor): Partial<UnloadDraft> {
  cursor.expect('by');
  return { partitionBy: cursor.identifierList(), includesPartitions: cursor.accept('include') };
}

function readRole(cursor: TokenCursor): Partial<UnloadDraft> {
  if (!cursor.accept('default')) cursor.string();
  return { hasCredentials: true };
}

function readCredentials(cursor: TokenCursor): Partial<UnloadDraft> {
  cursor.accept('credentials');
  cursor.accept('as');
  cursor.string();
  return { hasCredentials: true };
}

function readKeys(cursor: TokenCursor): Partial<UnloadDraft> {
  readText(cursor);
  cursor.expect('secret_access_key');
  readText(cursor);
  if (cursor.accept('session_token')) readText(cursor);
  return { hasCredentials: true };
}

function readText(cursor: TokenCursor): string {
  cursor.accept('as');
  return cursor.string();
}

function readCharacter(cursor: TokenCursor, option: string): string {
  const text = readText(cursor);
  if (text.length !== 1 || text > '\x7F') {
    throw new RedshiftError(`${option} must be a single ASCII character, got '${text}'`, {
      sqlState: '22023',
    });
  }
  return text;
}

function readSwitch(cursor: TokenCursor): boolean {
  if (cursor.accept('off') || cursor.accept('false')) return false;
  if (!cursor.accept('on')) cursor.accept('true');
  return true;
}

function readFileSize(cursor: TokenCursor): number {
  const bytes = readSize(cursor);
  if (bytes < MIN_FILE_BYTES || bytes > MAX_FILE_BYTES) {
    throw new RedshiftError('MAXFILESIZE must be between 5 MB and 6.2 GB', { sqlState: '22023' });
  }
  return bytes;
}

/** `100`, `100 mb`, `1.5 gb`; MB when no unit is said. */
function readSize(cursor: TokenCursor): number {
  cursor.accept('as');
  const token = cursor.next();
  if (token.kind !== 'number') throw cursor.syntaxError(-1);
  const unit = cursor.accept('gb') ? GIGABYTE : MEGABYTE;
  if (unit === MEGABYTE) cursor.accept('mb');
  return Math.floor(Number(token.text) * unit);
}
