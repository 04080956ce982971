import { RedshiftError } from '../redshift-error.ts';
import { TokenCursor } from '../sql/token-cursor.ts';
import { readUnloadOption, type UnloadDraft } from './unload-options.ts';

export type UnloadFormat =
  | {
      readonly kind: 'delimited';
      readonly delimiter: string;
      readonly addQuotes: boolean;
      readonly escapes: boolean;
    }
  | { readonly kind: 'fixed-width'; readonly widths: readonly number[] }
  | { readonly kind: 'csv'; readonly delimiter: string }
  | { readonly kind: 'json' | 'parquet' };

/** An UNLOAD, its options checked against one another. */
export interface UnloadStatement {
  /** Redshift SQL, its quotes undoubled. */
  readonly query: string;
  readonly bucket: string;
  /** What every key begins with. */
  readonly prefix: string;
  readonly format: UnloadFormat;
  readonly compression: 'gzip' | 'zstd' | undefined;
  readonly hasHeader: boolean;
  /** undefined: the empty string for text, blanks for fixed width. */
  readonly nullText: string | undefined;
  readonly partitionBy: readonly string[];
  /** The partition columns are also in the files. */
  readonly includesPartitions: boolean;
  readonly manifest: 'none' | 'plain' | 'verbose';
  readonly onExisting: 'refuse' | 'overwrite' | 'clean';
  readonly isParallel: boolean;
  /** Bytes; undefined when it was not said. */
  readonly maxFileBytes: number | undefined;
  /** Replaces the extension that the format and the compression would give. */
  readonly extension: string | undefined;
}

/**
 * Parses `UNLOAD ('select …') TO 's3://bucket/prefix' options`.
 *
 * @throws RedshiftError 42601 for an unknown, repeated or contradictory option, 0A000 for one that is not played here.
 */
export function parseUnload(sql: string): UnloadStatement {
  const cursor = new TokenCursor(sql);
  cursor.expect('unload');
  cursor.expectSymbol('(');
  const query = cursor.string().trim().replace(/;\s*$/u, '');
  cursor.expectSymbol(')');
  cursor.expect('to');
  const { bucket, prefix } = readUrl(cursor.string());
  const draft: UnloadDraft = {
    addQuotes: false,
    escapes: false,
    hasHeader: false,
    partitionBy: [],
    includesPartitions: false,
    manifest: 'none',
    onExisting: 'refuse',
    isParallel: true,
    hasCredentials: false,
    seen: new Set(),
  };
  while (!cursor.isAtEnd && !(cursor.isSymbol(';') && cursor.peek(1) === undefined))
    readUnloadOption(cursor, draft);
  if (!draft.hasCredentials) {
    throw new RedshiftError('No credentials were given: say IAM_ROLE or CREDENTIALS', { sqlState: '42601' });
  }
  refuseOuterLimit(query);
  return { query, bucket, prefix, ...settle(draft) };
}

function readUrl(url: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([^/]+)\/?(.*)$/su.exec(url);
  if (!match?.[1]) {
    throw new RedshiftError(
      `UNLOAD destination is not supported. (Hint: only S3 based unload is allowed) Got '${url}'`,
      {
        sqlState: '0A000',
      },
    );
  }
  return { bucket: match[1], prefix: match[2] ?? '' };
}

/** Redshift unloads whole results: a LIMIT has to stand in a sub-query. */
function refuseOuterLimit(query: string): void {
  const cursor = new TokenCursor(query);
  cursor.textUntil(({ kind, text }) => kind === 'word' && text === 'limit');
  if (!cursor.isAtEnd)
    throw new RedshiftError('Limit clause is not supported in UNLOAD', { sqlState: '0A000' });
}

/** Options that a format does not take. */
const EXCLUDED: Readonly<Record<string, readonly string[]>> = {
  csv: ['escape', 'addquotes'],
  json: ['header', 'delimiter', 'addquotes', 'escape', 'null'],
  parquet: ['header', 'delimiter', 'addquotes', 'escape', 'null', 'compression'],
  'fixed-width': ['delimiter', 'addquotes', 'escape', 'header'],
};

function settle(draft: UnloadDraft): Omit<UnloadStatement, 'query' | 'bucket' | 'prefix'> {
  const { format, seen } = draft;
  for (const option of EXCLUDED[format ?? ''] ?? []) {
    if (!seen.has(option)) continue;
    throw new RedshiftError(`${option.toUpperCase()} cannot be used with ${(format ?? '').toUpperCase()}`, {
      sqlState: '42601',
    });
  }
  if (draft.partitionBy.length > 0 && draft.maxFileBytes !== undefined) {
    throw new RedshiftError(
      'UNLOAD with both PARTITION BY and MAXFILESIZE is not supported by redshift-local',
      {
        sqlState: '0A000',
      },
    );
  }
  return {
    format: toFormat(draft),
    compression: draft.compression,
    hasHeader: draft.hasHeader,
    nullText: draft.nullText,
    partitionBy: draft.partitionBy,
    includesPartitions: draft.includesPartitions,
    manifest: draft.manifest,
    onExisting: draft.onExisting,
    isParallel: draft.isParallel,
    maxFileBytes: draft.maxFileBytes,
    extension: draft.extension,
  };
}

function toFormat({ format, delimiter, widths, addQuotes, escapes }: UnloadDraft): UnloadFormat {
  switch (format) {
    case undefined:
      return { kind: 'delimited', delimiter: delimiter ?? '|', addQuotes, escapes };
    case 'csv':
      return { kind: 'csv', delimiter: delimiter ?? ',' };
    case 'fixed-width':
      return { kind: 'fixed-width', widths: widths ?? [] };
    default:
      return { kind: format };
  }
}
