import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shortHash } from '@millrace/core';
import { syncToDisk } from '../sqlite/sync-to-disk.ts';
import { isAbsent } from './file-errors.ts';
import { makeFolder } from './folders.ts';
import { HIDDEN_FOLDER } from './key-path.ts';

/** The tags of one object, as they are kept. */
export interface TaggedObject {
  readonly key: string;
  /** Of the bytes that were tagged: tags of other bytes do not count. */
  readonly etag: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** The tags of a bucket's objects: a small JSON file each, in a hidden folder, named by a hash of the key. */
export class ObjectTags {
  readonly #folder: string;

  constructor(bucketPath: string) {
    this.#folder = join(bucketPath, HIDDEN_FOLDER, 'tags');
  }

  /** Replaces the tags of an object, durably. */
  async put(tagged: TaggedObject): Promise<void> {
    await makeFolder(this.#folder);
    const path = this.#pathOf(tagged.key);
    const partial = `${path}.${randomUUID()}`;
    await writeFile(partial, `${JSON.stringify(tagged)}\n`, { flush: true });
    await rename(partial, path);
    await syncToDisk(this.#folder);
  }

  /** The tags that the key's bytes with that ETag have. */
  async get(key: string, etag: string): Promise<Readonly<Record<string, string>>> {
    try {
      const tagged = JSON.parse(await readFile(this.#pathOf(key), 'utf8')) as TaggedObject;
      return tagged.key === key && tagged.etag === etag ? tagged.tags : {};
    } catch (error) {
      if (isAbsent(error)) return {};
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  #pathOf(key: string): string {
    return join(this.#folder, `${shortHash([key])}.json`);
  }
}
