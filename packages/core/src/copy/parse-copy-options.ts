import { LoadError } from '../recover/load-error.ts';
import type { Token } from '../sql/tokenizer.ts';
import { checkOptionConflicts } from './check-option-conflicts.ts';
import type { CopyCredentials, CopyOptions, CopyPaths, FixedWidthColumn } from './copy-options.ts';
import { nearestWord } from './nearest-word.ts';
import { OptionCursor } from './option-cursor.ts';
import { assembleOptions, type OptionDraft } from './option-draft.ts';

type Reader = (draft: OptionDraft, cursor: OptionCursor, word: Token) => void;

/** Redshift's own bound of MAXERROR. */
const MAX_MAXERROR = 100_000;

/**
 * Reads the options of a COPY: everything behind `FROM '…'`. Keywords in any case and any order, `AS` wherever
 * Redshift lets it be left out.
 *
 * @throws LoadError `copy-option` for an unknown word (with its position and the option that looks most like it), an
 * argument that cannot be, an option said twice, and options that exclude each other.
 */
export function parseCopyOptions(text: string): CopyOptions {
  const cursor = new OptionCursor(text);
  const draft: OptionDraft = {};
  const seen = new Set<string>();
  for (let word = cursor.next(); word; word = cursor.next()) {
    if (word.kind === 'symbol' && word.text === ';' && cursor.isAtEnd) break;
    const read = word.kind === 'word' ? READERS[word.text] : undefined;
    if (!read) throw unknownOption(text, word);
    const slot = SLOTS[word.text] ?? word.text;
    if (slot !== '' && seen.has(slot)) throw repeatedOption(slot, word);
    seen.add(slot);
    read(draft, cursor, word);
  }
  const options = assembleOptions(draft);
  checkOptionConflicts(options, seen);
  return options;
}

/** Words that fill one slot together, so that two of them are one option said twice. An empty slot is no option. */
const SLOTS: Readonly<Record<string, string>> = {
  format: '',
  as: '',
  with: '',
  csv: 'format',
  fixedwidth: 'format',
  json: 'format',
  avro: 'format',
  parquet: 'format',
  orc: 'format',
  shapefile: 'format',
  gzip: 'compression',
  bzip2: 'compression',
  lzop: 'compression',
  zstd: 'compression',
  iam_role: 'credentials',
  aws_iam_role: 'credentials',
};

