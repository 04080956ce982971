import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes a project's one migration. */
export function writeMigration(directory: string, sql: string): void {
  const folder = join(directory, 'migrations');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '0001_tables.sql'), sql);
}
