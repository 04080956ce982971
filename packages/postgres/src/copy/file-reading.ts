import { type CopyOptions, LoadError, parseCopyOptions } from '@millrace/core';

/** How the bytes of an object are unpacked. */
export type Packing = 'none' | 'gzip' | 'zstd' | 'bzip2';

/** What becomes of a field before it is a value of a column. */
export interface FieldRules {
  /** The text that stands for NULL, when it is not quoted. */
  readonly nullAs: string;
  /** Texts that are empty are NULL; else they are empty texts. What is no text is NULL anyway when its field is empty. */
  readonly emptyAsNull: boolean;
  /** Texts of blanks alone are NULL. */
  readonly blanksAsNull: boolean;
  /** Blanks at the end of texts are dropped. */
  readonly trimBlanks: boolean;
  /** Texts that are longer than their column are cut. */
  readonly truncates: boolean;
  /** Numbers in timestamps are seconds or milliseconds since 1970. */
  readonly epoch: 'seconds' | 'milliseconds' | null;
}

/** Lines of fields: CSV and delimited text. */
export interface LineReading {
  readonly kind: 'lines';
  /** A byte. */
  readonly delimiter: number;
  /** The bytes that open and close a quoted field; a doubled one inside is the character. Empty: nothing is quoted. */
  readonly quotes: readonly number[];
  /** Whether a quote inside a quoted field is doubled (CSV), or only ends it where a delimiter follows (REMOVEQUOTES). */
  readonly doublesQuotes: boolean;
  /** A backslash takes the character behind it as data. */
  readonly escapes: boolean;
  /** Lines to skip at the beginning of every file. */
  readonly skipLines: number;
  /** Missing fields at the end of a line are NULL. */
  readonly fillsRecord: boolean;
  readonly ignoresBlankLines: boolean;
}

export interface JsonReading {
  readonly kind: 'json';
  readonly ignoresCase: boolean;
}

/** How a COPY reads its objects: its options, understood. */
export interface FileReading {
  readonly packing: Packing;
  /** The encoding of the bytes, as TextDecoder calls it; null: UTF-8, which PostgreSQL checks. */
  readonly encoding: 'utf-16le' | 'utf-16be' | 'utf-16' | 'latin1' | null;
  readonly rows: LineReading | JsonReading;
  readonly fields: FieldRules;
}

/** Forms that PostgreSQL reads by itself with DateStyle ISO. */
const ISO_DATES = new Set(['auto', 'yyyy-mm-dd']);
const ISO_TIMES = new Set(['auto', 'yyyy-mm-dd hh:mi:ss', 'yyyy-mm-dd hh24:mi:ss', 'yyyy-mm-ddthh:mi:ss']);

/**
 * COPY options, as PostgreSQL's rows are read by them.
 *
 * @throws LoadError `copy-option` (class `config`) that names the first option that has no meaning here.
 */
export function toFileReading(text: string): FileReading {
  const options = parseCopyOptions(text);
  refuseOthers(options);
  const { format } = options;
  const fields: FieldRules = {
    nullAs: options.nullAs ?? '\\N',
    emptyAsNull: options.emptyAsNull,
    blanksAsNull: options.blanksAsNull,
    trimBlanks: options.trimBlanks,
    truncates: options.truncateColumns,
    epoch: readEpoch(options.timeFormat),
  };
  const shared = { packing: packingOf(options), encoding: encodingOf(options), fields };
  const lines = {
    skipLines: options.ignoreHeader,
    fillsRecord: options.fillRecord,
    ignoresBlankLines: options.ignoreBlankLines,
  };
  switch (format.kind) {
    case 'csv':
      return {
        ...shared,
        rows: {
          kind: 'lines',
          delimiter: byteOf(format.delimiter),
          quotes: [byteOf(format.quote)],
          doublesQuotes: true,
          escapes: false,
          ...lines,
        },
      };
    case 'delimited':
      return {
        ...shared,
        rows: {
          kind: 'lines',
          delimiter: byteOf(format.delimiter),
          quotes: format.removeQuotes ? [byteOf('"'), byteOf("'")] : [],
          doublesQuotes: false,
          escapes: format.escape,
          ...lines,
        },
      };
    case 'json': {
      const { kind } = format.paths;
      if (kind === 'file') {
        throw refusal('JSON with a JSONPaths file', "name the columns in the objects, and write JSON 'auto'");
      }
      if (kind === 'noshred') throw refusal("JSON 'noshred'", "write JSON 'auto'");
      return { ...shared, rows: { kind: 'json', ignoresCase: kind === 'auto-ignorecase' } };
    }
    default:
      throw refusal(NAMES[format.kind] ?? format.kind, 'write CSV, delimited text or JSON');
  }
}

