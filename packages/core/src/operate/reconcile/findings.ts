import type { ReconcileEntry } from '../../ports/operations.ts';

/** What one page of a reconciliation found. */
export interface Findings {
  readonly missing: ReconcileEntry[];
  readonly double: ReconcileEntry[];
  readonly orphan: ReconcileEntry[];
  /** Places or files that were looked at: for progress. */
  looked: number;
  /** Where the next page of this part begins; null: it is done. */
  next: string | null;
}

/** Entries of one page: bounds its size, however much is wrong. */
const ENTRIES_PER_PAGE = 10_000;

/** Whether there is room for no more. */
export function isFull({ missing, double, orphan }: Findings): boolean {
  return missing.length + double.length + orphan.length >= ENTRIES_PER_PAGE;
}

export function noFindings(): Findings {
  return { missing: [], double: [], orphan: [], looked: 0, next: null };
}

/** What a part of a reconciliation is asked. */
export interface ReconcilePart {
  /** `next` of the page before. */
  readonly from: string | null;
  /** Whether what is found is mended too. */
  readonly repair: boolean;
}

export function entryOf(target: string, url: string, why: string): ReconcileEntry {
  return { target, url, why };
}

/** The entry of something that was found and mended. */
export function repaired(entry: ReconcileEntry): ReconcileEntry {
  return { ...entry, repaired: true };
}
