import type { Tombstone, VersionOrder } from '@millrace/core';
import type { Row } from './table-store.ts';

/** The key of a row as a text; null when a part of it is NULL, which equals nothing. */
export function keyOf(row: Row, key: readonly string[]): string | null {
  const values = key.map((name) => row[name] ?? null);
  return values.includes(null) ? null : JSON.stringify(values.map(String));
}

export function isTombstone(row: Row, { column, equals }: Tombstone): boolean {
  return row[column] === equals;
}

/** Negative when `one` comes first in the total order, that is, wins. */
export function compareVersions(one: Row, other: Row, order: VersionOrder): number {
  const later = compareLatest(one, other, order.latestBy);
  if (later !== 0) return later;
  const { tombstone } = order;
  if (tombstone !== null) {
    const dead = Number(isTombstone(other, tombstone)) - Number(isTombstone(one, tombstone));
    if (dead !== 0) return dead;
  }
  return compareLatest(
    one,
    other,
    order.remaining.map(({ name }) => name),
  );
}

/** By these columns descending, NULL last. */
export function compareLatest(one: Row, other: Row, columns: readonly string[]): number {
  for (const name of columns) {
    const [left, right] = [one[name] ?? null, other[name] ?? null];
    if (left === right) continue;
    if (left === null) return 1;
    if (right === null) return -1;
    return left > right ? -1 : 1;
  }
  return 0;
}

/** The first row of each key in the order. Rows with a NULL in the key: all of them, or the first, as a GROUP BY has it. */
export function winnersOf(
  rows: readonly Row[],
  { key, order, keepsNullKeys }: { key: readonly string[]; order: VersionOrder; keepsNullKeys: boolean },
): readonly Row[] {
  const best = new Map<string, Row>();
  const kept: Row[] = [];
  for (const row of rows) {
    const value = keyOf(row, key);
    if (value === null && keepsNullKeys) {
      kept.push(row);
      continue;
    }
    const known = best.get(value ?? 'null');
    if (known === undefined || compareVersions(row, known, order) < 0) best.set(value ?? 'null', row);
  }
  return [...best.values(), ...kept];
}
