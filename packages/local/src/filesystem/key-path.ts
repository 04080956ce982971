import { join } from 'node:path';
import { LoadError, type ObjectRef, urlOf } from '@millrace/core';

/** What S3 allows a key to have, in UTF-8. */
const MAX_KEY_BYTES = 1024;

/** What Linux and macOS file systems allow one name to have. */
const MAX_NAME_BYTES = 255;

/**
 * The folder of a bucket in which unfinished writes and tags are. Hidden, as every name with a dot in front is, and
 * inside the bucket, because a rename is atomic only within one file system and a bucket may be a mount.
 */
export const HIDDEN_FOLDER = '.millrace';

/**
 * Why a directory cannot have an object of this key; undefined when it can.
 *
 * A key's parts between slashes are names of folders and of a file, as they are, with nothing encoded, so that a
 * person who drops a file and an engine that reads it see the same name. That leaves out what S3 allows and a file
 * system cannot say: empty parts (`a//b`, `/a`, `a/`), `.` and `..`, names over 255 bytes, NUL; and names that begin
 * with a dot, which are hidden: unfinished uploads of other programs have such names.
 */
export function problemOfKey(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (!key.isWellFormed()) return 'it is not valid Unicode (half a surrogate pair)';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `it has more than ${MAX_KEY_BYTES} bytes`;
  for (const name of key.split('/')) {
    const problem = problemOfName(name);
    if (problem) return problem;
  }
  return undefined;
}

function problemOfName(name: string): string | undefined {
  if (name === '') return 'a part between slashes is empty';
  if (name.startsWith('.')) return `the part '${name}' begins with a dot, and such names are hidden`;
  if (name.includes('\0')) return 'it has a NUL character';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    return `a part between slashes has more than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}

/** Where the object's file is or would be; undefined when the directory cannot have such an object. Never outside `root`. */
export function pathOf(root: string, { bucket, key }: ObjectRef): string | undefined {
  if (bucket.includes('/') || problemOfKey(bucket) || problemOfKey(key)) return undefined;
  return join(root, bucket, key);
}

/** @throws LoadError `key-unsupported`, saying why, when the directory cannot have such an object. */
export function requirePath(root: string, at: ObjectRef): string {
  const bucketProblem = at.bucket.includes('/') ? 'it has a slash' : problemOfKey(at.bucket);
  if (bucketProblem) {
    const message = `a directory cannot have the bucket '${at.bucket}': ${bucketProblem}`;
    throw new LoadError('bucket-unsupported', message, {
      hint: 'name it as S3 does: letters, digits, hyphens',
    });
  }
  const problem = problemOfKey(at.key);
  if (problem) {
    throw new LoadError('key-unsupported', `a directory cannot have the object ${urlOf(at)}: ${problem}`, {
      hint: 'give it another key, or keep it in S3',
    });
  }
  return join(root, at.bucket, at.key);
}

/**
 * Orders keys by their UTF-8 bytes, as S3 lists them. JavaScript's own order differs where a character outside the
 * basic plane (two surrogates, D800–DFFF) meets one from E000 up.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

function codePointRank(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}
