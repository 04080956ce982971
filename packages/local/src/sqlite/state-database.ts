import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LoadError } from '@millrace/core';
import { toStateError } from './sqlite-errors.ts';

export interface StateDatabaseOptions {
  /** Of the database file; its folder is made. `:memory:` for one that ends with the process. */
  readonly path: string;
  /** What the file holds, for messages: `tracker`. */
  readonly what: string;
  /** SQLite's `application_id`: how a file of ours is told from another program's. */
  readonly applicationId: number;
  /** SQL that leads from version n (its index) to n + 1. Published ones are never edited, only added to. */
  readonly migrations: readonly string[];
  /**
   * When a commit returns: `full` after its bytes are on the disk; `normal` when they survive the process, though
   * perhaps not a power cut.
   */
  readonly synchronous: 'full' | 'normal';
  /**
   * What to do when the file is damaged.
   *
   * @default to name another one, or restore it
   */
  readonly ifDamaged?: string;
}

/** How long a statement waits for another process's write, in ms. It blocks this process: writes are short. */
const BUSY_TIMEOUT_MS = 5_000;

/** KiB of pages kept in memory: the indexes of about a million files. */
const CACHE_KIB = 64 * 1024;

/** WAL pages after which SQLite moves them into the database: fewer and larger steps than its default of 1,000. */
const CHECKPOINT_PAGES = 4_000;

/**
 * A SQLite file that keeps a part of Millrace's state: checked to be ours, brought to the current schema, in WAL mode
 * so that readers in other processes (`millrace status`) never wait for the writer.
 *
 * While it is open, no code of the same process may open and close the file by other means: POSIX drops all locks
 * that a process holds on a file when any of its descriptors is closed.
 */
export class StateDatabase {
  readonly path: string;
  readonly sql: DatabaseSync;
  readonly #synchronous: StateDatabaseOptions['synchronous'];
  readonly #ifDamaged: string | undefined;

  /**
   * @throws LoadError `state-foreign` for a file of another program, `state-newer` for one of a newer Millrace,
   * and what `toStateError` makes of SQLite's own errors.
   */
  constructor(options: StateDatabaseOptions) {
    const { path } = options;
    this.path = path;
    this.#synchronous = options.synchronous;
    this.#ifDamaged = options.ifDamaged;
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
    this.sql = openFile(path);
    try {
      this.#prepare(options);
    } catch (error) {
      this.sql.close();
      throw toStateError(error, path, options);
    }
  }

  prepare(sql: string): StatementSync {
    return this.sql.prepare(sql);
  }

  /** Runs `body`, errors classified. */
  run<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw toStateError(error, this.path, { ifDamaged: this.#ifDamaged });
    }
  }

  /**
   * Runs `body`, whose commit survives this process but does not wait for the disk: the next one that does takes it
   * along. For what is worth less than the wait. Nothing changes where no commit waits.
   */
  runUnsynced<T>(body: () => T): T {
    if (this.#synchronous === 'normal') return this.run(body);
    return this.run(() => {
      this.sql.exec('PRAGMA synchronous = NORMAL');
      try {
        return body();
      } finally {
        this.sql.exec('PRAGMA synchronous = FULL');
      }
    });
  }

  /** Runs `body` as one transaction: all of its writes or, when it throws, none. */
  transact<T>(body: () => T): T {
    return this.run(() => {
      // IMMEDIATE: a transaction that reads first and writes later would fail when another process wrote in between.
      this.sql.exec('BEGIN IMMEDIATE');
      try {
        const result = body();
        this.sql.exec('COMMIT');
        return result;
      } catch (error) {
        // Some errors (a full disk) have rolled back already; a second ROLLBACK would hide them behind its own.
        if (this.sql.isTransaction) this.sql.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    if (this.sql.isOpen) this.sql.close();
  }

  #prepare({ path, what, applicationId, migrations, synchronous }: StateDatabaseOptions): void {
    // Nothing is written before the file is known to be ours: a wrong path must not change another program's file.
    this.#check(what, applicationId, migrations.length);
    if (path !== ':memory:') this.sql.exec('PRAGMA journal_mode = WAL');
    this.sql.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`);
    this.sql.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    this.sql.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (this.#pragma('user_version') === migrations.length) return;
    this.transact(() => {
      // Read again under the lock: another process may have migrated in the meantime.
      const version = this.#check(what, applicationId, migrations.length);
      for (const migration of migrations.slice(version)) this.sql.exec(migration);
      this.sql.exec(`PRAGMA application_id = ${applicationId}`);
      this.sql.exec(`PRAGMA user_version = ${migrations.length}`);
    });
  }

  /** The schema version of the file, which is ours or empty. */
  #check(what: string, applicationId: number, newest: number): number {
    const owner = this.#pragma('application_id');
    const version = this.#pragma('user_version');
    const tables = this.sql.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n;
    const isEmpty = owner === 0 && version === 0 && tables === 0;
    if (owner !== applicationId && !isEmpty) {
      throw new LoadError('state-foreign', `${this.path} is a database, but not a ${what} of Millrace`, {
        hint: 'name another path, or move the file away',
      });
    }
    if (version > newest) {
      const message = `${this.path} has schema version ${version}; this Millrace knows versions up to ${newest}`;
      throw new LoadError('state-newer', message, { hint: 'use the Millrace that wrote it, or a newer one' });
    }
    return version;
  }

  #pragma(name: 'application_id' | 'user_version'): number {
    return Number(this.sql.prepare(`PRAGMA ${name}`).get()?.[name]);
  }
}

function openFile(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw toStateError(error, path);
  }
}
