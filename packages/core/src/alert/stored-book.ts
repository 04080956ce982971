import { readText } from '../load/job-document.ts';
import type { ObjectInfo, ObjectRef, ObjectStore } from '../ports/object-store.ts';
import { type AlertBook, freshBook } from './alert-book.ts';

/** Somebody else wrote between listing and reading, so often: then the next look tells. */
const MAX_READS = 5;
/** Channels that end together write one after the other: more than there are of them. */
const MAX_CHANGES = 20;

/**
 * The alert book in the object store: `<control>alerts/<site>/<version>.json`, of which the newest counts. A version is
 * written if it is not there yet, so of two writers one does; stores offer no other condition on a write. It is there, and
 * not with the tracker, so that a lost tracker tells nothing twice.
 */
export class StoredBook {
  readonly #objects: ObjectStore;
  readonly #at: ObjectRef;

  /** @param options `site` tells warehouses apart that share a control prefix. */
  constructor(objects: ObjectStore, { control, site }: { control: ObjectRef; site: string }) {
    this.#objects = objects;
    this.#at = { bucket: control.bucket, key: `${control.key}alerts/${site}/` };
  }

  /** @returns undefined: others write it faster than it can be read. */
  async read(): Promise<AlertBook | undefined> {
    for (let look = 0; look < MAX_READS; look += 1) {
      const newest = (await this.#versions()).at(-1);
      if (newest === undefined) return freshBook();
      const text = await readText(this.#objects, newest);
      // An older release may have written it: what it did not know is as in a new book.
      if (text !== undefined) return { ...freshBook(), ...(JSON.parse(text) as Partial<AlertBook>) };
    }
    return undefined;
  }

  /**
   * Changes the book as it is now, whatever others have written since it was read last.
   *
   * @returns the book as it is stored; undefined: others were faster each time, and nothing was written.
   */
  async change(changed: (book: AlertBook) => AlertBook): Promise<AlertBook | undefined> {
    for (let nth = 0; nth < MAX_CHANGES; nth += 1) {
      const book = await this.read();
      const written = book && (await this.write(changed(book)));
      if (written !== undefined) return written;
    }
    return undefined;
  }

  /**
   * Stores the book with `version + 1`, if nobody has since it was read.
   *
   * @returns the book as it is stored; undefined: somebody has, and nothing was written.
   */
  async write(book: AlertBook): Promise<AlertBook | undefined> {
    const next: AlertBook = { ...book, version: book.version + 1 };
    const at = { ...this.#at, key: `${this.#at.key}${String(next.version).padStart(12, '0')}.json` };
    const written = await this.#objects.write(at, JSON.stringify(next), { ifAbsent: true });
    if (written === undefined) return undefined;
    const versions = await this.#versions();
    // Others may have written this version and later ones, and removed this one, since the book was read.
    const isNewest = versions.at(-1)?.key === written.key;
    const old = isNewest ? versions.slice(0, -1) : [written];
    for (const { etag: ifMatch, ...one } of old) await this.#objects.delete(one, { ifMatch });
    return isNewest ? next : undefined;
  }

  async #versions(): Promise<readonly ObjectInfo[]> {
    const versions: ObjectInfo[] = [];
    for await (const one of this.#objects.list({ bucket: this.#at.bucket, prefix: this.#at.key })) {
      versions.push(one);
    }
    return versions;
  }
}
