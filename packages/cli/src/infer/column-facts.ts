/**
 * What the values of a column look like, one class per value, the narrowest that fits. `null-word`: a text such as NA
 * that writers put for nothing. `nested`: an object or a list of JSON. `slash-date`: 03/04/2026, where either number may be the day; the
 * other two are those that tell.
 */
export type ValueClass =
  | 'integer'
  | 'decimal'
  | 'float'
  | 'boolean'
  | 'date'
  | 'month-first-date'
  | 'day-first-date'
  | 'slash-date'
  | 'timestamp'
  | 'timestamptz'
  | 'null-word'
  | 'nested'
  | 'text';

/** The values of one class in one column. */
export interface ClassFacts {
  readonly class: ValueClass;
  readonly values: number;
  /** UTF-8 bytes of the longest. */
  readonly maxBytes: number;
  /** Digits before the decimal point, at most. */
  readonly integerDigits: number;
  /** Digits behind it, at most. */
  readonly scale: number;
  /** Digits from the first to the last that is not 0, at most: what a floating point number has to keep. */
  readonly significantDigits: number;
  /** The first and the last by text order; for `null-word` the same when there is one word. */
  readonly least: string;
  readonly greatest: string;
}

/** A column of a sample. */
export interface ColumnFacts {
  /** As the file names it; made up where it names none. */
  readonly label: string;
  readonly classes: readonly ClassFacts[];
}
