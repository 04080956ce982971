import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { LoadError } from '@millrace/core';
import { toName } from './column-names.ts';
import { type PackedFile, readUnpacked } from './read-unpacked.ts';

/** A file that a table is made from, as its name tells. */
export interface SampleFile extends PackedFile {
  readonly kind: 'text' | 'json' | 'parquet';
  /** The delimiter that the ending means; undefined where it is to be found out. */
  readonly delimiter: string | undefined;
  /** A name for the table: the file's without endings. */
  readonly tableName: string;
}

const COMPRESSION_OF: Readonly<Record<string, SampleFile['compression']>> = { '.gz': 'gzip', '.zst': 'zstd' };
const KIND_OF: Readonly<Record<string, SampleFile['kind']>> = {
  '.csv': 'text',
  '.tsv': 'text',
  '.txt': 'text',
  '.json': 'json',
  '.ndjson': 'json',
  '.jsonl': 'json',
  '.parquet': 'parquet',
};
const KINDS_HINT = 'name a .csv, .tsv, .json, .ndjson or .parquet file, packed as .gz or .zst or not at all';

/** @throws LoadError `sample-missing`, `sample-unsupported` or `sample-empty` */
export async function sampleFileOf(path: string): Promise<SampleFile> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new LoadError('sample-missing', `${path} cannot be read`, { hint: 'check the path', cause });
  });
  if (!info.isFile()) throw new LoadError('sample-missing', `${path} is not a file`, { hint: KINDS_HINT });
  if (info.size === 0)
    throw new LoadError('sample-empty', `${path} is empty`, { hint: 'name a file with rows' });
  const name = basename(path).toLowerCase();
  const compression = COMPRESSION_OF[extname(name)] ?? 'none';
  const unpacked = compression === 'none' ? name : name.slice(0, -extname(name).length);
  const kind = KIND_OF[extname(unpacked)];
  if (kind === undefined || (kind === 'parquet' && compression !== 'none')) {
    throw new LoadError('sample-unsupported', `what is in ${path} cannot be told from its name`, {
      hint: KINDS_HINT,
    });
  }
  const delimiter = unpacked.endsWith('.tsv') ? '\t' : undefined;
  const tableName = toName(unpacked.slice(0, -extname(unpacked).length)) || 'sample';
  const file: SampleFile = { path, kind, compression, delimiter, tableName };
  if (kind === 'json') await refuseList(file);
  return file;
}

/** Redshift's COPY takes JSON objects one after another; a list of them it refuses (or takes for one row). */
async function refuseList(file: SampleFile): Promise<void> {
  const line = await readFirstLine(file);
  if (!line.startsWith('[')) return;
  throw new LoadError(
    'sample-unsupported',
    `${file.path} is one list, and COPY takes objects one after another`,
    {
      hint: `rewrite it, for example with \`jq -c '.[]' ${file.path} > ${file.tableName}.ndjson\``,
    },
  );
}

/** More is no line of columns. */
const MAX_LINE_BYTES = 1024 * 1024;

/** The first line that is not blank, unpacked, without what stands around it; at most 1 MiB. */
export async function readFirstLine(file: SampleFile): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  await readUnpacked(file, (chunk) => {
    text = (text + decoder.decode(chunk, { stream: true })).replace(/^[\s\u{feff}]+/u, '');
    return text.includes('\n') || text.length > MAX_LINE_BYTES;
  });
  const [line = ''] = text.split(/\r?\n/u, 1);
  return line;
}