const READERS: Readonly<Record<string, Reader>> = {
  iam_role: (draft, cursor) => {
    const role = cursor.takeWord('default') ? 'default' : cursor.string('iam_role');
    draft.credentials = { kind: 'role', role };
  },
  credentials: (draft, cursor, word) => {
    cursor.takeWord('as');
    draft.credentials = readCredentials(cursor.string('credentials'), word);
  },
  with: (_draft, cursor, word) => {
    if (!cursor.peekWord('credentials')) throw optionError('WITH is to be followed by CREDENTIALS', word);
  },
  access_key_id: (draft, cursor) => {
    draft.accessKeyId = cursor.asString('access_key_id');
  },
  secret_access_key: (draft, cursor) => {
    draft.secretAccessKey = cursor.asString('secret_access_key');
  },
  session_token: (draft, cursor) => {
    draft.sessionToken = cursor.asString('session_token');
  },
  manifest: (draft) => {
    draft.manifest = true;
  },
  encrypted: (draft) => {
    draft.encrypted = true;
  },
  master_symmetric_key: (draft, cursor) => {
    cursor.asString('master_symmetric_key');
    draft.encrypted = true;
  },
  region: (draft, cursor) => {
    draft.region = cursor.asString('region');
  },
  format: (_draft, cursor, word) => {
    cursor.takeWord('as');
    if (!cursor.peekOneOf(FORMATS)) {
      throw optionError(
        'FORMAT is to be followed by a format',
        word,
        `write one of ${FORMATS.join(', ').toUpperCase()}`,
      );
    }
  },
  as: (_draft, cursor, word) => {
    if (!cursor.peekOneOf(FORMATS))
      throw optionError('AS stands alone here', word, 'remove it, or name a format after it');
  },
  csv: (draft) => {
    draft.kind = 'csv';
  },
  quote: (draft, cursor, word) => {
    draft.quote = oneCharacter('QUOTE', cursor.asString('quote'), word);
  },
  delimiter: (draft, cursor, word) => {
    draft.delimiter = oneCharacter('DELIMITER', cursor.asString('delimiter'), word);
  },
  fixedwidth: (draft, cursor, word) => {
    draft.kind = 'fixed-width';
    draft.widths = readWidths(cursor.asString('fixedwidth'), word);
  },
  shapefile: (draft, cursor) => {
    draft.kind = 'shapefile';
    if (cursor.takeWord('simplify')) {
      const auto = cursor.takeWord('auto') ? 'auto' : '';
      draft.simplify = [auto, cursor.takeNumber() ?? ''].filter(Boolean).join(' ');
    }
  },
  avro: (draft, cursor, word) => {
    draft.kind = 'avro';
    draft.paths = readPaths(cursor, word, ['auto', 'auto ignorecase']);
  },
  json: (draft, cursor, word) => {
    draft.kind = 'json';
    draft.paths = readPaths(cursor, word, ['auto', 'auto ignorecase', 'noshred']);
  },
  parquet: (draft, cursor) => {
    draft.kind = 'parquet';
    draft.serializesToJson = cursor.takeWord('serializetojson');
  },
  orc: (draft, cursor) => {
    draft.kind = 'orc';
    draft.serializesToJson = cursor.takeWord('serializetojson');
  },
  gzip: (draft) => {
    draft.compression = 'gzip';
  },
  bzip2: (draft) => {
    draft.compression = 'bzip2';
  },
  lzop: (draft) => {
    draft.compression = 'lzop';
  },
  zstd: (draft) => {
    draft.compression = 'zstd';
  },
  acceptanydate: (draft) => {
    draft.acceptAnyDate = true;
  },
  acceptinvchars: (draft, cursor, word) => {
    cursor.takeWord('as');
    const replacement = cursor.takeString() ?? '?';
    draft.acceptInvalidChars = oneCharacter('ACCEPTINVCHARS', replacement, word);
  },
  blanksasnull: (draft) => {
    draft.blanksAsNull = true;
  },
  dateformat: (draft, cursor) => {
    draft.dateFormat = cursor.asString('dateformat');
  },
  emptyasnull: (draft) => {
    draft.emptyAsNull = true;
  },
  encoding: (draft, cursor, word) => {
    cursor.takeWord('as');
    draft.encoding = readEncoding(cursor, word);
  },
  escape: (draft) => {
    draft.escape = true;
  },
  explicit_ids: (draft) => {
    draft.explicitIds = true;
  },
  fillrecord: (draft) => {
    draft.fillRecord = true;
  },
  ignoreblanklines: (draft) => {
    draft.ignoreBlankLines = true;
  },
  ignoreheader: (draft, cursor) => {
    draft.ignoreHeader = cursor.asCount('ignoreheader');
  },
  null: (draft, cursor) => {
    draft.nullAs = cursor.asString('null as');
  },
  removequotes: (draft) => {
    draft.removeQuotes = true;
  },
  roundec: (draft) => {
    draft.roundDecimals = true;
  },
  timeformat: (draft, cursor) => {
    draft.timeFormat = cursor.asString('timeformat');
  },
  trimblanks: (draft) => {
    draft.trimBlanks = true;
  },
  truncatecolumns: (draft) => {
    draft.truncateColumns = true;
  },
  comprows: (draft, cursor) => {
    draft.compRows = cursor.asCount('comprows');
  },
  compupdate: (draft, cursor) => {
    draft.compUpdate = cursor.takeWord('preset') ? 'preset' : (cursor.takeSwitch() ?? 'on');
  },
  statupdate: (draft, cursor) => {
    draft.statUpdate = cursor.takeSwitch() ?? 'on';
  },
  ignoreallerrors: (draft) => {
    draft.ignoreAllErrors = true;
  },
  maxerror: (draft, cursor, word) => {
    const count = cursor.asCount('maxerror');
    draft.maxError = count;
    if (count > MAX_MAXERROR) {
      throw optionError(`MAXERROR ${count} is more than Redshift allows`, word, `at most ${MAX_MAXERROR}`);
    }
  },
  noload: (draft) => {
    draft.noLoad = true;
  },
  ssh: (draft) => {
    draft.ssh = true;
  },
  readratio: (draft, cursor) => {
    draft.readRatio = cursor.asCount('readratio');
  },
  job: (draft, cursor, word) => {
    if (!cursor.takeWord('create')) throw optionError('JOB is to be followed by CREATE', word);
    draft.job = cursor.identifier('job create');
    if (cursor.takeWord('auto')) cursor.takeSwitch();
  },
};

const FORMATS = ['csv', 'json', 'avro', 'parquet', 'orc', 'fixedwidth', 'shapefile', 'delimiter'];

