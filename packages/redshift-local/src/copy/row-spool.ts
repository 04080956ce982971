import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { toDuckType } from '../catalog/duck-type.ts';
import { quoteText } from '../catalog/quote.ts';
import type { ColumnInfo } from '../catalog/table-info.ts';

const FLUSH_CHARS = 1 << 20;
/** A SUPER value may have 16 MB; escaped quotes can double it. */
const MAX_LINE_BYTES = 40 * 1024 * 1024;
const SMALL_BUFFER_BYTES = 1024 * 1024;

let spools = 0;

/**
 * Checked rows on their way into the table: a CSV file that DuckDB reads in one statement. Nothing in it can fail any
 * more, which matters because a failing statement would take the session's transaction with it.
 */
export class RowSpool {
  readonly path: string;
  #file: number | undefined;
  #buffer: string[] = [];
  #chars = 0;
  #longest = 0;
  rows = 0;

  constructor(directory: string) {
    spools += 1;
    this.path = join(directory, `copy-rows-${process.pid}-${spools}.csv`);
  }

  append(values: readonly (string | null)[]): void {
    let line = '';
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      if (index > 0) line += ',';
      // Only quoted values are text: an unquoted \N is NULL.
      if (value === null || value === undefined) line += '\\N';
      else line += value.includes('"') ? `"${value.replaceAll('"', '""')}"` : `"${value}"`;
    }
    this.#buffer.push(line);
    this.#chars += line.length;
    this.#longest = Math.max(this.#longest, line.length);
    this.rows += 1;
    if (this.#chars > FLUSH_CHARS) this.flush();
  }

  flush(): void {
    if (this.#buffer.length === 0) return;
    this.#file ??= openSync(this.path, 'w');
    writeSync(this.#file, `${this.#buffer.join('\n')}\n`);
    this.#buffer = [];
    this.#chars = 0;
  }

  close(): void {
    this.flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** What reads the rows: columns f0, f1 … as text. */
  source(fields: readonly ColumnInfo[]): string {
    const columns = fields.map((_, index) => `'f${index}': 'VARCHAR'`).join(', ');
    // The buffer must hold the longest line, and is allocated whole: small ones stay cheap.
    const isShort = this.#longest * 4 < SMALL_BUFFER_BYTES;
    const limits = isShort
      ? `max_line_size = ${SMALL_BUFFER_BYTES}`
      : `max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES}`;
    return (
      `read_csv(${quoteText(this.path)}, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', ` +
      `new_line = '\\n', nullstr = '\\N', allow_quoted_nulls = false, compression = 'none', ${limits}, columns = {${columns}})`
    );
  }
}

/** The values of a spooled row as the table's types. */
export function spooledValues(fields: readonly ColumnInfo[]): string[] {
  return fields.map(({ type }, index) => {
    if (type.name === 'varbyte') return `unhex(f${index})`;
    const duckType = toDuckType(type);
    return duckType === 'VARCHAR' ? `f${index}` : `CAST(f${index} AS ${duckType})`;
  });
}
