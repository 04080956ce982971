/** What becomes of files that do not fit their table. Absent (`freeze`): COPY refuses them. */
export interface DriftPolicy {
  /** Adds columns that the table lacks, and widens texts. */
  readonly evolves: boolean;
  /** What does not fit is kept, row by row, in the column `RESCUED`; the row is loaded without it. */
  readonly rescues: boolean;
  /** The table gets no column beyond so many. */
  readonly maxColumns: number;
  /** How many times as long as the longest value seen a text column is made. */
  readonly headroom: number;
}

/** The column that keeps what does not fit. Millrace fills it; no file has it. */
export const RESCUED = '_rescued';
