import { parseJsonPath, valueAt } from './json-path.ts';
import type { TableRow, Transform } from './transform.ts';

/** A row that an event becomes, as it is written in JSON: where each column's value is in the event. */
export interface RowMapping {
  readonly kind: TableRow['kind'];
  /** `schema.table` */
  readonly target: string;
  /** Paths into the event by column. */
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * The transform that a list of mappings stands for. A path that leads nowhere is NULL.
 *
 * @throws LoadError `invalid-path`
 */
export function compileMapping(mappings: readonly RowMapping[]): Transform {
  const compiled = mappings.map(({ kind, target, columns }) => ({
    kind,
    target,
    entries: Object.entries(columns).map(([column, path]) => [column, parseJsonPath(path)] as const),
  }));
  return (event) =>
    compiled.map(({ kind, target, entries }) => {
      const row: Record<string, TableRow['row'][string]> = {};
      for (const [column, path] of entries) row[column] = valueAt(event, path) as TableRow['row'][string];
      return { kind, target, row };
    });
}
