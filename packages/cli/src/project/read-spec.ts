import { readFile } from 'node:fs/promises';
import { LoadError } from '@millrace/core';

const HINT = 'name a JSON document that names prefixes and their tables';

/**
 * The text of a bulk document.
 *
 * @throws LoadError `wrong-usage` when there is no readable file: nothing was tried
 */
export async function readSpec(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new LoadError('wrong-usage', `the bulk document ${path} ${problemOf(cause)}`, {
      hint: HINT,
      cause,
    });
  }
}

function problemOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'is not there';
    case 'EISDIR':
      return 'is a directory';
    case 'EACCES':
      return 'may not be read by this user';
    default:
      return `cannot be read: ${message}`;
  }
}
