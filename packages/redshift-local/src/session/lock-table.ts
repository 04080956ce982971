import { RedshiftError } from '../redshift-error.ts';

/**
 * What a transaction holds on a table, to its end.
 *
 * `read` is held by every query and shuts out only `exclusive`; `write` is held by every writer and shuts out other
 * writers, so that writers of one table queue; `exclusive` is LOCK, TRUNCATE and DDL, and shuts out everybody.
 */
export type LockMode = 'read' | 'write' | 'exclusive';

/** A transaction, as the locks know it. */
export interface LockOwner {
  readonly transactionId: number;
}

interface Waiter {
  readonly owner: LockOwner;
  readonly key: string;
  readonly mode: LockMode;
  readonly grant: () => void;
}

interface Entry {
  readonly holders: Map<LockOwner, Set<LockMode>>;
  readonly queue: Waiter[];
}

/**
 * Table locks of all sessions: first come, first served, with deadlock detection at the moment a wait would close a
 * circle. Keys are names, not ids: a table that is about to be created can be locked too.
 */
export class LockTable {
  readonly #entries = new Map<string, Entry>();
  readonly #heldKeys = new Map<LockOwner, Set<string>>();
  readonly #waiting = new Map<LockOwner, Waiter>();

  /**
   * Resolves when the lock is held. Without a conflict it is held when the call returns, and nothing is awaited.
   *
   * @throws RedshiftError 40P01 `deadlock detected`; the signal's reason when it aborts the wait.
   */
  acquire(owner: LockOwner, key: string, mode: LockMode, signal: AbortSignal): Promise<void> | undefined {
    const entry = this.#entryOf(key);
    const held = entry.holders.get(owner);
    if (held?.has(mode) || held?.has('exclusive')) return undefined;
    // A holder that wants more does not queue behind those who wait for it: that would be a deadlock at once.
    const ahead = held === undefined ? entry.queue : [];
    if (this.#blockers(entry, { owner, mode }, ahead).length === 0) {
      this.#grant(entry, { owner, key, mode });
      return undefined;
    }
    return this.#wait(entry, { owner, key, mode, isUpgrade: held !== undefined }, signal);
  }

  /** Whether `owner` holds the lock, in that mode or a stronger one. */
  holds(owner: LockOwner, key: string, mode: LockMode): boolean {
    const held = this.#entries.get(key)?.holders.get(owner);
    return held !== undefined && (held.has(mode) || held.has('exclusive'));
  }

  /** Gives back everything that the transaction holds and lets the next ones in. */
  release(owner: LockOwner): void {
    const keys = this.#heldKeys.get(owner);
    if (keys === undefined) return;
    this.#heldKeys.delete(owner);
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      entry.holders.delete(owner);
      this.#letIn(key, entry);
    }
  }

  /** The transactions that hold the table for writing, other than `owner`. */
  writersOf(key: string, owner: LockOwner): LockOwner[] {
    const holders = this.#entries.get(key)?.holders ?? new Map<LockOwner, Set<LockMode>>();
    return [...holders]
      .filter(([other, modes]) => other !== owner && !isOnlyRead(modes))
      .map(([other]) => other);
  }

  #wait(
    entry: Entry,
    request: { owner: LockOwner; key: string; mode: LockMode; isUpgrade: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { owner, key, mode, isUpgrade } = request;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        entry.queue.splice(entry.queue.indexOf(waiter), 1);
        this.#waiting.delete(owner);
        this.#letIn(key, entry);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        owner,
        key,
        mode,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          this.#waiting.delete(owner);
          this.#grant(entry, { owner, key, mode });
          resolve();
        },
      };
      if (isUpgrade) entry.queue.unshift(waiter);
      else entry.queue.push(waiter);
      this.#waiting.set(owner, waiter);
      if (this.#closesCircle(owner)) {
        entry.queue.splice(entry.queue.indexOf(waiter), 1);
        this.#waiting.delete(owner);
        reject(new RedshiftError('deadlock detected', { sqlState: '40P01', detail: `on relation ${key}` }));
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #closesCircle(start: LockOwner): boolean {
    const seen = new Set<LockOwner>();
    const open = [start];
    for (let owner = open.pop(); owner !== undefined; owner = open.pop()) {
      const waiter = this.#waiting.get(owner);
      if (waiter === undefined) continue;
      const entry = this.#entryOf(waiter.key);
      for (const blocker of this.#blockers(
        entry,
        waiter,
        entry.queue.slice(0, entry.queue.indexOf(waiter)),
      )) {
        if (blocker === start) return true;
        if (!seen.has(blocker)) open.push(blocker);
        seen.add(blocker);
      }
    }
    return false;
  }

  #blockers(
    entry: Entry,
    { owner, mode }: { owner: LockOwner; mode: LockMode },
    ahead: readonly Waiter[],
  ): LockOwner[] {
    const blockers: LockOwner[] = [];
    for (const [holder, modes] of entry.holders) {
      if (holder !== owner && [...modes].some((held) => conflicts(held, mode))) blockers.push(holder);
    }
    for (const waiter of ahead) {
      if (waiter.owner !== owner && conflicts(waiter.mode, mode)) blockers.push(waiter.owner);
    }
    return blockers;
  }

  #grant(entry: Entry, { owner, key, mode }: { owner: LockOwner; key: string; mode: LockMode }): void {
    const modes = entry.holders.get(owner) ?? new Set<LockMode>();
    entry.holders.set(owner, modes.add(mode));
    const keys = this.#heldKeys.get(owner) ?? new Set<string>();
    this.#heldKeys.set(owner, keys.add(key));
  }

  #letIn(key: string, entry: Entry): void {
    const stillWaiting: Waiter[] = [];
    for (const waiter of [...entry.queue]) {
      if (this.#blockers(entry, waiter, stillWaiting).length > 0) {
        stillWaiting.push(waiter);
      } else {
        entry.queue.splice(entry.queue.indexOf(waiter), 1);
        waiter.grant();
      }
    }
    if (entry.holders.size === 0 && entry.queue.length === 0) this.#entries.delete(key);
  }

  #entryOf(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { holders: new Map(), queue: [] };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function conflicts(one: LockMode, other: LockMode): boolean {
  if (one === 'exclusive' || other === 'exclusive') return true;
  return one === 'write' && other === 'write';
}

function isOnlyRead(modes: ReadonlySet<LockMode>): boolean {
  return !modes.has('write') && !modes.has('exclusive');
}
