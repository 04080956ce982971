import { getterOf, type JsonGetter, parseJsonPath } from './json-path.ts';
import type { TableRow } from './transform.ts';

/** A row that an event becomes, as it is written in JSON: where each column's value is in the event. */
export interface RowMapping {
  readonly kind: TableRow['kind'];
  /** `schema.table` */
  readonly target: string;
  /** Paths into the event by column. */
  readonly columns: Readonly<Record<string, string>>;
}

/** The rows that events of a type become, ready to be made. A path that leads nowhere is NULL. */
export interface CompiledMapping {
  readonly rows: readonly {
    readonly target: string;
    /** Sorted, as the columns of a chunk are. */
    readonly names: readonly string[];
    readonly getters: readonly JsonGetter[];
  }[];
}

/** @throws LoadError `invalid-path` */
export function compileMapping(mappings: readonly RowMapping[]): CompiledMapping {
  return {
    rows: mappings.map(({ target, columns }) => {
      const names = Object.keys(columns).sort();
      return { target, names, getters: names.map((name) => getterOf(parseJsonPath(columns[name] ?? ''))) };
    }),
  };
}
