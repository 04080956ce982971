import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LoadError } from '@millrace/core';
import type { Project } from './project.ts';

/**
 * Creates the next numbered file in the migrations folder, for its statements to be written.
 *
 * @returns its path
 * @throws LoadError `wrong-usage` for a name that cannot be part of one
 */
export async function createMigration({ directory, config }: Project, name: string): Promise<string> {
  const words = name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/gu, '_')
    .replace(/\.sql$/u, '');
  if (!/^[\p{L}\p{N}_]+$/u.test(words)) {
    throw new LoadError('wrong-usage', `'${name}' cannot be the name of a migration`, {
      hint: 'write letters, digits and underscores: add_carrier',
    });
  }
  const folder = resolve(directory, config.migrations);
  await mkdir(folder, { recursive: true });
  const numbers = (await readdir(folder)).map((file) => Number(/^(\d{1,9})_.*\.sql$/u.exec(file)?.[1] ?? 0));
  const number = String(Math.max(0, ...numbers) + 1).padStart(4, '0');
  const path = join(folder, `${number}_${words}.sql`);
  // `wx`: two people who ask at once get an error, not one file with the other's statements.
  await writeFile(path, `-- ${words.replaceAll('_', ' ')}\n`, { flag: 'wx' });
  return path;
}
