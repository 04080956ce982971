import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { LoadError } from '@millrace/core';
import { hasCode, isAbsent, toStoreError } from './file-errors.ts';
import { lstat } from './object-files.ts';

export interface FolderWatchesOptions {
  /** Whether events below the folder matter. */
  readonly isWanted: (folder: string) => boolean;
  /** Something is new, changed or gone at this path. */
  readonly onPath: (path: string) => void;
  /** Events were, or may have been, lost. */
  readonly onLost: (why: string) => void;
  /** A folder cannot be watched; what happens in it goes unseen. */
  readonly onUnwatched: (error: unknown) => void;
  /** Watches at most; the system's own limit may be lower. */
  readonly maxFolders: number;
}

/** Where Linux says how many events it keeps for a process that does not come to read them. */
const QUEUE_LIMIT_FILE = '/proc/sys/fs/inotify/max_queued_events';

/**
 * Watches on folders, one each, kept as folders come and go.
 *
 * Node's own recursive watching sets one watch on every file; folders are enough, since an event on a folder names
 * the file.
 */
export class FolderWatches {
  readonly #options: FolderWatchesOptions;
  readonly #watches = new Map<string, { watcher: FSWatcher; ino: bigint }>();
  /** Events in one turn from which on the system may have dropped some. Node does not report a full queue. */
  readonly #suspectEvents = queueLimit() / 2;
  #eventsInTurn = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #isClosed = false;

  constructor(options: FolderWatchesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#watches.size;
  }

  /**
   * Watches the folder and those below it.
   *
   * @param isNews whether the files in it are news: `onPath` is then called for each. Folders that come into being
   * have files in them before anybody can watch; the watch is set first, so each is seen by the one or the other.
   */
  enter(folder: string, { isNews }: { isNews: boolean }): void {
    if (this.#isClosed || !this.#options.isWanted(folder) || !this.#watch(folder)) return;
    for (const entry of entriesOf(folder)) {
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) this.enter(path, { isNews });
      else if (isNews) this.#options.onPath(path);
    }
  }

  /** Ends the watches of a folder that is gone, and of those below it. */
  leave(folder: string): void {
    if (!this.#watches.has(folder)) return;
    for (const [path, { watcher }] of this.#watches) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#watches.delete(path);
    }
  }

  /** Sets the watches that lost events would have led to. */
  catchUp(): void {
    for (const folder of [...this.#watches.keys()]) {
      for (const entry of entriesOf(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory() && !entry.name.startsWith('.') && !this.#watches.has(path)) {
          this.enter(path, { isNews: true });
        }
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    clearImmediate(this.#turnEnd);
    for (const { watcher } of this.#watches.values()) watcher.close();
    this.#watches.clear();
  }

  /** @returns whether there was anything new to watch. */
  #watch(folder: string): boolean {
    const stat = lstat(folder);
    if (!stat?.isDirectory()) return false;
    const known = this.#watches.get(folder);
    if (known?.ino === stat.ino) return false;
    // Another folder under the same name: the old watches see nothing any more.
    if (known) this.leave(folder);
    try {
      if (this.#watches.size >= this.#options.maxFolders) throw tooMany(folder, this.#watches.size);
      const watcher = watch(folder, { persistent: true }, (_, name) => this.#onEvent(folder, name));
      watcher.on('error', (error) => {
        this.leave(folder);
        this.#options.onLost(`the watch of ${folder} ended: ${error.message}`);
      });
      this.#watches.set(folder, { watcher, ino: stat.ino });
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      const isLimit = hasCode(error, 'ENOSPC', 'EMFILE');
      this.#options.onUnwatched(isLimit ? tooMany(folder, this.#watches.size, error) : toStoreError(error));
      return false;
    }
  }

  #onEvent(folder: string, name: string | null): void {
    this.#countEvent();
    // Some systems do not name what happened; a look at the folder then sees it.
    if (name === null) this.#options.onPath(folder);
    if (name === null || name.startsWith('.')) return;
    const path = join(folder, name);
    // Under its own name a folder tells that it was removed or moved. Its watch is dead then, also when another folder
    // has come to its place: that one may even have the same inode.
    if (name === basename(folder) && !lstat(path)) {
      this.leave(folder);
      this.#options.onPath(folder);
    }
    this.#options.onPath(path);
  }

  /** All events that the system kept are delivered within one turn: as many as it keeps at most, and some are lost. */
  #countEvent(): void {
    this.#eventsInTurn += 1;
    this.#turnEnd ??= setImmediate(() => {
      const events = this.#eventsInTurn;
      this.#eventsInTurn = 0;
      this.#turnEnd = undefined;
      if (events >= this.#suspectEvents)
        this.#options.onLost(`${events} events came at once; some may be lost`);
    });
  }
}

function tooMany(folder: string, watches: number, cause?: unknown): LoadError {
  return new LoadError(
    'watch-limit',
    `cannot watch ${folder}: the limit is reached with ${watches} folders`,
    {
      class: 'config',
      hint: 'raise fs.inotify.max_user_watches (sysctl), or use fewer folders; until then it is listed instead',
      cause,
    },
  );
}

function entriesOf(folder: string): ReturnType<typeof readFolder> {
  try {
    return readFolder(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function readFolder(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

function queueLimit(): number {
  try {
    return Number(readFileSync(QUEUE_LIMIT_FILE, 'utf8'));
  } catch (error) {
    // Not Linux: there is no such queue.
    if (hasCode(error, 'ENOENT')) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
