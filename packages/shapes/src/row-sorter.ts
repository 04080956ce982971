import type { CopyOptions, TableColumn } from '@millrace/core';
import { judgeOf, type ValueJudge } from './fits-value.ts';

/** What becomes of the values under one name: they go into the row where they fit, else they are rescued. */
export interface SortedColumn {
  /** Undefined: the table has no such column, and every value is rescued. */
  readonly fits: ValueJudge | undefined;
  /** Whether a value of blanks alone is no value there. */
  readonly isText: boolean;
}

export interface SortRules {
  readonly tableColumns: readonly TableColumn[];
  readonly required: readonly string[];
  readonly into: string;
}

/** Columns that take any text, so that COPY refuses what it will. */
const TAKES_ALL: ValueJudge = () => true;

/** How values are sorted, by the name of their column as the table has it. */
export function columnSorter(
  { tableColumns, required, into }: SortRules,
  options: CopyOptions,
): (name: string) => SortedColumn {
  const known = new Map<string, SortedColumn>();
  for (const column of tableColumns) {
    if (column.name === into) continue;
    const isText = column.type.startsWith('character');
    // A row cannot do without what the table requires: it is an error of the file, as it is without rescue.
    const isLeft = required.includes(column.name) || !column.isNullable || column.isIdentity;
    known.set(column.name, { fits: isLeft ? TAKES_ALL : judgeOf(column, options), isText });
  }
  // A tombstone's mark need not be a column of the table.
  for (const name of required) if (!known.has(name)) known.set(name, { fits: TAKES_ALL, isText: true });
  const unknown: SortedColumn = { fits: undefined, isText: true };
  return (name) => known.get(name) ?? unknown;
}

/** What a row has lost, as one object of JSON (latin1 of its UTF-8). */
export class Rescued {
  readonly #members: string[] = [];

  /** @param value a text, latin1 of its UTF-8 */
  addText(name: string, value: string): void {
    this.addRaw(name, JSON.stringify(Buffer.from(value, 'latin1').toString('utf8')));
  }

  /** @param json a value of JSON, as UTF-8 read as text */
  addRaw(name: string, json: string): void {
    this.#members.push(`${JSON.stringify(name)}:${json}`);
  }

  /** Latin1 of its UTF-8. */
  toJson(): string {
    return Buffer.from(`{${this.#members.join(',')}}`, 'utf8').toString('latin1');
  }
}
