import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MigrationFile } from '@millrace/core';

/** The SQL files of a folder; none when there is no folder. */
export async function readMigrations(folder: string): Promise<readonly MigrationFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const scripts = names.filter((name) => name.endsWith('.sql'));
  return Promise.all(
    scripts.map(async (name) => ({ name, sql: await readFile(join(folder, name), 'utf8') })),
  );
}
