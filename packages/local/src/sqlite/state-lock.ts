import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type EpochMs, LoadError } from '@millrace/core';
import { isBusy, toStateError } from './sqlite-errors.ts';

/** Who holds a state directory: for people. The lock itself is the operating system's. */
export interface StateOwner {
  readonly pid: number;
  readonly since: EpochMs;
  /** What the process does with it: `millrace up`. */
  readonly what: string;
}

/** Held open for as long as the lock is; nothing but SQLite may ever open it (see `StateDatabase`). */
const LOCK_FILE = 'lock';
const OWNER_FILE = 'lock-owner.json';

/**
 * The right to be the one process that works in a state directory.
 *
 * A file lock that the system takes back when the process ends, however it ends: a SIGKILL leaves nothing to clean up,
 * and a process id that was given to somebody else deceives nobody. It works between processes of one machine; on
 * network file systems it is as good as their locks are.
 */
export class StateLock {
  readonly directory: string;
  readonly #lock: DatabaseSync;

  private constructor(directory: string, lock: DatabaseSync) {
    this.directory = directory;
    this.#lock = lock;
  }

  /**
   * Takes the lock of the directory, which is made if needed.
   *
   * @throws LoadError `state-in-use` at once when somebody holds it, this process included; the message says who.
   */
  static acquire(directory: string, options: { what?: string; now?: EpochMs } = {}): StateLock {
    const { what = 'millrace', now = Date.now() } = options;
    mkdirSync(directory, { recursive: true });
    const path = join(directory, LOCK_FILE);
    let lock: DatabaseSync | undefined;
    try {
      lock = new DatabaseSync(path, { timeout: 0 });
      // No row is ever written: an open exclusive transaction is a lock and nothing else.
      lock.exec('BEGIN EXCLUSIVE');
      writeOwner(directory, { pid: process.pid, since: now, what });
    } catch (error) {
      lock?.close();
      throw isBusy(error) ? inUse(directory, error) : toStateError(error, path);
    }
    return new StateLock(directory, lock);
  }

  /** Gives the lock back. A second call does nothing. */
  release(): void {
    if (!this.#lock.isOpen) return;
    // First the name, then the lock: the other way round this would remove the next owner's.
    rmSync(join(this.directory, OWNER_FILE), { force: true });
    this.#lock.close();
  }
}

function inUse(directory: string, cause: unknown): LoadError {
  const owner = readOwner(directory);
  const who = owner
    ? `process ${owner.pid} (${owner.what}) since ${new Date(owner.since).toISOString()}`
    : 'another process, which has not yet written down who it is';
  return new LoadError('state-in-use', `${directory} is in use by ${who}`, {
    hint: 'stop that process first, or name another directory',
    cause,
  });
}

function writeOwner(directory: string, owner: StateOwner): void {
  const path = join(directory, OWNER_FILE);
  // By rename, so that a process that is refused never reads half a sentence.
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(owner)}\n`);
  renameSync(`${path}.${process.pid}`, path);
}

/** Undefined when the holder is between taking the lock and writing its name, or left no readable name. */
function readOwner(directory: string): StateOwner | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(directory, OWNER_FILE), 'utf8')) as StateOwner;
    // A name that a killed process left behind is not the one that holds the lock now.
    return isAlive(owner.pid) ? owner : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
