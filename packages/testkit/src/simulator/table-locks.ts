import { type Session, timedOut } from './session.ts';

/** Locks of tables: exclusive, held until the transaction's end, in the order in which they are asked for. */
export class TableLocks {
  readonly #holders = new Map<string, Session>();
  readonly #waiting = new Map<string, Session[]>();

  /** @throws LoadError `statement-cancelled` (class `transient`) when it is not free within `limitMs` (0: no limit). */
  async acquire(table: string, session: Session, { limitMs }: { limitMs: number }): Promise<void> {
    if (this.#holders.get(table) === session) return;
    const line = this.#waiting.get(table) ?? [];
    this.#waiting.set(table, line);
    line.push(session);
    try {
      const isFree = (): boolean => !this.#holders.has(table) && line[0] === session;
      if (!(await session.waitFor(isFree, { limitMs }))) throw timedOut(`the lock of ${table}`);
      this.#holders.set(table, session);
    } finally {
      line.splice(line.indexOf(session), 1);
    }
  }

  releaseAll(session: Session): void {
    for (const [table, holder] of this.#holders) if (holder === session) this.#holders.delete(table);
  }

  holderOf(table: string): Session | undefined {
    return this.#holders.get(table);
  }
}
