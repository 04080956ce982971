import { stat } from 'node:fs/promises';
import { type ObjectRef, parseUrl, urlOf } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import type { CopyContext } from './copy-context.ts';
import type { CopyStatement } from './parse-copy.ts';

/** An object that a COPY is to read. */
export interface CopyFile {
  readonly url: string;
  readonly ref: ObjectRef;
  /** Bytes, as stored. */
  readonly size: number;
  /** Where its bytes are on this machine, when the store keeps them in files. */
  readonly path: string | undefined;
}

interface ManifestEntry {
  readonly url: string;
  readonly mandatory: boolean;
  readonly contentLength: number | undefined;
}

/** How many objects are looked at at once. */
const LOOKUPS_AT_ONCE = 32;
/** A manifest is one JSON text; a million entries take about 200 MB. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

/**
 * The files of a COPY: the entries of its manifest, or all objects whose keys begin with the address.
 *
 * A file that a manifest names twice is there twice, as Redshift would load it twice.
 *
 * @throws RedshiftError when there is none, a mandatory one is missing, or the manifest is none.
 */
export async function findFiles(statement: CopyStatement, context: CopyContext): Promise<CopyFile[]> {
  const { from, options } = statement;
  const files = options.manifest ? await readManifest(statement, context) : await listPrefix(from, context);
  if (files.length === 0) throw new RedshiftError(`The specified S3 prefix '${from}' does not exist`);
  return files;
}

async function listPrefix(from: string, context: CopyContext): Promise<CopyFile[]> {
  const { bucket, key } = addressOf(from);
  const files: CopyFile[] = [];
  for await (const object of context.objects.list({ bucket, prefix: key })) {
    const ref = { bucket: object.bucket, key: object.key };
    files.push({ url: urlOf(ref), ref, size: object.size, path: context.objects.localPath?.(ref) });
  }
  return files;
}

async function readManifest(statement: CopyStatement, context: CopyContext): Promise<CopyFile[]> {
  const { kind } = statement.options.format;
  const isColumnar = kind === 'parquet' || kind === 'orc';
  const entries = parseManifest(await readObjectText(statement.from, context), statement.from);
  const found: (CopyFile | undefined)[] = new Array(entries.length);
  let next = 0;
  const look = async (): Promise<void> => {
    for (let index = next++; index < entries.length; index = next++) {
      const entry = entries[index] as ManifestEntry;
      const file = await findFile(entry.url, context);
      if (file === undefined && entry.mandatory) {
        throw new RedshiftError(`Mandatory url is not present in manifest file: ${entry.url}`, {
          detail: `the object does not exist; it is listed as mandatory in ${statement.from}`,
        });
      }
      if (file && isColumnar) checkContentLength(entry, file, statement.from);
      found[index] = file;
    }
  };
  await Promise.all(Array.from({ length: Math.min(LOOKUPS_AT_ONCE, entries.length) }, look));
  return found.filter((file) => file !== undefined);
}

async function findFile(url: string, context: CopyContext): Promise<CopyFile | undefined> {
  const ref = addressOf(url);
  const path = context.objects.localPath?.(ref);
  if (path !== undefined) {
    // A look at the file is enough; `head` would hash its content for an ETag that nobody asks for here.
    const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    return stats?.isFile() ? { url, ref, size: stats.size, path } : undefined;
  }
  const info = await context.objects.head(ref);
  return info && { url, ref, size: info.size, path: undefined };
}

/** Columnar files are read by a service that needs their exact size beforehand. */
function checkContentLength(entry: ManifestEntry, file: CopyFile, manifest: string): void {
  if (entry.contentLength === undefined) {
    throw new RedshiftError(`Missing meta.content_length for file ${entry.url} in manifest ${manifest}`, {
      detail: 'columnar formats need the size of every file in the manifest',
    });
  }
  if (entry.contentLength !== file.size) {
    throw new RedshiftError(
      `File ${entry.url} has an invalid content_length in manifest ${manifest}: ${entry.contentLength}, the object has ${file.size} bytes`,
    );
  }
}

/**
 * A small object as text: a manifest, a jsonpaths file.
 *
 * @throws RedshiftError when it is not there.
 */
export async function readObjectText(url: string, context: CopyContext): Promise<string> {
  const ref = addressOf(url);
  const info = await findFile(url, context);
  if (!info) {
    throw new RedshiftError(
      `S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,Key ${ref.key}`,
    );
  }
  if (info.size > MAX_MANIFEST_BYTES) {
    throw new RedshiftError(`${url} has ${info.size} bytes, more than ${MAX_MANIFEST_BYTES}`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of await context.objects.read(ref)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parseManifest(text: string, url: string): ManifestEntry[] {
  const invalid = (what: string): RedshiftError =>
    new RedshiftError(`Invalid manifest file ${url}: ${what}`, {
      detail: 'a manifest is {"entries":[{"url":"s3://bucket/key","mandatory":true}]}',
    });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON (${(error as Error).message})`);
  }
  const entries = asRecord(document)?.entries;
  if (!Array.isArray(entries)) throw invalid('it has no list "entries"');
  return entries.map((entry: unknown, index) => {
    const { url: address, mandatory, meta } = asRecord(entry) ?? {};
    if (typeof address !== 'string') throw invalid(`entry ${index + 1} has no "url"`);
    if (mandatory !== undefined && typeof mandatory !== 'boolean') {
      throw invalid(`entry ${index + 1} has "mandatory": ${JSON.stringify(mandatory)}, not true or false`);
    }
    const length = asRecord(meta)?.content_length;
    return {
      url: address,
      mandatory: mandatory ?? false,
      contentLength: typeof length === 'number' ? length : undefined,
    };
  });
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function addressOf(url: string): ObjectRef {
  try {
    return parseUrl(url);
  } catch (error) {
    throw new RedshiftError(`The specified S3 path '${url}' is not valid`, {
      detail: 'write s3://bucket/key',
      cause: error,
    });
  }
}
