import { LoadError } from '@millrace/core';
import { hasCode } from '../filesystem/file-errors.ts';

/** What the file system threw at a stream, classified; anything else comes back as it is. */
export function toStreamError(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || cause instanceof LoadError) return cause;
  const { message } = cause;
  // EFBIG: a limit on the size of files, which is a full disk for whoever has to live with it.
  if (hasCode(cause, 'ENOSPC', 'EDQUOT', 'EFBIG')) {
    const hint = 'free space on its disk; events that were accepted are kept';
    return new LoadError('stream-full', message, { class: 'unavailable', hint, cause });
  }
  if (hasCode(cause, 'EACCES', 'EPERM', 'EROFS')) {
    const hint = 'give this user the right to it';
    return new LoadError('stream-denied', message, { class: 'config', hint, cause });
  }
  return new LoadError('stream-failed', message, { class: 'transient', cause });
}

/** A place that holds something else than what was written there. */
export function damaged(path: string, at: number): LoadError {
  return new LoadError('stream-damaged', `${path} is damaged at byte ${at}: what follows cannot be read`, {
    class: 'config',
    hint: 'restore the file from a backup, or move it away: its events are lost then',
  });
}

/** What could not be read at the end of a segment, and was put aside to write on. */
export function cutOff(
  path: string,
  { at, bytes, kept }: { readonly at: number; readonly bytes: number; readonly kept: string },
): LoadError {
  const message = `${path} is damaged at byte ${at}: ${bytes} bytes behind it were cut off, and may hold events that were accepted`;
  return new LoadError('stream-damaged', message, {
    class: 'config',
    hint: `they are kept in ${kept}; check the disk, and have what was sent lately sent again`,
  });
}
