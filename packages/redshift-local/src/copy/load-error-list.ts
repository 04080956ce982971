import { formatType } from '../catalog/duck-type.ts';
import type { ColumnInfo, TableInfo } from '../catalog/table-info.ts';
import type { LoadErrorRow } from '../system/system-log.ts';
import type { CopyFile } from './copy-file.ts';
import type { RowProblem } from './row-problem.ts';

/** Rows kept of a COPY that fails. Beyond it only the first error of every further file is kept. */
const MAX_ERRORS = 100;
/** Errors of one file after which the rest of it is not looked at any more: they repeat. */
export const ERRORS_PER_FILE = 10;
const MAX_BAD_FILES = 100;
/** Rows kept of a COPY that skips bad rows. */
const MAX_SKIPPED = 100_000;
/** What STL_LOAD_ERRORS has room for. */
const MAX_RAW = 1_024;

export interface FoundProblem {
  readonly file: CopyFile;
  readonly line: number;
  readonly problem: RowProblem;
  readonly raw: string;
  readonly column?: ColumnInfo;
  readonly value?: string;
  readonly position?: number;
}

/**
 * The bad rows of one COPY, and whether they make it fail.
 *
 * A COPY fails at its MAXERROR-th bad row (0 is 1). From then on rows are read only to name the other bad files too,
 * so that a loader can put all of them aside after one failure.
 */
export class LoadErrorList {
  readonly rows: LoadErrorRow[] = [];
  readonly #table: TableInfo;
  readonly #tolerated: number;
  #count = 0;
  #ofFile = 0;
  #badFiles = 0;
  #lastFile: CopyFile | undefined;

  /** @param tolerated bad rows that are skipped. */
  constructor(table: TableInfo, tolerated: number) {
    this.#table = table;
    this.#tolerated = tolerated;
  }

  get count(): number {
    return this.#count;
  }

  get hasFailed(): boolean {
    return this.#count > this.#tolerated;
  }

  /** No more can be learnt of this file. */
  isDoneWith(file: CopyFile): boolean {
    return this.hasFailed && this.#lastFile === file && this.#ofFile >= ERRORS_PER_FILE;
  }

  /** Every bad file that is going to be named has been. */
  get isFull(): boolean {
    return this.hasFailed && this.#badFiles >= MAX_BAD_FILES;
  }

  add(found: FoundProblem): void {
    this.#count += 1;
    const isNewFile = this.#lastFile !== found.file;
    if (isNewFile) {
      this.#lastFile = found.file;
      this.#ofFile = 0;
      this.#badFiles += 1;
    }
    this.#ofFile += 1;
    const bound = this.hasFailed ? MAX_ERRORS : MAX_SKIPPED;
    if (this.rows.length < bound || (isNewFile && this.#badFiles <= MAX_BAD_FILES))
      this.rows.push(this.#toRow(found));
  }

  #toRow({ file, line, problem, raw, column, value, position }: FoundProblem): LoadErrorRow {
    const type = column?.type;
    return {
      tableId: this.#table.tableId,
      fileName: file.url,
      lineNumber: line,
      columnName: column?.name ?? '',
      columnType: type ? formatType({ ...type }).replace(/\(.*\)/u, '') : '',
      columnLength: lengthOf(column),
      position: position ?? 0,
      rawLine: raw.slice(0, MAX_RAW).toWellFormed(),
      rawFieldValue: (value ?? '').slice(0, MAX_RAW).toWellFormed(),
      errorCode: problem.code,
      errorReason: problem.reason,
    };
  }
}

function lengthOf(column: ColumnInfo | undefined): string {
  const type = column?.type;
  if (type?.name === 'numeric') return `${type.precision}, ${type.scale}`;
  return type && 'length' in type ? String(type.length) : '';
}
