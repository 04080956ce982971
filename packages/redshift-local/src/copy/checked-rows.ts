import { rm } from 'node:fs/promises';
import type { DuckDBAppender } from '@duckdb/node-api';
import type { ColumnInfo, TableInfo } from '../catalog/table-info.ts';
import { RedshiftError } from '../redshift-error.ts';
import { type ColumnPlan, insertInto } from './column-plan.ts';
import type { CopyContext } from './copy-context.ts';
import { RowSpool, spooledValues } from './row-spool.ts';

/**
 * Rows that are appended value by value. A statement over a spool file costs a millisecond and more before its first
 * row; beyond so many rows it is the cheaper way, and does not keep the process from other work.
 */
const MAX_APPENDED_ROWS = 500;
/** Of those rows together: each is in memory several times. */
const MAX_APPENDED_CHARS = 1024 * 1024;

type Row = readonly (string | null)[];

/**
 * The rows of a COPY that have passed all checks, until it is known that all have: a few in memory, more of them in
 * a spool file. Then they go into the table together.
 */
export class CheckedRows {
  readonly #context: CopyContext;
  readonly #plan: ColumnPlan;
  /** Where in a row the value of each of the table's columns is; undefined when rows have to go through SQL. */
  readonly #places: readonly number[] | undefined;
  #few: Row[] = [];
  #chars = 0;
  #spool: RowSpool | undefined;
  count = 0;

  constructor(plan: ColumnPlan, context: CopyContext) {
    this.#plan = plan;
    this.#context = context;
    this.#places = appendedPlaces(plan, context.table);
  }

  add(row: Row): void {
    this.count += 1;
    if (this.#spool !== undefined) {
      this.#spool.append(row);
      return;
    }
    this.#few.push(row);
    for (const value of row) this.#chars += value?.length ?? 0;
    if (this.#few.length > MAX_APPENDED_ROWS || this.#chars > MAX_APPENDED_CHARS) this.#spill();
  }

  /** Puts all rows into the table, in the session's transaction. */
  async insert(): Promise<void> {
    const { connection, table } = this.#context;
    if (this.#spool === undefined && this.#places !== undefined) {
      const { database, schema, name } = table.duckPlace;
      const appender = await connection.createAppender(name, schema, database);
      appendRows(appender, this.#few, { fields: this.#plan.fields, places: this.#places });
      return;
    }
    const spool = this.#spill();
    spool.close();
    const { fields } = this.#plan;
    const sql = `${insertInto(table, this.#plan, spooledValues(fields))} FROM ${spool.source(fields)}`;
    const result = await connection.run(sql);
    if (result.rowsChanged !== this.count) {
      throw new RedshiftError(
        `internal error: ${this.count} rows were checked and ${result.rowsChanged} were loaded`,
      );
    }
  }

  /** Leaves no file behind. */
  async discard(): Promise<void> {
    if (this.#spool === undefined) return;
    this.#spool.close();
    await rm(this.#spool.path, { force: true });
  }

  #spill(): RowSpool {
    if (this.#spool === undefined) {
      this.#spool = new RowSpool(this.#context.spoolDirectory);
      for (const row of this.#few) this.#spool.append(row);
      this.#few = [];
    }
    return this.#spool;
  }
}

/** A place of no field: the column gets NULL. */
const LEFT_OUT = -1;

/** An appender computes nothing: no DEFAULT, no next value of an identity. */
function appendedPlaces({ fields, computed }: ColumnPlan, { columns }: TableInfo): number[] | undefined {
  if (computed.length > 0 || !fields.every(isAppendable)) return undefined;
  return columns.map((column) => fields.indexOf(column));
}

/** The appender's own cast of a text to TIMESTAMPTZ does not look at its offset. */
function isAppendable({ type }: ColumnInfo): boolean {
  return type.name !== 'timestamptz';
}

function appendRows(
  appender: DuckDBAppender,
  rows: readonly Row[],
  { fields, places }: { fields: readonly ColumnInfo[]; places: readonly number[] },
): void {
  const isBinary = fields.map(({ type }) => type.name === 'varbyte');
  for (const row of rows) {
    for (const place of places) {
      const value = place === LEFT_OUT ? null : row[place];
      if (value === null || value === undefined) appender.appendNull();
      else if (isBinary[place]) appender.appendBlob(Buffer.from(value, 'hex'));
      else appender.appendVarchar(value);
    }
    appender.endRow();
  }
  appender.closeSync();
}
