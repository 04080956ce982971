import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CopyContext } from './copy-context.ts';
import type { CopyFile } from './copy-file.ts';

/** A file whose bytes are on this machine. */
export interface SpooledFile {
  readonly file: CopyFile;
  readonly path: string;
}

/** Downloads at once: enough to hide the latency of a store, few enough for its limits. */
const DOWNLOADS_AT_ONCE = 8;

let spooled = 0;

/**
 * The files on this machine's disk: in place when the store keeps them in files, else copied, as they are, into the
 * spool directory (which the session removes).
 */
export async function spoolObjects(files: readonly CopyFile[], context: CopyContext): Promise<SpooledFile[]> {
  const result: SpooledFile[] = new Array(files.length);
  let next = 0;
  const fetch = async (): Promise<void> => {
    for (let index = next++; index < files.length; index = next++) {
      context.signal.throwIfAborted();
      const file = files[index] as CopyFile;
      result[index] = { file, path: file.path ?? (await download(file, context)) };
    }
  };
  await Promise.all(Array.from({ length: Math.min(DOWNLOADS_AT_ONCE, files.length) }, fetch));
  return result;
}

async function download(file: CopyFile, context: CopyContext): Promise<string> {
  spooled += 1;
  const path = join(context.spoolDirectory, `copy-object-${process.pid}-${spooled}`);
  const source = Readable.from(await context.objects.read(file.ref));
  await pipeline(source, createWriteStream(path), { signal: context.signal });
  return path;
}
