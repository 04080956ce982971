import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { LoadError } from '@millrace/core';

/** What no route takes: the copy would lie in the object store, and be nobody's. */
const MARKS: readonly string[] = ['_', '.'];

/**
 * Looks at files of this machine before any of them is handed over: of a list with a typing error nothing is loaded.
 *
 * @throws LoadError `file-missing`, or `wrong-usage` for a name that no route takes
 */
export async function checkFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const [mark = ''] = basename(path);
    if (MARKS.includes(mark)) {
      throw new LoadError(
        'wrong-usage',
        `names that begin with '${mark}' mark what is unfinished or not data, and are never taken: ${path}; nothing was loaded`,
        { hint: 'rename the file' },
      );
    }
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      const what = cause.code === 'ENOENT' ? 'is not there' : `cannot be read: ${cause.message}`;
      throw new LoadError('file-missing', `${path} ${what}; nothing was loaded`, {
        hint: 'check the path',
        cause,
      });
    });
    if (info.isFile()) continue;
    throw new LoadError('file-missing', `${path} is not a file; nothing was loaded`, {
      hint: info.isDirectory() ? `name the files in it: ${path}/*` : 'name files',
    });
  }
}
