import type { EpochMs } from '../ports/time.ts';
import { type FileIdentity, fileIdOf, identityOf, keyIdOf, urlOf } from './identity.ts';

/** An object to be loaded into a target. */
export interface LoadFile {
  readonly id: string;
  readonly keyId: string;
  readonly url: string;
  readonly identity: FileIdentity;
  /** When Millrace first heard of it. The order in which a lane loads. */
  readonly arrivedAt: EpochMs;
  /** When the object was written, where the source tells: of two versions of a key the later one is loaded. */
  readonly writtenAt?: EpochMs;
  readonly versionId?: string;
  /** COPY options for this file alone, where its target does not know them (a bulk load says what its files are). */
  readonly copyOptions?: string;
}

export function loadFileOf(
  object: {
    bucket: string;
    key: string;
    etag: string;
    size: number;
    writtenAt?: EpochMs;
    versionId?: string;
  },
  arrivedAt: EpochMs,
): LoadFile {
  const identity = identityOf(object);
  return {
    id: fileIdOf(identity),
    keyId: keyIdOf(identity),
    url: urlOf(identity),
    identity,
    arrivedAt,
    ...(object.writtenAt === undefined ? {} : { writtenAt: object.writtenAt }),
    ...(object.versionId === undefined ? {} : { versionId: object.versionId }),
  };
}

/** Why a file waits or was put aside: what people need to mend it. */
export interface Evidence {
  readonly code: string;
  readonly reason: string;
  readonly line?: number;
  readonly column?: string;
  readonly rawValue?: string;
  readonly hint?: string;
  readonly jobId?: string;
  readonly at: EpochMs;
}

/**
 * Where a file stands before one target.
 *
 * `waiting` until a job's receipts are known; then `loaded`. `superseded`: a newer version of its key was waiting
 * beside it. `quarantined`: put aside with evidence until somebody redrives it.
 */
export type FileStatus = 'waiting' | 'loaded' | 'superseded' | 'quarantined';

/** A load file as the tracker keeps it. */
export interface TrackedFile {
  readonly target: string;
  readonly file: LoadFile;
  readonly status: FileStatus;
  /** For `waiting`: the last failure it was part of. For `quarantined` and `superseded`: why. */
  readonly evidence?: Evidence;
}
