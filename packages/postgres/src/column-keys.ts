import type { SqlRow, SqlValue } from '@millrace/core';

/** Names of columns as keys of a row: the second `count` is `count_2`, for an object shows one of the two only. */
export function columnKeys(names: readonly string[]): readonly string[] {
  const all = new Set(names);
  const given = new Set<string>();
  return names.map((name) => {
    let key = name;
    for (let nth = 2; given.has(key) || (key !== name && all.has(key)); nth += 1) key = `${name}_${nth}`;
    given.add(key);
    return key;
  });
}

/** Rows as they come from the server, by the names of their columns. */
export function toRows(names: readonly string[], rows: readonly (readonly SqlValue[])[]): readonly SqlRow[] {
  const keys = columnKeys(names);
  return rows.map((row) => Object.fromEntries(keys.map((key, at) => [key, row[at] ?? null])));
}
