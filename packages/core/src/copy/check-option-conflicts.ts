import { LoadError } from '../recover/load-error.ts';
import type { CopyOptions } from './copy-options.ts';

/** Options that JSON and Avro do not take. */
const NOT_WITH_JSON = [
  'quote',
  'delimiter',
  'escape',
  'fillrecord',
  'ignoreblanklines',
  'null',
  'readratio',
  'removequotes',
];

/** All that Parquet and ORC take; any other option is refused. */
const WITH_COLUMNAR = new Set([
  '',
  'format',
  'credentials',
  'access_key_id',
  'secret_access_key',
  'session_token',
  'manifest',
  'region',
  'acceptinvchars',
  'fillrecord',
  'explicit_ids',
  'statupdate',
  'compupdate',
]);

/**
 * Options that exclude each other. `words` are the options as they were said.
 *
 * @throws LoadError `copy-option`
 */
export function checkOptionConflicts(options: CopyOptions, words: ReadonlySet<string>): void {
  const { kind } = options.format;
  const refuse = (word: string, hint: string): never => {
    throw new LoadError('copy-option', `${word.toUpperCase()} is not supported for ${nameOf(kind)}`, {
      hint,
    });
  };
  if (kind === 'parquet' || kind === 'orc') {
    const extra = [...words].find((word) => !WITH_COLUMNAR.has(word));
    if (extra === 'compression')
      refuse('compression', 'columnar files carry their own compression: remove it');
    if (extra !== undefined) refuse(extra, 'remove it');
  }
  if (kind === 'json' || kind === 'avro') {
    const extra = NOT_WITH_JSON.find((word) => words.has(word));
    if (extra !== undefined) refuse(extra, 'remove it');
  }
  if (kind === 'csv') {
    for (const word of ['escape', 'removequotes']) {
      if (words.has(word))
        refuse(word, 'in CSV a quote character is escaped by doubling it: remove the option');
    }
    if (options.format.kind === 'csv' && options.format.quote === options.format.delimiter) {
      throw new LoadError('copy-option', 'QUOTE and DELIMITER are the same character', {
        hint: 'change one of them',
      });
    }
  } else if (words.has('quote')) {
    refuse('quote', 'it belongs to CSV');
  }
  if (kind === 'fixed-width') {
    const extra = ['delimiter', 'escape', 'removequotes'].find((word) => words.has(word));
    if (extra !== undefined) refuse(extra, 'the widths say where fields end: remove it');
  }
  if (options.format.kind === 'delimited' && options.format.escape && options.format.delimiter === '\\') {
    throw new LoadError('copy-option', "DELIMITER '\\' cannot be used with ESCAPE", {
      hint: 'change the delimiter',
    });
  }
  if (/[\n\r]/u.test('delimiter' in options.format ? options.format.delimiter : '')) {
    throw new LoadError('copy-option', 'DELIMITER cannot be a line end', { hint: 'change the delimiter' });
  }
  if (words.has('session_token') && !words.has('access_key_id')) {
    throw new LoadError('copy-option', 'SESSION_TOKEN needs ACCESS_KEY_ID and SECRET_ACCESS_KEY');
  }
}

function nameOf(kind: CopyOptions['format']['kind']): string {
  return kind === 'delimited' ? 'delimited text' : kind === 'fixed-width' ? 'FIXEDWIDTH' : kind.toUpperCase();
}
