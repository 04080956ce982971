import type { CopyOptions } from '@millrace/core';
import type { RescueCount } from './csv-rescue.ts';
import { type JsonMember, jsonObjects, textOf } from './json-objects.ts';
import { columnSorter, Rescued, type SortedColumn, type SortRules } from './row-sorter.ts';

/** The same objects, each in a line, with what does not fit in a member of its own. */
export async function* rescueJson(
  chunks: AsyncIterable<Uint8Array>,
  {
    options,
    ignoresCase,
    rules,
    count,
  }: { options: CopyOptions; ignoresCase: boolean; rules: SortRules; count: RescueCount },
): AsyncGenerator<string> {
  const sortColumn = columnSorter(rules, options);
  const json = new Set(rules.tableColumns.filter(({ type }) => isJsonType(type)).map(({ name }) => name));
  for await (const record of jsonObjects(chunks)) {
    if (record.kind === 'broken') {
      yield `${record.text}\n`;
      continue;
    }
    const kept: string[] = [];
    const rescued = new Rescued();
    for (const { name, raw } of record.members) {
      const column = ignoresCase ? name.toLowerCase() : name;
      const isIn =
        raw === 'null' || (json.has(column) && column !== rules.into) || fitsJson(raw, sortColumn(column));
      if (isIn) kept.push(memberOf({ name, raw }));
      else rescued.addRaw(name, Buffer.from(raw, 'latin1').toString('utf8'));
    }
    if (!rescued.isEmpty) {
      count.rows += 1;
      kept.push(`${JSON.stringify(rules.into)}:${rescued.toJson()}`);
    }
    // Members may have line ends between them; in a text there can be none.
    yield `{${kept.join(',').replaceAll(/[\r\n]/gu, ' ')}}\n`;
  }
}

function isJsonType(type: string): boolean {
  return type === 'super' || type === 'json' || type === 'jsonb';
}

function fitsJson(raw: string, { fits, isText }: SortedColumn): boolean {
  if (fits === undefined) return false;
  const first = raw[0];
  // A whole object is no value of a column that is not SUPER; in a text it is kept as text.
  if ((first === '{' || first === '[') && !isText) return false;
  const text = first === '"' ? textOf(raw) : raw;
  if (text === undefined) return true;
  return (!isText && text.trim() === '') || fits(text);
}

function memberOf({ name, raw }: JsonMember): string {
  return `${Buffer.from(JSON.stringify(name), 'utf8').toString('latin1')}:${raw}`;
}
