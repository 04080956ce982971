import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  LoadError,
  type ObjectInfo,
  type ObjectRef,
  type ObjectStore,
  parseUrl,
  urlOf,
} from '@millrace/core';

/**
 * Copies a local file into the object store below a target's prefix, under its own name. Bytes that are there under
 * that name already are taken as they are; other bytes under it get a name with a piece of their hash.
 *
 * @throws LoadError `file-missing` when the path is not a readable file.
 */
export async function handOver(objects: ObjectStore, path: string, prefix: string): Promise<ObjectInfo> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new LoadError('file-missing', `${path} cannot be read`, { hint: 'check the path', cause });
  });
  if (!info.isFile()) throw new LoadError('file-missing', `${path} is not a file`, { hint: 'name files' });
  const { bucket, key } = parseUrl(prefix);
  const name = basename(path);
  const at: ObjectRef = { bucket, key: `${key}${key === '' || key.endsWith('/') ? '' : '/'}${name}` };
  const written = await objects.write(at, createReadStream(path), { ifAbsent: true });
  if (written) return written;
  const mine = await hash(createReadStream(path));
  const theirs = await hash(await objects.read(at));
  if (mine === theirs) return existing(objects, at);
  const other = { bucket, key: at.key.slice(0, -name.length) + withMark(name, mine.slice(0, 8)) };
  return (await objects.write(other, createReadStream(path), { ifAbsent: true })) ?? existing(objects, other);
}

async function existing(objects: ObjectStore, at: ObjectRef): Promise<ObjectInfo> {
  const info = await objects.head(at);
  if (info) return info;
  throw new LoadError('object-gone', `${urlOf(at)} was deleted while it was handed over`, {
    hint: 'try again',
  });
}

async function hash(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of bytes) sum.update(chunk);
  return sum.digest('hex');
}

/** `part.csv.gz` → `part-1f2e3d4c.csv.gz`: the ending tells how it is packed. */
function withMark(name: string, mark: string): string {
  const dot = name.indexOf('.', 1);
  return dot < 0 ? `${name}-${mark}` : `${name.slice(0, dot)}-${mark}${name.slice(dot)}`;
}
