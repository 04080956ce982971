import { LoadError, type ObjectInfo, type ObjectStore, readText, urlOf } from '@millrace/core';

/** What became of a text: read, or wrong and why. */
export type Reading<T> = { readonly value: T } | { readonly error: LoadError };

interface Cached<T> {
  readonly etag: string;
  readonly reading: Reading<T>;
  readonly checkedAt: number;
}

export interface CachedTextsOptions<T> {
  readonly objects: ObjectStore;
  /** Where the texts are. */
  readonly at: { readonly bucket: string; readonly prefix: string };
  /** Which of the keys below are meant; the rest of the key is given. */
  readonly isMeant: (name: string) => boolean;
  /** A LoadError that it throws is what is wrong with the text. */
  readonly parse: (text: string, name: string) => T;
  /** How long a text, or the list of them, is believed without a look at its ETag. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  /** Hears of a text that cannot be used, once per version of it. */
  readonly onError: (error: LoadError, url: string) => void;
}

/** Small texts in the object store, read again when their ETags say so. That there is none of a name is never believed. */
export class CachedTexts<T> {
  readonly #options: CachedTextsOptions<T>;
  readonly #cached = new Map<string, Cached<T>>();
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(options: CachedTextsOptions<T>) {
    this.#options = options;
  }

  /** One of them; undefined when there is none. @param options `isFresh`: looked at now, however young it is. */
  async one(name: string, options: { readonly isFresh?: boolean } = {}): Promise<Reading<T> | undefined> {
    const { at, maxAgeMs, now, objects } = this.#options;
    const known = this.#cached.get(name);
    const isYoung = known !== undefined && now() - known.checkedAt < maxAgeMs;
    // What is wrong is being put right, while messages wait for it: that is never believed either.
    if (isYoung && !options.isFresh && 'value' in known.reading) return known.reading;
    const info = await objects.head({ bucket: at.bucket, key: at.prefix + name });
    if (info === undefined) {
      this.#cached.delete(name);
      return undefined;
    }
    return this.#refresh(name, info);
  }

  /** All of them, by name. @param options `isFresh`: listed now, however old the list is. */
  async all(options: { readonly isFresh?: boolean } = {}): Promise<ReadonlyMap<string, Reading<T>>> {
    const { at, isMeant, maxAgeMs, now, objects } = this.#options;
    if (options.isFresh || now() - this.#listedAt >= maxAgeMs) {
      const listedAt = now();
      const names = new Set<string>();
      for await (const info of objects.list(at)) {
        const name = info.key.slice(at.prefix.length);
        if (!isMeant(name)) continue;
        names.add(name);
        await this.#refresh(name, info);
      }
      for (const name of this.#cached.keys()) if (!names.has(name)) this.#cached.delete(name);
      this.#listedAt = listedAt;
    }
    return new Map([...this.#cached].map(([name, { reading }]) => [name, reading]));
  }

  /** Reads it again also when it was just written: its ETag tells. */
  forgetList(): void {
    this.#listedAt = Number.NEGATIVE_INFINITY;
  }

  async #refresh(name: string, info: ObjectInfo): Promise<Reading<T> | undefined> {
    const { objects, now, onError } = this.#options;
    const { etag } = info;
    const known = this.#cached.get(name);
    const checkedAt = now();
    if (known?.etag === etag) {
      this.#cached.set(name, { ...known, checkedAt });
      return known.reading;
    }
    // When it is rewritten just now, the ETag is the older one, and the next look reads it once more.
    const text = await readText(objects, info);
    if (text === undefined) {
      this.#cached.delete(name);
      return undefined;
    }
    const reading = this.#parse(text, name);
    if ('error' in reading) onError(reading.error, urlOf(info));
    this.#cached.set(name, { etag, reading, checkedAt });
    return reading;
  }

  #parse(text: string, name: string): Reading<T> {
    try {
      return { value: this.#options.parse(text, name) };
    } catch (error) {
      if (error instanceof LoadError) return { error };
      throw error;
    }
  }
}
