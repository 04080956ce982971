import { LoadError } from '../recover/load-error.ts';
import type {
  CopyCredentials,
  CopyFormat,
  CopyOptions,
  CopyPaths,
  FixedWidthColumn,
} from './copy-options.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What has been read so far; the format is put together at the end, since its parts may come in any order. */
export interface OptionDraft extends Partial<Mutable<Omit<CopyOptions, 'format'>>> {
  kind?: CopyFormat['kind'];
  delimiter?: string;
  quote?: string;
  escape?: boolean;
  removeQuotes?: boolean;
  widths?: readonly FixedWidthColumn[];
  paths?: CopyPaths;
  serializesToJson?: boolean;
  simplify?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
}

/**
 * Puts the options together: defaults, credentials and the format, whose parts may have come in any order.
 *
 * @throws LoadError `copy-option` when the credentials are incomplete or given twice.
 */
export function assembleOptions(draft: OptionDraft): CopyOptions {
  const { accessKeyId, secretAccessKey, sessionToken } = draft;
  const rest = withoutFormatParts(draft);
  const keys = keysOf({ accessKeyId, secretAccessKey, sessionToken });
  if (keys && rest.credentials) {
    throw new LoadError('copy-option', 'credentials are given twice', { hint: 'keep IAM_ROLE alone' });
  }
  const credentials = rest.credentials ?? keys;
  return {
    manifest: false,
    encrypted: false,
    acceptAnyDate: false,
    blanksAsNull: false,
    emptyAsNull: false,
    encoding: 'utf8',
    explicitIds: false,
    fillRecord: false,
    ignoreBlankLines: false,
    ignoreHeader: 0,
    roundDecimals: false,
    trimBlanks: false,
    truncateColumns: false,
    ignoreAllErrors: false,
    noLoad: false,
    ssh: false,
    ...rest,
    ...(credentials === undefined ? {} : { credentials }),
    format: formatOf(draft),
  };
}

/** Words that a draft has and the options do not: they went into the format and the credentials. */
const DRAFT_ONLY = new Set<string>([
  ...[
    'kind',
    'delimiter',
    'quote',
    'escape',
    'removeQuotes',
    'widths',
    'paths',
    'serializesToJson',
    'simplify',
  ],
  ...['accessKeyId', 'secretAccessKey', 'sessionToken'],
]);

function withoutFormatParts(draft: OptionDraft): Partial<Omit<CopyOptions, 'format'>> {
  return Object.fromEntries(Object.entries(draft).filter(([key]) => !DRAFT_ONLY.has(key)));
}

function formatOf(draft: OptionDraft): CopyFormat {
  const paths = draft.paths ?? { kind: 'auto' };
  const serializesToJson = draft.serializesToJson ?? false;
  switch (draft.kind) {
    case 'csv':
      return { kind: 'csv', delimiter: draft.delimiter ?? ',', quote: draft.quote ?? '"' };
    case 'fixed-width':
      return { kind: 'fixed-width', columns: draft.widths ?? [], escape: false, removeQuotes: false };
    case 'json':
      return { kind: 'json', paths };
    case 'avro':
      return { kind: 'avro', paths };
    case 'parquet':
      return { kind: 'parquet', serializesToJson };
    case 'orc':
      return { kind: 'orc', serializesToJson };
    case 'shapefile':
      return { kind: 'shapefile', ...(draft.simplify === undefined ? {} : { simplify: draft.simplify }) };
    default:
      return {
        kind: 'delimited',
        delimiter: draft.delimiter ?? '|',
        escape: draft.escape ?? false,
        removeQuotes: draft.removeQuotes ?? false,
      };
  }
}

function keysOf(keys: {
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
  sessionToken: string | undefined;
}): CopyCredentials | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  if (accessKeyId === undefined && secretAccessKey === undefined && sessionToken === undefined)
    return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new LoadError('copy-option', 'ACCESS_KEY_ID and SECRET_ACCESS_KEY belong together', {
      hint: 'give both, or better IAM_ROLE',
    });
  }
  return {
    kind: 'keys',
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { token: sessionToken }),
  };
}
