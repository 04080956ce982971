import { LoadError } from '@millrace/core';

/** Whether the error is the file system's, with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/** Whether the error says that there is no such file: absent, or below something that is no folder. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ENOTDIR');
}

/** What the file system threw, classified; anything else comes back as it is. The message names the path already. */
export function toStoreError(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || cause instanceof LoadError) return cause;
  const { message } = cause;
  if (hasCode(cause, 'EACCES', 'EPERM', 'EROFS')) {
    return new LoadError('store-denied', message, {
      class: 'config',
      hint: 'give this user the right to it',
      cause,
    });
  }
  if (hasCode(cause, 'ENOSPC', 'EDQUOT')) {
    return new LoadError('disk-full', message, { class: 'config', hint: 'free space on its disk', cause });
  }
  if (hasCode(cause, 'EMFILE', 'ENFILE')) {
    return new LoadError('too-many-open-files', message, {
      class: 'transient',
      hint: 'raise ulimit -n',
      cause,
    });
  }
  if (hasCode(cause, 'EXDEV')) {
    const hint = 'mount whole buckets, not folders inside of one: a rename cannot cross file systems';
    return new LoadError('store-split', message, { class: 'config', hint, cause });
  }
  if (hasCode(cause, 'ELOOP')) {
    const hint = 'put a file there instead of the symbolic link';
    return new LoadError('link-refused', message, { class: 'config', hint, cause });
  }
  return new LoadError('store-failed', message, { class: 'transient', cause });
}