/** The names of all options, for suggestions. */
const OPTION_NAMES = Object.keys(READERS).filter((name) => SLOTS[name] !== '');

/** `aws_iam_role=…` or `aws_access_key_id=…;aws_secret_access_key=…[;token=…]`. */
function readCredentials(text: string, word: Token): CopyCredentials {
  const parts = new Map<string, string>();
  for (const part of text.split(';').filter((piece) => piece.trim() !== '')) {
    const at = part.indexOf('=');
    parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  const role = parts.get('aws_iam_role');
  if (role !== undefined) return { kind: 'role', role };
  const accessKeyId = parts.get('aws_access_key_id');
  const secretAccessKey = parts.get('aws_secret_access_key');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    // The text is not repeated: it may hold a secret.
    throw optionError(
      'the CREDENTIALS text is not understood',
      word,
      "write CREDENTIALS 'aws_iam_role=arn:aws:iam::…'",
    );
  }
  const token = parts.get('token');
  return { kind: 'keys', accessKeyId, secretAccessKey, ...(token === undefined ? {} : { token }) };
}

function readPaths(cursor: OptionCursor, word: Token, words: readonly string[]): CopyPaths {
  cursor.takeWord('as');
  const text = cursor.takeString();
  if (text === undefined || text === 'auto') return { kind: 'auto' };
  if (text.startsWith('s3://')) return { kind: 'file', url: text };
  const paths = text.trim().replace(/\s+/gu, ' ').toLowerCase();
  if (!words.includes(paths)) {
    const choices = words.map((choice) => `'${choice}'`).join(', ');
    throw optionError(
      `${word.text.toUpperCase()} '${text}' is not known`,
      word,
      `write ${choices} or 's3://…/jsonpaths.json'`,
    );
  }
  if (paths === 'noshred') return { kind: 'noshred' };
  return { kind: paths === 'auto' ? 'auto' : 'auto-ignorecase' };
}

function readWidths(text: string, word: Token): FixedWidthColumn[] {
  return text.split(',').map((part) => {
    const match = /^\s*(.+?)\s*:\s*(\d+)\s*$/u.exec(part);
    const width = Number(match?.[2]);
    if (!match?.[1] || !(width > 0)) {
      throw optionError(`FIXEDWIDTH '${text}': '${part}' is not label:width`, word, "write 'id:5,name:20'");
    }
    return { label: match[1], width };
  });
}

const ENCODINGS = ['utf8', 'utf16', 'utf16le', 'utf16be', 'iso88591'] as const;

function readEncoding(cursor: OptionCursor, word: Token): CopyOptions['encoding'] {
  const name = (cursor.takeString() ?? cursor.identifier('encoding')).toLowerCase();
  const encoding = ENCODINGS.find((candidate) => candidate === name);
  if (!encoding)
    throw optionError(
      `ENCODING ${name} is not known`,
      word,
      `write one of ${ENCODINGS.join(', ').toUpperCase()}`,
    );
  return encoding;
}

/** One ASCII character: itself, or octal (`\001`) or `\t` where the literal came with its backslash doubled. */
function oneCharacter(option: string, text: string, word: Token): string {
  const octal = /^\\([0-7]{1,3})$/u.exec(text)?.[1];
  const char = octal ? String.fromCharCode(Number.parseInt(octal, 8)) : text === '\\t' ? '\t' : text;
  if (char.length !== 1 || char.charCodeAt(0) > 0x7f) {
    throw optionError(`${option} should be one ASCII character, got '${text}'`, word);
  }
  return char;
}

function unknownOption(text: string, word: Token): LoadError {
  const name = text.slice(word.start, word.end);
  if (word.text === 'from')
    return optionError('FROM is given twice', word, 'the options begin behind the first address');
  const nearest = word.kind === 'word' ? nearestWord(word.text, OPTION_NAMES) : undefined;
  return optionError(
    `'${name}' is not an option of COPY`,
    word,
    nearest && `did you mean ${nearest.toUpperCase()}`,
  );
}

function repeatedOption(slot: string, word: Token): LoadError {
  const what =
    slot === 'format' || slot === 'compression' || slot === 'credentials' ? slot : word.text.toUpperCase();
  return optionError(`the ${what} is given twice (again: ${word.text.toUpperCase()})`, word, 'keep one');
}

function optionError(what: string, at: Token, hint?: string): LoadError {
  return new LoadError(
    'copy-option',
    `${what} (position ${at.start + 1})`,
    hint === undefined ? {} : { hint },
  );
}
