import type { MergeRule } from '../load/merge-rule.ts';
import { LoadError } from '../recover/load-error.ts';
import { type ColumnList, columnListOf } from './column-list.ts';
import type { Event, EventProblem } from './envelope.ts';
import type { CompiledMapping } from './mapping.ts';
import type { Rejection, RowValue, TableRow, Transform } from './transform.ts';

/** The columns that rows of a table came with, and what these rows must have. */
export interface RowShape {
  readonly target: string;
  readonly list: ColumnList;
  /** As the transform spells them, in the order of the list. */
  readonly names: readonly string[];
  /** Of each column its place among those that the transform names, sorted; -1: it does not name it. Absent: it names all. */
  readonly from?: readonly number[];
  /** Places in the list that must not be NULL: the key's. */
  readonly required: readonly number[];
  /** Whether two rows of one event with the same key are one too many: the second would be dropped. */
  readonly isOncePerKey: boolean;
}

/** A row that an event became. */
export interface ShapedRow {
  readonly shape: RowShape;
  readonly values: readonly RowValue[];
}

/** What an event became: all of its rows, or none and the reason. */
export type Applied =
  | { readonly kind: 'rows'; readonly rows: readonly ShapedRow[] }
  | { readonly kind: 'rejected'; readonly problem: EventProblem };

/** What the transforms need to know of a target. */
export type FedTarget = Pick<MergeRule, 'mode' | 'key' | 'latestBy' | 'nullKeys' | 'tombstone' | 'columns'>;

/** Beyond this many column lists of a table, rows are made up at random: each list is a file of its own. */
const MAX_SHAPES = 200;

/** The transforms of a configuration, ready to be applied. */
export class Transforms {
  readonly #byType: ReadonlyMap<string, Transform | CompiledMapping>;
  readonly #targets: ReadonlyMap<string, FedTarget>;
  /** By target, and by the names of the columns as they come. */
  readonly #shapes = new Map<string, RowShape>();
  readonly #mapped = new WeakMap<readonly string[], RowShape>();
  /** Shapes of each target. */
  readonly #counts = new Map<string, number>();

  constructor(
    byType: ReadonlyMap<string, Transform | CompiledMapping>,
    targets: ReadonlyMap<string, FedTarget>,
  ) {
    this.#byType = byType;
    this.#targets = targets;
  }

  get types(): readonly string[] {
    return [...this.#byType.keys()];
  }

  /** Whether there is one for events of a type. */
  takes(type: string): boolean {
    return this.#byType.has(type);
  }

  /** What each type of event is mapped by; null: a function makes its rows. */
  get mappings(): ReadonlyMap<string, CompiledMapping | null> {
    return new Map(
      [...this.#byType].map(([type, transform]) => [
        type,
        typeof transform === 'function' ? null : transform,
      ]),
    );
  }

  /** What an event becomes. Never throws: what a transform throws is why its event is rejected. */
  apply(event: Event): Applied {
    const transform = this.#byType.get(event.type);
    if (transform === undefined) {
      return rejected('event-type-unknown', `no transform takes events of type '${event.type}'`);
    }
    let made: ReturnType<Transform> | undefined;
    try {
      if (typeof transform === 'function') made = transform(event);
    } catch (error) {
      return rejected('transform-failed', `the transform of '${event.type}' failed: ${messageOf(error)}`);
    }
    try {
      if (typeof transform !== 'function') return this.#map(transform, event);
      return this.#shape(made, event.type);
    } catch (error) {
      if (error instanceof LoadError) return rejected(error.code, error.sentence);
      // A value that is no text where one is needed: `{"toString": 1}` in a key. It would throw again, and hold the shard for ever.
      return rejected('transform-invalid', `the rows of '${event.type}' cannot be read: ${messageOf(error)}`);
    }
  }

