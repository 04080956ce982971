import { parseCopyOptions } from '../copy/parse-copy-options.ts';
import type { ValueCheck } from '../load/value-check.ts';
import type { TableColumn } from '../ports/table-column.ts';
import type { EpochMs } from '../ports/time.ts';
import type { Warehouse } from '../ports/warehouse.ts';
import type { RowShape } from './apply-transforms.ts';
import { problemOfRow } from './csv-row.ts';
import type { EventProblem } from './envelope.ts';
import type { RowValue } from './transform.ts';

export type { ValueCheck } from '../load/value-check.ts';

/** `ask`: only the warehouse can tell; nothing is known of the table, or what is known speaks against the row and may be old. */
export type RowVerdict = EventProblem | 'ask' | undefined;

export interface TableChecksOptions {
  /** Rejects soon when the warehouse is away: nobody waits for it long. */
  readonly warehouse: Pick<Warehouse, 'describeTable' | 'dialect'>;
  /** The COPY options that a target's chunks are read with; undefined: its rows are not checked. */
  readonly copyOptionsOf: (target: string) => string | undefined;
  readonly now: () => EpochMs;
  /** Hears, once per outage, that rows are not checked for now. */
  readonly onBlind?: (error: unknown) => void;
  /**
   * How long what is known of a table is believed when it speaks for a row.
   *
   * @default an hour
   */
  readonly maxAgeMs?: number;
  /**
   * How long it is believed when it speaks against one: a table may have been altered since.
   *
   * @default a second
   */
  readonly recheckMs?: number;
  /**
   * How long a warehouse that did not answer is left alone.
   *
   * @default half a minute
   */
  readonly patienceMs?: number;
}

/** What is known of a table; `columns` is null when it cannot be said what fits. */
interface Knowledge {
  readonly columns: ReadonlyMap<string, TableColumn> | null;
  readonly askedAt: EpochMs;
  /** False from when the table was looked at again. */
  isCurrent: boolean;
}

interface ShapeChecks {
  readonly of: Knowledge;
  /** By place; undefined: anything fits. */
  readonly checks: readonly (ValueCheck | undefined)[];
  /** Places where NULL does not fit. */
  readonly required: readonly boolean[];
}

const MINUTE = 60_000;
/** A reason is for reading. */
const SHOWN = 60;

/**
 * Whether rows fit their tables, before they share a chunk with others: COPY refuses a file as a whole, so that one value
 * that is too long would take a chunk of good rows with it.
 *
 * What is known comes from the warehouse's catalog and is kept for a while. Without an answer rows pass unchecked, and a
 * chunk that COPY refuses is quarantined: an outage of the warehouse never stops a consumer.
 */
export class TableChecks {
  readonly #options: Required<TableChecksOptions>;
  readonly #known = new Map<string, Knowledge>();
  readonly #checks = new WeakMap<RowShape, ShapeChecks>();
  #blindUntil: EpochMs | null = null;

  constructor(options: TableChecksOptions) {
    this.#options = {
      onBlind: () => {},
      maxAgeMs: 60 * MINUTE,
      recheckMs: 1_000,
      patienceMs: MINUTE / 2,
      ...options,
    };
  }

  /**
   * Whether a row fits: undefined, or why not.
   *
   * @param now taken once for many rows: a look at the clock is dear beside a row
   */
  judge(shape: RowShape, values: readonly RowValue[], now: EpochMs): RowVerdict {
    try {
      return this.#judge(shape, values, now);
    } catch (error) {
      // An object of which no JSON can be made.
      return { ...problemOfRow(error), target: shape.target };
    }
  }

  #judge(shape: RowShape, values: readonly RowValue[], now: EpochMs): RowVerdict {
    // What a shape was last judged by is found at once; a table that was looked at since is not current in it.
    let made = this.#checks.get(shape);
    if (made === undefined || !made.of.isCurrent || now - made.of.askedAt > this.#options.maxAgeMs) {
      const known = this.#known.get(shape.target);
      if (known === undefined || now - known.askedAt > this.#options.maxAgeMs) {
        // What was known for long is no reason to reject, and no other is there.
        return this.#isBlind(now) ? undefined : 'ask';
      }
      made = this.#checksOf(shape, known);
    }
    const { of: known, checks, required } = made;
    if (known.columns === null) return undefined;
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at];
      let problem: string | undefined;
      if (value === undefined || value === null) {
        if (required[at] === true) problem = 'it is NULL, and the column is NOT NULL';
      } else problem = checks[at]?.(value);
      if (problem === undefined) continue;
      if (now - known.askedAt <= this.#options.recheckMs) return misfit(shape, { at, value, problem, known });
      return this.#isBlind(now) ? undefined : 'ask';
    }
    return undefined;
  }

  /** Asks the warehouse for the columns of a target. Never rejects: without an answer, rows pass unchecked for a while. */
  async look(target: string): Promise<void> {
    const { warehouse, copyOptionsOf, now, onBlind, patienceMs } = this.#options;
    const askedAt = now();
    try {
      const isChecked = warehouse.dialect.checkOf !== undefined && copyOptionsOf(target) !== undefined;
      const columns = isChecked ? await warehouse.describeTable(target) : undefined;
      const byName = columns && new Map(columns.map((column) => [column.name, column]));
      const before = this.#known.get(target);
      if (before !== undefined) before.isCurrent = false;
      this.#known.set(target, { columns: byName ?? null, askedAt, isCurrent: true });
      this.#blindUntil = null;
    } catch (error) {
      if (this.#blindUntil === null) onBlind(error);
      this.#blindUntil = now() + patienceMs;
    }
  }

  #isBlind(now: EpochMs): boolean {
    return this.#blindUntil !== null && now < this.#blindUntil;
  }

  /** Made once for a list of columns, and again when the table was looked at again. */
  #checksOf(shape: RowShape, known: Knowledge): ShapeChecks {
    const { dialect } = this.#options.warehouse;
    const options = parseCopyOptions(this.#options.copyOptionsOf(shape.target) ?? '');
    const columns = shape.list.columns.map((name) => known.columns?.get(name));
    const checks: ShapeChecks = {
      of: known,
      // A column that the table lacks is found by the loader, which says what to do for all rows at once.
      checks: columns.map((column) => column && dialect.checkOf?.(column, options)),
      required: columns.map((column) => column?.isNullable === false),
    };
    this.#checks.set(shape, checks);
    return checks;
  }
}

function misfit(
  { target, list }: RowShape,
  { at, value, problem, known }: { at: number; value: RowValue; problem: string; known: Knowledge },
): EventProblem {
  const name = list.columns[at] ?? '';
  const type = known.columns?.get(name)?.type ?? '';
  const isNull = value === undefined || value === null;
  const shown = isNull ? 'NULL' : shownValue(value);
  return {
    code: 'value-misfit',
    reason: `${shown} does not fit column '${name}' of ${target} (${type}): ${problem}`,
    target,
  };
}

function shownValue(value: RowValue): string {
  const text = typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
  return `'${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}'`;
}
