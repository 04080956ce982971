import type { TableColumn } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';

/** The columns that tell by which load a row came, and when. Millrace fills them; no file has them. */
export const PROVENANCE = { loadedAt: '_loaded_at', jobId: '_job_id' } as const;

/** Of a ULID, in characters. */
const JOB_ID_LENGTH = 26;

const TYPES: Readonly<Record<string, string>> = {
  [PROVENANCE.loadedAt]: 'TIMESTAMP',
  [PROVENANCE.jobId]: `VARCHAR(${JOB_ID_LENGTH})`,
};

export function isProvenance(column: string): boolean {
  return Object.hasOwn(TYPES, column);
}

/** Else each row would be refused for a value that no file has, and good files be taken for bad ones. */
function canHold(name: string, type: string): boolean {
  if (name === PROVENANCE.loadedAt) return type.startsWith('timestamp');
  if (type === 'text') return true;
  const [, length] = /^character varying(?:\((\d+)\))?$/u.exec(type) ?? [];
  return type.startsWith('character varying') && Number(length ?? JOB_ID_LENGTH) >= JOB_ID_LENGTH;
}

/** @throws LoadError `provenance-columns-missing`, `provenance-columns-wrong` (class `config`) with what to do. */
export function checkProvenance(target: string, tableColumns: readonly TableColumn[]): void {
  const missing = Object.keys(TYPES).filter((name) => !tableColumns.some((column) => column.name === name));
  const wrong = tableColumns.find(({ name, type }) => isProvenance(name) && !canHold(name, type));
  if (wrong !== undefined) {
    const { name, type } = wrong;
    throw new LoadError(
      'provenance-columns-wrong',
      `targets.${target}: 'provenance' fills '${name}' of ${target}, which is ${type}`,
      { class: 'config', hint: `make it a column of type ${TYPES[name]} by a migration` },
    );
  }
  if (missing.length === 0) return;
  const names = missing.map((name) => `'${name}'`).join(' and ');
  const statements = missing.map((name) => `ALTER TABLE ${target} ADD COLUMN ${name} ${TYPES[name]};`);
  throw new LoadError(
    'provenance-columns-missing',
    `targets.${target}: 'provenance' fills ${names}, which ${target} does not have`,
    { class: 'config', hint: `add by a migration: ${statements.join(' ')}` },
  );
}
