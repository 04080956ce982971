import type { ShapedRow } from './apply-transforms.ts';

/** What became of the events of one type. */
export interface TypeTally {
  /** Null: of no type that a transform takes. */
  readonly type: string | null;
  /** Events that were taken. */
  readonly consumed: number;
  /** Of these, those that became no rows. */
  readonly rejected: number;
  /** By target. */
  readonly rows: ReadonlyMap<string, number>;
}

interface Counts {
  consumed: number;
  rejected: number;
  rows: Map<string, number>;
}

/**
 * Counts events by type. As many types as transforms take: whoever sends events chooses what others are called, so that
 * those are counted together.
 */
export class TypeTallies {
  readonly #byType = new Map<string | null, Counts>();

  /** An event became these rows, perhaps none on purpose. */
  took(type: string, rows: readonly ShapedRow[]): void {
    const counts = this.#of(type);
    counts.consumed += 1;
    for (const { shape } of rows) counts.rows.set(shape.target, (counts.rows.get(shape.target) ?? 0) + 1);
  }

  /** An event became no rows. `type`: one that a transform takes, or null. */
  refused(type: string | null): void {
    const counts = this.#of(type);
    counts.consumed += 1;
    counts.rejected += 1;
  }

  add(others: TypeTallies): void {
    for (const [type, { consumed, rejected, rows }] of others.#byType) {
      const counts = this.#of(type);
      counts.consumed += consumed;
      counts.rejected += rejected;
      for (const [target, more] of rows) counts.rows.set(target, (counts.rows.get(target) ?? 0) + more);
    }
  }

  /** Only types of which there were events. */
  list(): readonly TypeTally[] {
    return [...this.#byType].map(([type, counts]) => ({ type, ...counts }));
  }

  #of(type: string | null): Counts {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const counts = { consumed: 0, rejected: 0, rows: new Map<string, number>() };
    this.#byType.set(type, counts);
    return counts;
  }
}