const NAMES: Readonly<Record<string, string>> = {
  'fixed-width': 'FIXEDWIDTH',
  parquet: 'PARQUET',
  avro: 'AVRO',
  orc: 'ORC',
  shapefile: 'SHAPEFILE',
};

/** Options that would be passed over in silence, each with what to do instead. */
function refuseOthers(options: CopyOptions): void {
  const refuse = (isSaid: boolean, name: string, hint: string): void => {
    if (isSaid) throw refusal(name, hint);
  };
  refuse(options.credentials !== undefined, 'IAM_ROLE', 'remove it: Millrace reads the objects itself');
  refuse(options.region !== undefined, 'REGION', "say it in 'objects', which Millrace reads by");
  refuse(
    options.acceptInvalidChars !== undefined,
    'ACCEPTINVCHARS',
    'write the files in UTF-8, or name their ENCODING',
  );
  refuse(options.acceptAnyDate, 'ACCEPTANYDATE', 'remove it: a date that is none is an error of its file');
  refuse(options.explicitIds, 'EXPLICIT_IDS', "list the identity column in 'columns'");
  refuse(
    options.maxError !== undefined && options.maxError > 1,
    'MAXERROR',
    'remove it: a bad row fails its file',
  );
  refuse(options.ignoreAllErrors, 'IGNOREALLERRORS', 'remove it: a bad row fails its file');
  refuse(options.compRows !== undefined, 'COMPROWS', 'remove it');
  refuse(options.statUpdate === 'on', 'STATUPDATE ON', 'remove it: autovacuum keeps the statistics');
  const { dateFormat, timeFormat } = options;
  refuse(
    dateFormat !== undefined && !ISO_DATES.has(dateFormat.toLowerCase()),
    `DATEFORMAT '${dateFormat}'`,
    "write dates as YYYY-MM-DD, and DATEFORMAT 'auto' or nothing",
  );
  refuse(
    timeFormat !== undefined && readEpoch(timeFormat) === null && !ISO_TIMES.has(timeFormat.toLowerCase()),
    `TIMEFORMAT '${timeFormat}'`,
    "write times as YYYY-MM-DD HH:MI:SS, or as a number with TIMEFORMAT 'epochsecs' or 'epochmillisecs'",
  );
}

function refusal(what: string, hint: string): LoadError {
  return new LoadError('copy-option', `${what} is not supported with PostgreSQL`, { class: 'config', hint });
}

function readEpoch(timeFormat: string | undefined): FieldRules['epoch'] {
  const form = timeFormat?.toLowerCase();
  if (form === 'epochsecs') return 'seconds';
  return form === 'epochmillisecs' ? 'milliseconds' : null;
}

function packingOf({ compression }: CopyOptions): Packing {
  if (compression === 'lzop') throw refusal('LZOP', 'pack the files with gzip, zstd or bzip2');
  return compression ?? 'none';
}

function encodingOf({ encoding }: CopyOptions): FileReading['encoding'] {
  switch (encoding) {
    case 'utf8':
      return null;
    case 'utf16':
      return 'utf-16';
    case 'utf16le':
      return 'utf-16le';
    case 'utf16be':
      return 'utf-16be';
    case 'iso88591':
      return 'latin1';
  }
}

function byteOf(character: string): number {
  return character.charCodeAt(0);
}