  #map({ rows: mapped }: CompiledMapping, event: Event): Applied {
    const rows: ShapedRow[] = [];
    for (const { target, names, getters } of mapped) {
      const shape = this.#shapeOf(target, names, event.type);
      const values: RowValue[] = [];
      for (const get of getters) values.push(get(event) as RowValue);
      const all = shape.from === undefined ? values : shape.from.map((place) => values[place]);
      requireKey(shape, all, event.type);
      rows.push({ shape, values: all });
    }
    if (rows.length > 1) refuseRepeatedKeys(rows);
    return { kind: 'rows', rows };
  }

  #shape(made: ReturnType<Transform> | undefined, type: string): Applied {
    const list = Array.isArray(made) ? (made as readonly TableRow[]) : [made as TableRow | Rejection];
    const rows: ShapedRow[] = [];
    for (const one of list) {
      if (one?.kind === 'rejected') return rejected('event-refused', one.reason);
      const isRow = one?.kind === 'fact' || one?.kind === 'dimension';
      if (!isRow || typeof one.row !== 'object' || one.row === null) throw notRows(type);
      const shape = this.#shapeOf(one.target, Object.keys(one.row), type);
      const values = shape.names.map((name) => one.row[name]);
      requireKey(shape, values, type);
      rows.push({ shape, values });
    }
    if (rows.length > 1) refuseRepeatedKeys(rows);
    return { kind: 'rows', rows };
  }

  #shapeOf(target: string, names: readonly string[], type: string): RowShape {
    // The names of a mapping are one list for ever: found by itself, without a text being made of it.
    const mapped = this.#mapped.get(names);
    if (mapped !== undefined) return mapped;
    const signature = `${target}\0${names.join('\0')}`;
    const known = this.#shapes.get(signature);
    if (known !== undefined) return known;
    const shape = this.#newShape(target, names, type);
    const shapes = (this.#counts.get(shape.target) ?? 0) + 1;
    if (shapes > MAX_SHAPES) {
      throw new LoadError(
        'too-many-shapes',
        `rows of ${target} came with more than ${MAX_SHAPES} lists of columns`,
        { hint: `have the transform of '${type}' name the same columns in every row; null is NULL` },
      );
    }
    this.#counts.set(shape.target, shapes);
    this.#shapes.set(signature, shape);
    this.#mapped.set(names, shape);
    return shape;
  }

  #newShape(name: string, given: readonly string[], type: string): RowShape {
    const target = name.toLowerCase();
    const rule = this.#targets.get(target);
    if (rule === undefined) {
      throw new LoadError(
        'target-unknown',
        `the transform of '${type}' made a row of '${name}', which is no target`,
        { hint: "declare it under 'targets' as schema.table" },
      );
    }
    // Sorted: two transforms that name the same columns in another order share their chunks.
    const names = [...given].sort();
    const columns = names.map((column) => column.toLowerCase());
    const problem = problemOf(columns, rule);
    if (problem !== undefined) {
      throw new LoadError('row-invalid', `a row of ${target} by the transform of '${type}' ${problem}`, {
        hint: 'correct the transform',
      });
    }
    const padded =
      rule.mode === 'upsert' ? [...(rule.columns ?? [])].filter((one) => !columns.includes(one)) : [];
    const all = [...columns, ...padded].sort();
    const from = all.map((column) => columns.indexOf(column));
    const required = rule.nullKeys === 'append' ? [] : rule.key.map((column) => all.indexOf(column));
    const isOncePerKey = rule.mode === 'insert-only';
    return {
      target,
      list: columnListOf(all),
      names: all.map((column, at) => names[from[at] ?? -1] ?? column),
      // The order of names need not be that of columns: capitals come first.
      ...(from.every((place, at) => place === at) ? {} : { from }),
      required,
      isOncePerKey,
    };
  }
}

/** A NULL in the key would have COPY refuse the whole chunk. */
function requireKey({ target, list, required }: RowShape, values: readonly RowValue[], type: string): void {
  for (const place of required) {
    if (values[place] !== undefined && values[place] !== null) continue;
    throw new LoadError('key-missing', `'${list.columns[place]}' is in the key of ${target} and is NULL`, {
      hint: `send it, or have the transform of '${type}' reject such events`,
    });
  }
}

function problemOf(
  columns: readonly string[],
  { key, latestBy, columns: all }: FedTarget,
): string | undefined {
  if (columns.length === 0) return 'names no column';
  const twice = columns.find((column, at) => columns.indexOf(column) < at);
  if (twice !== undefined) return `names '${twice}' twice`;
  const missing = [...key, ...latestBy].find((column) => !columns.includes(column));
  if (missing !== undefined) return `lacks '${missing}', by which rows are merged`;
  const other = all === null ? undefined : columns.find((column) => !all.includes(column));
  return other === undefined ? undefined : `names '${other}', which is not among its target's columns`;
}

/** Of two rows with one key an insert-only table takes one, and nobody would see which. */
function refuseRepeatedKeys(rows: readonly ShapedRow[]): void {
  let once = 0;
  for (const { shape } of rows) if (shape.isOncePerKey) once += 1;
  if (once < 2) return;
  const seen = new Set<string>();
  for (const { shape, values } of rows) {
    if (!shape.isOncePerKey || shape.required.length === 0) continue;
    const key = `${shape.target}\0${shape.required.map((place) => String(values[place])).join('\0')}`;
    if (seen.has(key)) {
      throw new LoadError('key-repeated', `the event makes two rows of ${shape.target} with the same key`, {
        hint: "add a column that tells them apart to the target's 'key'",
      });
    }
    seen.add(key);
  }
}

function notRows(type: string): LoadError {
  return new LoadError(
    'transform-invalid',
    `the transform of '${type}' returned something that is not a row`,
    {
      hint: 'return fact(…), dimension(…), a list of these, or reject(reason)',
    },
  );
}

function rejected(code: string, reason: string): Applied {
  return { kind: 'rejected', problem: { code, reason } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
