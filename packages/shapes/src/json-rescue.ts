import type { CopyOptions } from '@millrace/core';
import type { RescueCount } from './csv-rescue.ts';
import { jsonObjects, textOf } from './json-objects.ts';
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
  const columns = new Map<string, JsonColumn>();
  for await (const records of jsonObjects(chunks)) {
    const lines: string[] = [];
    for (const record of records) {
      if (record.kind === 'broken') {
        lines.push(`${record.text}\n`);
        continue;
      }
      const kept: string[] = [];
      let rescued: Rescued | undefined;
      for (const { name, raw } of record.members) {
        let column = columns.get(name);
        if (column === undefined) {
          const folded = ignoresCase ? name.toLowerCase() : name;
          const takesAny = json.has(folded) && folded !== rules.into;
          const quoted = Buffer.from(JSON.stringify(name), 'utf8').toString('latin1');
          column = { ...sortColumn(folded), takesAny, quoted };
          columns.set(name, column);
        }
        if (raw === 'null' || column.takesAny || fitsJson(raw, column)) {
          kept.push(`${column.quoted}:${raw}`);
          continue;
        }
        rescued ??= new Rescued();
        rescued.addRaw(name, Buffer.from(raw, 'latin1').toString('utf8'));
      }
      if (rescued !== undefined) {
        count.rows += 1;
        kept.push(`${JSON.stringify(rules.into)}:${rescued.toJson()}`);
      }
      // Members may have line ends between them; in a text there can be none.
      const members = kept.join(',');
      lines.push(`{${/[\r\n]/u.test(members) ? members.replaceAll(/[\r\n]/gu, ' ') : members}}\n`);
    }
    yield lines.join('');
  }
}

/** What becomes of the values under one name. */
interface JsonColumn extends SortedColumn {
  /** It holds JSON. */
  readonly takesAny: boolean;
  /** The name as it is written. */
  readonly quoted: string;
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
