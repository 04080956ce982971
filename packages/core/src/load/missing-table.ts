import { nearestWord } from '../copy/nearest-word.ts';
import type { Warehouse } from '../ports/warehouse.ts';
import { LoadError } from '../recover/load-error.ts';

/** The error for a target without a table: with the name that was most likely meant, if there is one. */
export async function missingTable(warehouse: Warehouse, target: string): Promise<LoadError> {
  const rows = await warehouse.transact([warehouse.dialect.render({ kind: 'list-tables' })]);
  const meant = nearestWord(
    target,
    rows.map(({ name }) => String(name)),
  );
  const suggestion = meant === undefined ? '' : `did you mean ${meant}? Otherwise `;
  return new LoadError('target-table-missing', `targets.${target}: table ${target} is not in the warehouse`, {
    class: 'config',
    hint: `${suggestion}create it by a migration (\`millrace migrate new create_table\`)`,
  });
}
