import { createHash } from 'node:crypto';
import { LoadError, type Loader, type ObjectRef, readText } from '@millrace/core';

/**
 * Where the listing of a prefix stopped: a small object in the control prefix. Written without a condition: of two that
 * overlap either may win, and whoever goes on from an older position finds files that are known by then.
 */
export class ListPosition {
  readonly #loader: Loader;
  readonly #at: ObjectRef;

  constructor(loader: Loader, { target, prefix }: { target: string; prefix: string }) {
    this.#loader = loader;
    const { control, database } = loader.settings;
    const hash = createHash('sha256').update(prefix).digest('hex').slice(0, 16);
    this.#at = { bucket: control.bucket, key: `${control.key}positions/${database}/${target}/${hash}.json` };
  }

  /** The key; null for the beginning. @throws LoadError `position-foreign` */
  async read(): Promise<string | null> {
    const text = await readText(this.#loader.objects, this.#at);
    if (text === undefined) return null;
    const value: unknown = parse(text);
    const key = typeof value === 'object' && value !== null ? (value as { key?: unknown }).key : undefined;
    if (typeof key === 'string' || key === null) return key;
    const { bucket, key: place } = this.#at;
    throw new LoadError('position-foreign', `s3://${bucket}/${place} is not a position of a listing`, {
      class: 'config',
      hint: 'delete it: the listing begins at the beginning then',
    });
  }

  async write(key: string | null): Promise<void> {
    await this.#loader.objects.write(this.#at, JSON.stringify({ key }));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
