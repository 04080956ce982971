import { copyFile, mkdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Part } from './sources.ts';

export const BUCKET = 'lake';

export function urlOf({ key }: Pick<Part, 'key'>): string {
  return `s3://${BUCKET}/${key}`;
}

/** A folder that plays a bucket, and when things landed in it. */
export class Bucket {
  readonly #folder: string;
  readonly #landedAt = new Map<string, number>();

  /** @param objects the folder that the configuration names: a folder per bucket. */
  constructor(objects: string) {
    this.#folder = join(objects, BUCKET);
  }

  /** When a file landed first, by address. */
  get landedAt(): ReadonlyMap<string, number> {
    return this.#landedAt;
  }

  /** Whole at once, as an upload to S3 is. */
  async land(part: Part): Promise<void> {
    const path = await this.#pathFor(part);
    this.#landedAt.set(urlOf(part), Date.now());
    await rename(part.path, path);
  }

  /** Announces a file again: nothing of it changes but its time. */
  async touch(part: Part): Promise<void> {
    const now = new Date();
    await utimes(await this.#pathFor(part), now, now);
  }

  /** Announces a file again: its bytes are written over themselves. Nothing is cut off first, a load may be reading. */
  async rewrite(part: Part): Promise<void> {
    const path = await this.#pathFor(part);
    await writeFile(path, await readFile(path), { flag: 'r+' });
  }

  /** Announces a file again: a copy takes its place. */
  async renameOver(part: Part): Promise<void> {
    const path = await this.#pathFor(part);
    await mkdir(dirname(part.path), { recursive: true });
    await copyFile(path, part.path);
    await rename(part.path, path);
  }

  /** Other bytes under the same key. */
  async replace(part: Part, text: string): Promise<void> {
    await writeFile(part.path, text);
    await rename(part.path, await this.#pathFor(part));
  }

  async #pathFor({ key }: Part): Promise<string> {
    const path = join(this.#folder, key);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }
}
