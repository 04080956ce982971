import { createHash } from 'node:crypto';
import { parseUrl } from '../file/identity.ts';
import type { LoadFile } from '../file/load-file.ts';
import type { JobRef } from '../lane/lane.ts';
import type { ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { EpochMs } from '../ports/time.ts';
import type { StatementBatch } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';
import type { PartitionJob } from './partition.ts';
import type { Replacement } from './replacement.ts';
import type { Attempt } from './statement.ts';

/** A file of a job, and where COPY reads it: its own place, its pin, or a copy that fits the table. */
export interface JobFile {
  readonly file: LoadFile;
  readonly loadUrl: string;
  /** Bytes of what COPY reads, where that is not the file itself but a copy that fits. */
  readonly loadSize?: number;
}

/**
 * A job as it is written down before anything is submitted: what a crashed worker's successor needs to find, finish
 * or repeat it. The SQL is stored as it was rendered: a resubmission sends it byte for byte.
 */
export interface JobDocument {
  readonly version: 1;
  readonly target: string;
  readonly attempt: Attempt;
  readonly files: readonly JobFile[];
  /** The loads that this job takes the place of; absent: none. */
  readonly replaces?: Replacement;
  /** The partition that it replaces; absent: it is not of a target that is parted. */
  readonly partition?: PartitionJob;
  /** The targets of a group's job, and how many of the files are each's, in their order; absent: all are of `target`. */
  readonly parts?: readonly { readonly target: string; readonly files: number }[];
  readonly bytes: number;
  readonly batch: StatementBatch;
  readonly createdAt: EpochMs;
}

/** The files of a job, told apart: those that waited, and, of a replacement, those that were loaded before. */
export function sortJobFiles({
  files,
  replaces,
  partition,
  ...rest
}: {
  readonly files: readonly JobFile[];
  readonly replaces?: Replacement | undefined;
  readonly partition?: PartitionJob | undefined;
  readonly target?: string;
  readonly parts?: JobDocument['parts'];
}): {
  files: readonly LoadFile[];
  survivors?: readonly LoadFile[];
  partition?: PartitionJob;
  parts?: readonly JobPart[];
} {
  const all = files.map(({ file }) => file);
  const replaced = replaces ?? partition;
  if (rest.parts !== undefined) {
    return { files: all, parts: partsOf({ target: rest.target ?? '', files, parts: rest.parts }) };
  }
  if (replaced === undefined) return { files: all };
  const ids = new Set(replaced.survivorIds);
  return {
    files: all.filter(({ id }) => !ids.has(id)),
    survivors: all.filter(({ id }) => ids.has(id)),
    ...(partition === undefined ? {} : { partition }),
  };
}

/** The files of a job by their target. `target`: the one that proves what became of it comes first. */
export function partsOf({
  target,
  files,
  parts,
}: Pick<JobDocument, 'target' | 'files' | 'parts'>): readonly JobPart[] {
  if (parts === undefined) return [{ target, files: files.map(({ file }) => file) }];
  let at = 0;
  return parts.map((part) => {
    const own = files.slice(at, at + part.files);
    at += part.files;
    return { target: part.target, files: own.map(({ file }) => file) };
  });
}

/** What a job loads into one target. */
export interface JobPart {
  readonly target: string;
  readonly files: readonly LoadFile[];
}

/**
 * Where the objects of an attempt are: all jobs of a target in one folder below the control prefix. In a directory
 * store a folder of its own per job would be a name more to make durable before the job may be submitted.
 */
export interface JobPlaces {
  readonly document: ObjectRef;
  readonly manifest: ObjectRef;
  readonly fileList: ObjectRef;
  readonly fileListManifest: ObjectRef;
}

export function placesOf(control: ObjectRef, target: string, { jobId, attempt }: Attempt): JobPlaces {
  const at = (name: string): ObjectRef => ({
    bucket: control.bucket,
    key: `${control.key}jobs/${target}/${jobId}-${attempt}-${name}`,
  });
  return {
    document: at('job.json'),
    manifest: at('manifest.json'),
    fileList: at('files.csv'),
    fileListManifest: at('files-manifest.json'),
  };
}

/**
 * A Redshift COPY manifest. `mandatory: true` on every entry: with the default, COPY skips an object that vanished
 * and reports success. `content_length` is required for columnar files and checked by no one else (AWS docs).
 */
export function renderManifest(entries: readonly { url: string; size: number }[]): string {
  return JSON.stringify({
    entries: entries.map(({ url, size }) => ({ url, mandatory: true, meta: { content_length: size } })),
  });
}

/** The list of a job's files as CSV: file_id, key_id, url, etag, size. */
export function renderFileList(files: readonly LoadFile[]): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const rows = files.map(({ id, keyId, url, identity }) =>
    [quoted(id), quoted(keyId), quoted(url), quoted(identity.etag), identity.size].join(','),
  );
  return `${rows.join('\n')}\n`;
}

/** `<db>/<schema>.<table>/<job>/<attempt>`: at most 500 characters, so that EventBridge targets take it too. */
export function statementNameOf(database: string, target: string, { jobId, attempt }: Attempt): string {
  return `${database}/${target}/${jobId}/${attempt}`;
}

/** The target and attempt that a statement's name tells; undefined for names that are not Millrace's. */
export function readStatementName(
  name: string,
): { target: string; jobId: string; attempt: number } | undefined {
  const match = /^[^/]+\/([^/]+\.[^/]+)\/([0-9A-HJKMNP-TV-Z]{26})\/(\d+)$/u.exec(name);
  if (!match) return undefined;
  const [, target = '', jobId = '', attempt = ''] = match;
  return { target, jobId, attempt: Number(attempt) };
}

/** The same for the same job and attempt, in at most 64 characters (Data API). */
export function clientTokenOf({ jobId, attempt }: Attempt): string {
  return createHash('sha256').update(`${jobId}/${attempt}`).digest('hex');
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Reads back what `document` was when the lane pointed to it.
 *
 * @throws LoadError `job-document-lost` when it is gone or is not the same: without it nobody may decide for the job.
 */
export async function readJobDocument(objects: ObjectStore, job: JobRef): Promise<JobDocument> {
  const text = await readText(objects, parseUrl(job.documentUrl));
  if (text === undefined || hashOf(text) !== job.documentHash) {
    throw new LoadError(
      'job-document-lost',
      `the document of job ${job.id} at ${job.documentUrl} is not what was written`,
      {
        class: 'config',
        hint: 'restore the object; the control prefix belongs to Millrace alone',
      },
    );
  }
  return JSON.parse(text) as JobDocument;
}

export async function readText(objects: ObjectStore, at: ObjectRef): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of await objects.read(at)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof LoadError && error.code === 'object-gone') return undefined;
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}
