import { quoteName } from '../infer/column-names.ts';
import type { InferredTable } from '../infer/inferred-table.ts';
import { showText } from '../terminal/show-text.ts';
import { count } from '../terminal/words.ts';

/** The migration that creates the table, with what was seen of every column beside it. NOT NULL is not claimed. */
export function renderCreateTable(
  target: string,
  { columns, rows, isWhole, warnings }: InferredTable,
  { sampleName }: { sampleName: string },
): string {
  const [schema = 'public', table = ''] = target.split('.');
  const seen = isWhole ? `its ${count(rows, 'row')}` : `its first ${count(rows, 'row')}`;
  const definitions = columns.map(({ name, type }, index) => {
    const comma = index === columns.length - 1 ? '' : ',';
    return { name: quoteName(name), type: `${type}${comma}` };
  });
  const nameWidth = Math.max(0, ...definitions.map(({ name }) => name.length));
  const typeWidth = Math.max(0, ...definitions.map(({ type }) => type.length));
  const lines = definitions.map(({ name, type }, index) => {
    const comment = showText(columns[index]?.why ?? '');
    return `  ${name.padEnd(nameWidth)} ${type.padEnd(typeWidth)} -- ${comment}`;
  });
  return [
    `-- Types are guessed from ${showText(sampleName)}, ${seen}. Review them before the first load: once this file was`,
    '-- applied it is not changed any more; `millrace migrate new` makes the next one.',
    ...(columns.some(({ type }) => type.startsWith('VARCHAR'))
      ? ['-- VARCHAR lengths are bytes, at least twice what was seen.']
      : []),
    ...warnings.map((warning) => `-- Mind: ${showText(warning)}.`),
    ...(schema === 'public' ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)};`, '']),
    `CREATE TABLE ${quoteName(schema)}.${quoteName(table)} (`,
    ...lines,
    ');',
    '',
  ].join('\n');
}
