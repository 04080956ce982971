import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectStore } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import type { UnloadStatement } from './parse-unload.ts';
import { hiveName } from './render-unload.ts';

/** A file on its way from the spool directory to the store. */
export interface SpoolFile {
  readonly path: string;
  /** `column=value/` for each partition, or empty. */
  readonly partition: string;
  readonly slice: number;
  readonly part: number;
}

export interface UnloadedFile {
  readonly key: string;
  readonly url: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The files that one slice wrote: the file at `root` itself, or those below it when DuckDB split them by size or
 * partition. Parts are counted within a partition, in the order in which DuckDB numbered them.
 */
export async function listSpoolFiles(root: string, slice: number): Promise<SpoolFile[]> {
  if ((await stat(root)).isFile()) return [{ path: root, partition: '', slice, part: 0 }];
  const files: SpoolFile[] = [];
  const entries = await readdir(root, { withFileTypes: true });
  const plain = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  plain.sort((a, b) => partNumber(a) - partNumber(b));
  for (const [part, name] of plain.entries())
    files.push({ path: path.join(root, name), partition: '', slice, part });
  for (const entry of entries.filter((candidate) => candidate.isDirectory())) {
    const inner = await listSpoolFiles(path.join(root, entry.name), slice);
    files.push(...inner.map((file) => ({ ...file, partition: `${entry.name}/${file.partition}` })));
  }
  return files;
}

function partNumber(name: string): number {
  return Number(/_(\d+)\./u.exec(name)?.[1] ?? 0);
}

/**
 * The key of an unloaded file: `prefix0000_part_00`, slice and part; with PARALLEL OFF `prefix000`. A partition's
 * directories stand between the prefix and the name.
 */
export function keyOfFile(unload: UnloadStatement, file: SpoolFile): string {
  const number = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const name = unload.isParallel
    ? `${number(file.slice, 4)}_part_${number(file.part, 2)}`
    : number(file.part, 3);
  return `${partitionPrefix(unload)}${renamePartition(unload, file.partition)}${name}${extensionOf(unload)}`;
}

/** What keys begin with: partitions are directories below the prefix. */
export function partitionPrefix({ prefix, partitionBy }: UnloadStatement): string {
  return partitionBy.length > 0 && prefix !== '' && !prefix.endsWith('/') ? `${prefix}/` : prefix;
}

function renamePartition({ partitionBy }: UnloadStatement, partition: string): string {
  return partitionBy.reduce((text, name, at) => text.replace(`${hiveName(at)}=`, `${name}=`), partition);
}

function extensionOf({ extension, format, compression }: UnloadStatement): string {
  if (extension !== undefined) return `.${extension.replace(/^\./u, '')}`;
  if (format.kind === 'parquet') return '.parquet';
  return compression === 'gzip' ? '.gz' : compression === 'zstd' ? '.zst' : '';
}

/**
 * Makes room at the destination as the statement asks.
 *
 * @throws RedshiftError when files are there and neither ALLOWOVERWRITE nor CLEANPATH was said.
 */
export async function prepareDestination(
  unload: UnloadStatement,
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<void> {
  if (unload.onExisting === 'overwrite') return;
  const { bucket, prefix } = unload;
  for await (const object of objects.list({ bucket, prefix })) {
    signal.throwIfAborted();
    if (unload.onExisting === 'refuse') {
      throw new RedshiftError(
        'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually ' +
          'removing the target files in S3, or using the ALLOWOVERWRITE option.',
        { detail: `s3://${bucket}/${object.key}` },
      );
    }
    // A rewritten object is somebody's new one: it stays, and an unloaded file of that name replaces it.
    await objects.delete(object, { ifMatch: object.etag });
  }
}

/** Writes a spool file to the store. */
export async function upload(
  unload: UnloadStatement,
  file: SpoolFile,
  objects: ObjectStore,
): Promise<UnloadedFile> {
  const key = keyOfFile(unload, file);
  const { size } = await stat(file.path);
  await objects.write({ bucket: unload.bucket, key }, createReadStream(file.path));
  return { key, url: `s3://${unload.bucket}/${key}`, size };
}
