import {
  type CopyOptions,
  type FileCopy,
  type FileLook,
  type FileShapes,
  LoadError,
  type ObjectRef,
  type ObjectStore,
  parseCopyOptions,
  type RescuedFile,
  renderCopyOptions,
  type ShapedFile,
  urlOf,
} from '@millrace/core';
import { lookAtCsv } from './csv-look.ts';
import { type RescueCount, rescueCsv } from './csv-rescue.ts';
import { lookAtJson } from './json-look.ts';
import { rescueJson } from './json-rescue.ts';
import { ParquetFile } from './parquet-file.ts';
import { lookAtParquet } from './parquet-look.ts';
import { isExact, rowsAsJson } from './parquet-rows.ts';
import type { SortRules } from './row-sorter.ts';
import { UnpackError, unpack } from './unpack.ts';
import { packed } from './write-copy.ts';

/** Columns of looks that are remembered, over all files: some megabytes. */
const MAX_KNOWN_COLUMNS = 100_000;

/**
 * Looks into the files of an object store. Remembers what it saw, so that a file that waits for a later job, or is loaded once more after a
 * failure, is not read again by the same process. Another one reads it again.
 */
export class ObjectShapes implements FileShapes {
  readonly #objects: ObjectStore;
  /** By place, version and how it is read; the oldest first. */
  readonly #known = new Map<string, FileLook>();
  #knownColumns = 0;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async look(file: ShapedFile): Promise<FileLook> {
    const key = JSON.stringify([urlOf(file.at), file.etag, file.copy.options, file.columns]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const look = await this.#lookAnew(file);
    this.#remember(key, look);
    return look;
  }

  #remember(key: string, look: FileLook): void {
    this.#known.set(key, look);
    this.#knownColumns += weightOf(look);
    for (const [oldest, one] of this.#known) {
      if (this.#knownColumns <= MAX_KNOWN_COLUMNS) return;
      this.#known.delete(oldest);
      this.#knownColumns -= weightOf(one);
    }
  }

  async #lookAnew(file: ShapedFile): Promise<FileLook> {
    const options = parseCopyOptions(file.copy.options);
    try {
      return await this.#look(file, options);
    } catch (error) {
      if (!(error instanceof UnpackError)) throw error;
      return {
        kind: 'unreadable',
        reason: `the file cannot be unpacked: ${error.message}`,
        hint: 'write the file anew, or correct how the configuration says it is packed',
      };
    }
  }

  async rescue(
    file: ShapedFile,
    { to, ...rules }: SortRules & { readonly to: ObjectRef },
  ): Promise<RescuedFile | undefined> {
    const options = parseCopyOptions(file.copy.options);
    const count: RescueCount = { rows: 0, columns: [], dropsColumns: false };
    const found = await this.#rescuedLines(file, { options, rules, count });
    if (found === undefined) return undefined;
    const { lines, copy } = found;
    const at = { ...to, key: `${to.key}.${copy.format}.gz` };
    const written = await this.#objects.write(at, packed(lines));
    if (written === undefined) throw new LoadError('object-there', `${urlOf(at)} could not be written`);
    if (count.rows === 0 && !count.dropsColumns) {
      await this.#objects.delete(at, { ifMatch: written.etag });
      return undefined;
    }
    return { at, size: written.size, copy, columns: copy.format === 'csv' ? count.columns : null };
  }

  /** @returns undefined when the file cannot be written as rows: it is loaded as it is. */
  async #rescuedLines(
    file: ShapedFile,
    { options, rules, count }: { options: CopyOptions; rules: SortRules; count: RescueCount },
  ): Promise<{ lines: AsyncIterable<string>; copy: FileCopy } | undefined> {
    const { format } = options;
    const bytes = await this.#read(file, options);
    const packedCopy = (read: CopyOptions, kind: FileCopy['format']): FileCopy => ({
      ...file.copy,
      format: kind,
      options: renderCopyOptions({ ...read, compression: 'gzip' }),
    });
    if (format.kind === 'csv') {
      const site = { options, ...format, columns: file.columns };
      return { lines: rescueCsv(bytes, { site, rules, count }), copy: packedCopy(options, 'csv') };
    }
    if (format.kind === 'json') {
      const rescue = { options, ignoresCase: ignoresCase(options), rules, count };
      return { lines: rescueJson(bytes, rescue), copy: packedCopy(options, 'json') };
    }
    const parquet = await ParquetFile.open(bytes);
    if (!isExact(parquet)) return undefined;
    const read: CopyOptions = { ...options, format: { kind: 'json', paths: { kind: 'auto' } } };
    const rescue = { options: read, ignoresCase: false, rules, count };
    return { lines: rescueJson(rowsAsJson(parquet), rescue), copy: packedCopy(read, 'json') };
  }

  async #look(file: ShapedFile, options: CopyOptions): Promise<FileLook> {
    const { format } = options;
    const bytes = await this.#read(file, options);
    switch (format.kind) {
      case 'csv':
        return lookAtCsv(bytes, { options, ...format, columns: file.columns });
      case 'json':
        return lookAtJson(bytes, { options, ignoresCase: ignoresCase(options) });
      case 'parquet':
        return lookAtParquet(await ParquetFile.open(bytes));
      default:
        throw new LoadError('format-unread', `files of ${format.kind} do not name their columns`);
    }
  }

  async #read({ at, etag }: ShapedFile, { compression }: CopyOptions): Promise<AsyncIterable<Uint8Array>> {
    return unpack(await this.#objects.read(at, etag === undefined ? {} : { ifMatch: etag }), compression);
  }
}

function ignoresCase({ format }: CopyOptions): boolean {
  return format.kind === 'json' && format.paths.kind === 'auto-ignorecase';
}

/** What a look costs to remember, in columns: an entry without any is one too. */
function weightOf(look: FileLook): number {
  return look.kind === 'shape' ? look.columns.length + 1 : 1;
}
