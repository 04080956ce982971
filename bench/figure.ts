/** One measured figure with what it is held to. */
export interface Figure {
  /** What was measured: `append csv.zst, 1,000,000 rows`. */
  readonly name: string;
  /** The number that the bound is about. */
  readonly value: number;
  /** What the number counts: `× bare DuckDB`, `files/s`. */
  readonly unit: string;
  /** Null: only printed. */
  readonly bound: Bound | null;
  /** What the number was made of, for people. */
  readonly detail: string;
}

export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export type Verdict = 'pass' | 'miss' | 'info';

export function verdictOf({ value, bound }: Figure): Verdict {
  if (bound === null) return 'info';
  // A value that is no number is a miss: nothing was measured.
  if ('atLeast' in bound) return value >= bound.atLeast ? 'pass' : 'miss';
  return value <= bound.atMost ? 'pass' : 'miss';
}

export function formatBound(bound: Bound | null): string {
  if (bound === null) return '';
  return 'atLeast' in bound ? `≥ ${formatNumber(bound.atLeast)}` : `≤ ${formatNumber(bound.atMost)}`;
}

/** Three digits that count: `0.873`, `12.4`, `612,000`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${formatNumber(seconds * 1_000)} ms` : `${formatNumber(seconds)} s`;
}
