import { readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LoadError, type StreamShard } from '@millrace/core';
import { isAbsent } from '../filesystem/file-errors.ts';
import { syncToDisk } from '../sqlite/sync-to-disk.ts';

/** How many shards the stream has had, one number after another; the last is now. */
export interface StreamLayout {
  readonly generations: readonly number[];
}

const FILE = 'stream.json';

/** Undefined when there is no stream yet. @throws LoadError `stream-foreign` */
export async function readLayout(path: string): Promise<StreamLayout | undefined> {
  const file = join(path, FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const { version, generations } = JSON.parse(text) as StreamLayout & { version: number };
    if (version === 1 && generations.length > 0) return { generations };
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
  }
  throw new LoadError('stream-foreign', `${file} is not that of a stream that this Millrace knows`, {
    class: 'config',
    hint: 'name another path for the stream, or use the Millrace that wrote it',
  });
}

/** Durable when it resolves, as a whole or not at all. */
export async function writeLayout(path: string, { generations }: StreamLayout): Promise<void> {
  const file = join(path, FILE);
  await writeFile(`${file}.new`, `${JSON.stringify({ version: 1, generations })}\n`);
  await syncToDisk(`${file}.new`);
  await rename(`${file}.new`, file);
  await syncToDisk(dirname(file));
}

/** The shards of a generation, counted from 1. */
export function shardsOf(generation: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${generation}-${index}`);
}

/** All shards; those of a generation come from all of the one before, since keys are spread anew. */
export function listShards({ generations }: StreamLayout): readonly (StreamShard & { isClosed: boolean })[] {
  return generations.flatMap((count, index) =>
    shardsOf(index + 1, count).map((id) => ({
      id,
      parents: index === 0 ? [] : shardsOf(index, generations[index - 1] ?? 0),
      isClosed: index < generations.length - 1,
    })),
  );
}
