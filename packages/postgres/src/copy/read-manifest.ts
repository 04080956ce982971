import { LoadError, type ObjectStore, parseUrl, readText } from '@millrace/core';

/** An object that a COPY reads. */
export interface CopyEntry {
  readonly url: string;
  /** As it was when the job was planned; undefined where nobody says. */
  readonly size: number | undefined;
}

/** What a manifest names, in its order. @throws LoadError `manifest-gone` when it is not there */
export async function readManifest(objects: ObjectStore, url: string): Promise<readonly CopyEntry[]> {
  const text = await readText(objects, parseUrl(url));
  if (text === undefined) {
    throw new LoadError('manifest-gone', `the manifest ${url} is not there any more`, {
      class: 'config',
      hint: 'the control prefix belongs to Millrace alone: nothing else may delete there',
    });
  }
  const { entries } = JSON.parse(text) as {
    readonly entries: readonly {
      readonly url: string;
      readonly meta?: { readonly content_length?: number };
    }[];
  };
  return entries.map((entry) => ({ url: entry.url, size: entry.meta?.content_length }));
}
