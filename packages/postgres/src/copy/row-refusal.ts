import type { CopyError } from '@millrace/core';

/** Numbers by which Redshift calls what is wrong with a row: people, and what suggests a fix, know them. */
export const LOAD_ERROR = {
  packing: 1200,
  delimiter: 1203,
  extraColumns: 1202,
  tooLong: 1204,
  date: 1205,
  timestamp: 1206,
  number: 1207,
  overflow: 1208,
  boolean: 1210,
  blankLine: 1211,
  notNull: 1213,
  line: 1216,
  text: 1220,
  type: 1223,
  json: 1224,
} as const;

/** What is wrong with a row, or with a file, without the file's name. */
export type RowProblem = Omit<CopyError, 'fileUrl'>;

/** A file that cannot be read on: nothing of its COPY is kept. */
export class RowRefusal extends Error {
  readonly problem: RowProblem;

  constructor(problem: Partial<RowProblem> & Pick<RowProblem, 'code' | 'reason'>, options?: ErrorOptions) {
    super(problem.reason, options);
    this.problem = { line: null, column: null, rawValue: null, ...problem };
  }
}
