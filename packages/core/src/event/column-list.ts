import { shortHash } from '../file/identity.ts';
import type { ObjectRef, ObjectStore } from '../ports/object-store.ts';
import { LoadError } from '../recover/load-error.ts';

/** The columns of a chunk, in their order, and the hash that stands for them in its key. */
export interface ColumnList {
  readonly columns: readonly string[];
  /** 16 hex digits: the same list has the same hash everywhere and for ever. */
  readonly hash: string;
}

/** @param columns in lower case, as Redshift folds them */
export function columnListOf(columns: readonly string[]): ColumnList {
  return { columns, hash: shortHash(['columns', ...columns]).slice(0, 16) };
}

/**
 * The column lists of chunks, as objects below the control prefix, named by their hash: a key has no room for a wide
 * table's columns, and a list outlives the configuration that it came from.
 */
export class ColumnLists {
  readonly #objects: ObjectStore;
  readonly #control: ObjectRef;
  readonly #known = new Map<string, readonly string[]>();

  constructor(objects: ObjectStore, control: ObjectRef) {
    this.#objects = objects;
    this.#control = control;
  }

  /** Durable when it resolves. Before the first chunk with the list may be sealed. */
  async keep({ hash, columns }: ColumnList): Promise<void> {
    if (this.#known.has(hash)) return;
    await this.#objects.write(this.#at(hash), JSON.stringify({ columns }), { ifAbsent: true });
    this.#known.set(hash, columns);
  }

  /** @throws LoadError `columns-unknown` when nobody has kept the list */
  async find(hash: string): Promise<readonly string[]> {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const columns = await this.#read(hash);
    this.#known.set(hash, columns);
    return columns;
  }

  async #read(hash: string): Promise<readonly string[]> {
    const at = this.#at(hash);
    const place = `s3://${at.bucket}/${at.key}`;
    const parts: Uint8Array[] = [];
    try {
      for await (const part of await this.#objects.read(at)) parts.push(part);
    } catch (cause) {
      if (!(cause instanceof LoadError && cause.code === 'object-gone')) throw cause;
      throw new LoadError('columns-unknown', `the columns of chunks with list ${hash} are not at ${place}`, {
        class: 'config',
        hint: 'put the object back, or take the chunks out of the line',
        cause,
      });
    }
    const { columns } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { columns: readonly string[] };
    if (columnListOf(columns).hash === hash) return columns;
    throw new LoadError('columns-unknown', `${place} holds another list of columns than its name says`, {
      class: 'config',
      hint: 'put the object back as it was',
    });
  }

  #at(hash: string): ObjectRef {
    return { bucket: this.#control.bucket, key: `${this.#control.key}columns/${hash}.json` };
  }
}
