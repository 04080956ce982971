import type { TableColumn } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';

/** The columns that tell by which load a row came, and when. Millrace fills them; no file has them. */
export const PROVENANCE = { loadedAt: '_loaded_at', jobId: '_job_id' } as const;

const TYPES: Readonly<Record<string, string>> = {
  [PROVENANCE.loadedAt]: 'TIMESTAMP',
  [PROVENANCE.jobId]: 'VARCHAR(26)',
};

export function isProvenance(column: string): boolean {
  return Object.hasOwn(TYPES, column);
}

/** @throws LoadError `provenance-columns-missing` (class `config`) with the SQL that adds them. */
export function checkProvenance(target: string, tableColumns: readonly TableColumn[]): void {
  const missing = Object.keys(TYPES).filter((name) => !tableColumns.some((column) => column.name === name));
  if (missing.length === 0) return;
  const names = missing.map((name) => `'${name}'`).join(' and ');
  const statements = missing.map((name) => `ALTER TABLE ${target} ADD COLUMN ${name} ${TYPES[name]};`);
  throw new LoadError(
    'provenance-columns-missing',
    `targets.${target}: 'provenance' fills ${names}, which ${target} does not have`,
    { class: 'config', hint: `add by a migration: ${statements.join(' ')}` },
  );
}
