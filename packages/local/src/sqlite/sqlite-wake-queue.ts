import type { StatementSync } from 'node:sqlite';
import type { EpochMs, WakeQueue } from '@millrace/core';
import { StateDatabase } from './state-database.ts';

/** "MrWq". */
const APPLICATION_ID = 0x4d725771;

const MIGRATIONS = [
  `
  CREATE TABLE wake (target TEXT NOT NULL, wake_at INTEGER NOT NULL, PRIMARY KEY (target, wake_at)) WITHOUT ROWID;
  CREATE INDEX wake_by_instant ON wake (wake_at, target);
  `,
];

/**
 * Wakes in a SQLite file of their own.
 *
 * They survive the process. A power cut may cost the last ones, which costs time only: the sweep is below. So a wake
 * does not wait for the disk.
 */
export class SqliteWakeQueue implements WakeQueue {
  readonly #database: StateDatabase;
  readonly #add: StatementSync;
  readonly #due: StatementSync;
  readonly #take: StatementSync;
  readonly #next: StatementSync;

  /** Opens or creates the file. @throws LoadError `state-foreign`, `state-newer`, `state-unreachable` … */
  constructor(path: string) {
    this.#database = new StateDatabase({
      path,
      what: 'wake queue',
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
      synchronous: 'normal',
    });
    this.#add = this.#database.prepare(
      'INSERT INTO wake (target, wake_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
    );
    this.#due = this.#database.prepare(
      'SELECT target FROM wake WHERE wake_at <= ? GROUP BY target ORDER BY min(wake_at), target',
    );
    this.#take = this.#database.prepare('DELETE FROM wake WHERE wake_at <= ?');
    this.#next = this.#database.prepare('SELECT min(wake_at) AS wakeAt FROM wake');
  }

  async wake(target: string, wakeAt: EpochMs): Promise<void> {
    this.#database.run(() => this.#add.run(target, wakeAt));
  }

  /** Takes the wakes that are due by `now` and returns their targets, each once, the longest due first. */
  async takeDue(now: EpochMs): Promise<string[]> {
    return this.#database.transact(() => {
      const targets = this.#due.all(now).map(({ target }) => String(target));
      if (targets.length > 0) this.#take.run(now);
      return targets;
    });
  }

  /** When the next wake is due; null when none is left. */
  async nextWakeAt(): Promise<EpochMs | null> {
    const wakeAt = this.#database.run(() => this.#next.get())?.wakeAt;
    return typeof wakeAt === 'number' ? wakeAt : null;
  }

  close(): void {
    this.#database.close();
  }
}
