import { LoadError, type SqlValue } from '@millrace/core';

export type Row = Readonly<Record<string, SqlValue>>;

/**
 * Tables in memory, with transactions as Redshift has them under snapshot isolation: a reader sees what was committed
 * when its snapshot was taken; two transactions that insert do not disturb each other, and of two that change what is
 * there the second one fails. That guards and locks are needed is not hidden by a stricter database.
 */
export class TableStore {
  #committed: ReadonlyMap<string, readonly Row[]> = new Map();

  rows(table: string): readonly Row[] {
    return this.#committed.get(table) ?? [];
  }

  has(table: string): boolean {
    return this.#committed.has(table);
  }

  begin(): Transaction {
    return new Transaction({
      snapshot: () => this.#committed,
      commit: (changes) => {
        this.#committed = new Map([...this.#committed, ...changes]);
      },
    });
  }
}

interface Committed {
  readonly snapshot: () => ReadonlyMap<string, readonly Row[]>;
  readonly commit: (changes: ReadonlyMap<string, readonly Row[]>) => void;
}

/** One transaction. Its snapshot is taken by the first look at a table, not by its begin: a lock comes before it. */
export class Transaction {
  readonly #store: Committed;
  #snapshot: ReadonlyMap<string, readonly Row[]> | null = null;
  readonly #temporary = new Map<string, readonly Row[]>();
  readonly #appended = new Map<string, Row[]>();
  readonly #replaced = new Map<string, readonly Row[]>();

  constructor(store: Committed) {
    this.#store = store;
  }

  read(table: string): readonly Row[] {
    const own = this.#temporary.get(table);
    if (own !== undefined) return own;
    const base = this.#replaced.get(table) ?? this.#seen().get(table) ?? [];
    const appended = this.#appended.get(table);
    return appended === undefined ? base : [...base, ...appended];
  }

  createTemporary(table: string, rows: readonly Row[]): void {
    this.#temporary.set(table, rows);
  }

  createTable(table: string): void {
    if (!this.#seen().has(table)) this.#replaced.set(table, []);
  }

  append(table: string, rows: readonly Row[]): void {
    const own = this.#temporary.get(table);
    if (own !== undefined) {
      this.#temporary.set(table, [...own, ...rows]);
      return;
    }
    this.#seen();
    const appended = this.#appended.get(table) ?? [];
    appended.push(...rows);
    this.#appended.set(table, appended);
  }

  /** Updates and deletes: what is there becomes these rows. */
  replace(table: string, rows: readonly Row[]): void {
    if (this.#temporary.has(table)) {
      this.#temporary.set(table, rows);
      return;
    }
    this.#seen();
    this.#appended.delete(table);
    this.#replaced.set(table, rows);
  }

  /** @throws LoadError `serialization-conflict` (class `transient`) when somebody changed meanwhile what this one changes. */
  commit(): void {
    const now = this.#store.snapshot();
    const changes = new Map<string, readonly Row[]>();
    for (const [table, rows] of this.#replaced) {
      if (now.get(table) !== this.#seen().get(table)) {
        throw new LoadError('serialization-conflict', `serializable isolation violation on table ${table}`, {
          class: 'transient',
        });
      }
      changes.set(table, rows);
    }
    for (const [table, rows] of this.#appended) {
      changes.set(table, [...(changes.get(table) ?? now.get(table) ?? []), ...rows]);
    }
    this.#store.commit(changes);
  }

  #seen(): ReadonlyMap<string, readonly Row[]> {
    this.#snapshot ??= this.#store.snapshot();
    return this.#snapshot;
  }
}
