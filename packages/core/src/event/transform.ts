import type { Event } from './envelope.ts';

/**
 * What a column may be given. Objects and lists are written as JSON (for SUPER), dates as ISO 8601 in UTC; undefined and
 * null are NULL.
 */
export type RowValue = string | number | bigint | boolean | null | undefined | Date | object;

/** A row by column; columns that it does not name keep their value, or their default. */
export type RowValues = Readonly<Record<string, RowValue>>;

/** One row that an event becomes. */
export interface TableRow {
  readonly kind: 'fact' | 'dimension';
  /** `schema.table` */
  readonly target: string;
  readonly row: RowValues;
}

/** An event that a transform does not want in any table, and why. */
export interface Rejection {
  readonly kind: 'rejected';
  readonly reason: string;
}

/**
 * What an event becomes: rows of any number of tables, together or not at all. An empty list: nothing, on purpose.
 *
 * It may be called more than once for an event, so it must not depend on anything but the event. What it throws makes
 * the event a reject.
 */
export type Transform = (event: Event) => TableRow | readonly TableRow[] | Rejection;

/**
 * A transform that says what the data of its events look like:
 *
 * ```ts
 * 'page.viewed': transform<{ url: string }>(({ id, data }) => fact('public.views', { id, url: data.url })),
 * ```
 *
 * Nobody checks it: what the producer lets in is said by its schemas.
 */
export function transform<Data>(
  make: (event: Event & { readonly data: Data }) => ReturnType<Transform>,
): Transform {
  return make as Transform;
}

/** A row of a fact table: something happened. By default one event adds it once, however often it is sent. */
export function fact(target: string, row: RowValues): TableRow {
  return { kind: 'fact', target, row };
}

/** A row of a dimension table: this is how something is now. */
export function dimension(target: string, row: RowValues): TableRow {
  return { kind: 'dimension', target, row };
}

/** Puts an event aside, visibly. */
export function reject(reason: string): Rejection {
  return { kind: 'rejected', reason };
}

/** Tables by `schema.table`, each with its columns: what `tables` types rows by. */
export type TableTypes = Readonly<Record<string, object>>;

/** `fact` and `dimension` that know the tables. */
export interface TypedTables<Tables> {
  fact<Name extends keyof Tables & string>(target: Name, row: ExactRow<Tables[Name]>): TableRow;
  dimension<Name extends keyof Tables & string>(target: Name, row: ExactRow<Tables[Name]>): TableRow;
}

/** A row may leave columns out, but name no others, and each with its type. */
export type ExactRow<Columns> = { readonly [Column in keyof Columns]?: Columns[Column] | null | undefined };

/**
 * `fact` and `dimension` typed against tables, so that the compiler finds a misspelt column:
 *
 * ```ts
 * const { fact, dimension } = tables<{ 'public.views': { id: string; url: string; at: string } }>();
 * ```
 */
export function tables<Tables extends TableTypes>(): TypedTables<Tables> {
  return {
    fact: (target, row) => fact(target, row as RowValues),
    dimension: (target, row) => dimension(target, row as RowValues),
  };
}
