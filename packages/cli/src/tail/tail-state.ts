import { mkdirSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LoadError } from '@millrace/core';

/** A print of bytes, by which a file is known again. */
export interface Print {
  readonly bytes: number;
  readonly sha256: string;
}

/** How far one log is sent. */
export interface LogState {
  /** Names this content, for ever: a file that is truncated begins another one, whatever its inode. */
  readonly id: string;
  /** Where it was found first. */
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  /** Everything before it was acknowledged. */
  readonly offset: number;
  /** The first bytes before the offset: a file that begins otherwise is another one. */
  readonly head: Print;
  /** The last bytes before the offset: a file that was truncated and has grown again differs there. */
  readonly last: Print;
}

/** How far all logs are sent. */
export interface SavedLogs {
  /** Those that are followed. */
  readonly logs: readonly LogState[];
  /** Those that are not any more, the latest last: a log that comes back is sent from where it was left. */
  readonly left: readonly LogState[];
}

interface StateFile {
  readonly version: 1;
  readonly logs: readonly LogState[];
  /** Not in files of before. */
  readonly left?: readonly LogState[];
}

/**
 * How far logs are sent, in a file that one process has at a time: written whole, synced and put in place by a rename,
 * so that a power cut leaves the old one or the new one.
 */
export class TailState {
  readonly #path: string;
  readonly #lock: DatabaseSync;

  private constructor(path: string, lock: DatabaseSync) {
    this.#path = path;
    this.#lock = lock;
  }

  /** @throws LoadError `tail-running` when another process has it */
  static open(path: string): TailState {
    mkdirSync(dirname(path), { recursive: true });
    // A lock of SQLite's ends with its process, however that ends; a file with a number in it would stay.
    const lock = new DatabaseSync(`${path}.lock`);
    try {
      lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (cause) {
      lock.close();
      throw new LoadError('tail-running', `another process has ${path}`, {
        hint: 'stop it, or give this one a state of its own with --state',
        cause,
      });
    }
    return new TailState(path, lock);
  }

  /** Undefined when nothing was ever saved. @throws LoadError `tail-state-broken` */
  async load(): Promise<SavedLogs | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const state = JSON.parse(text) as StateFile;
      if (state.version === 1 && Array.isArray(state.logs))
        return { logs: state.logs, left: state.left ?? [] };
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
    }
    throw new LoadError('tail-state-broken', `${this.#path} is not a state of millrace tail`, {
      class: 'config',
      hint: 'name another file with --state; without a state every log is sent from its beginning',
    });
  }

  /** Resolves when it is on disk. */
  async save({ logs, left }: SavedLogs): Promise<void> {
    const next = `${this.#path}.next`;
    const file: StateFile = { version: 1, logs, ...(left.length > 0 && { left }) };
    const handle = await open(next, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(file, undefined, 1)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, this.#path);
    const folder = await open(dirname(this.#path));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  close(): void {
    this.#lock.close();
  }
}
