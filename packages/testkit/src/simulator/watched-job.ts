import { type JobDocument, type Lane, partsOf } from '@millrace/core';
import type { CopiedObject } from './engine.ts';

/** A load that committed: what it read, object by object. */
export interface CommittedJob {
  readonly target: string;
  readonly name: string;
  readonly fileIds: readonly string[];
  readonly copied: readonly CopiedObject[];
  /** Of the partition that it replaced; null: none. */
  readonly prefix: string | null;
  readonly at: number;
}

/** A file of a job, as the job document has it. */
export interface WatchedFile {
  readonly id: string;
  readonly target: string;
  readonly url: string;
  /** Where COPY reads it: its own place, or its pin. */
  readonly loadUrl: string;
  readonly etag: string;
}

/** Whose rows and receipts a job deletes. */
export interface Replaces {
  readonly jobIds: readonly string[];
  /** All files below this prefix; null: it replaces no partition. */
  readonly prefix: string | null;
}

/** A job that the warehouse was sent. */
export interface JobWatch {
  readonly target: string;
  readonly files: readonly WatchedFile[];
  readonly replaces: Replaces;
  isCommitted: boolean;
  /** The lane has moved on: a job that had not committed by then must not any more. */
  isLeft: boolean;
}

/** The files of a job, each with its own target, as its document has them. */
export function watchedFilesOf(job: JobDocument): readonly WatchedFile[] {
  const targetOf = new Map(
    partsOf(job).flatMap((part) => part.files.map(({ id }) => [id, part.target] as const)),
  );
  return job.files.map(({ file, loadUrl }) => ({
    id: file.id,
    target: targetOf.get(file.id) ?? job.target,
    url: file.url,
    loadUrl,
    etag: file.identity.etag,
  }));
}

/** What a lane does, in a few words. */
export function sayState({ state }: Lane): string {
  switch (state.kind) {
    case 'waiting':
      return `waiting until ${state.dueAt}`;
    case 'submitting':
      return `submitting ${state.job.id}`;
    case 'running':
      return `running ${state.job.id} as ${state.statement.id}`;
    case 'held':
      return `held: ${state.code}`;
    default:
      return state.kind;
  }
}
