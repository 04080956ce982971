import {
  type CopyOptions,
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
    const { format } = options;
    const count: RescueCount = { rows: 0, columns: [], dropsColumns: false };
    const bytes = await this.#read(file, options);
    const lines =
      format.kind === 'csv'
        ? rescueCsv(bytes, { site: { options, ...format, columns: file.columns }, rules, count })
        : rescueJson(bytes, { options, ignoresCase: ignoresCase(options), rules, count });
    const at = { ...to, key: `${to.key}.${format.kind}.gz` };
    const written = await this.#objects.write(at, packed(lines));
    if (written === undefined) throw new LoadError('object-there', `${urlOf(at)} could not be written`);
    if (count.rows === 0 && !count.dropsColumns) {
      await this.#objects.delete(at, { ifMatch: written.etag });
      return undefined;
    }
    return {
      at,
      size: written.size,
      copy: { ...file.copy, options: renderCopyOptions({ ...options, compression: 'gzip' }) },
      columns: format.kind === 'csv' ? count.columns : null,
    };
  }

  async #look(file: ShapedFile, options: CopyOptions): Promise<FileLook> {
    const { format } = options;
    const bytes = await this.#read(file, options);
    switch (format.kind) {
      case 'csv':
        return lookAtCsv(bytes, { options, ...format, columns: file.columns });
      case 'json':
        return lookAtJson(bytes, { options, ignoresCase: ignoresCase(options) });
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
