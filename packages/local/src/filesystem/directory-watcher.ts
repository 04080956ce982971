import { relative } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LoadError, type ObjectInfo, parseUrl } from '@millrace/core';
import { DEFAULT_SETTLE_MS, type DirectoryObjectStore } from './directory-object-store.ts';
import { toStoreError } from './file-errors.ts';
import { FolderWatches } from './folder-watches.ts';
import { problemOfKey } from './key-path.ts';

export interface DirectoryWatcherOptions {
  /** What to watch: `s3://bucket/prefix` each. Buckets and folders need not exist yet. */
  readonly prefixes: readonly string[];
  /**
   * Takes objects that came or were rewritten: at most 1,000 a call, one call at a time. When it throws, the objects
   * of the call are not told again: `onListAgain` is called.
   */
  readonly onObjects: (objects: readonly ObjectInfo[]) => Promise<void>;
  /** Something may have gone unseen; a listing finds it. */
  readonly onListAgain: (why: string) => void;
  /** What cannot be done, once per condition. Watching goes on as far as it can. */
  readonly onError: (error: unknown) => void;
  /**
   * For how long nothing may have written to a file before it is told, in ms. Files that this process wrote through
   * the store, and files that come to their place with an older time, are told at once.
   *
   * @default 1000
   */
  readonly settleMs?: number;
  /**
   * Folders watched at most. Beyond, and where the system refuses, `onListAgain` is called every 2 seconds.
   *
   * @default - as many as the system allows
   */
  readonly maxFolders?: number;
}

/** Objects in one call of `onObjects`. */
const MAX_BATCH = 1_000;

/** For how long an object waits for others to make a batch, in ms. */
const BATCH_MS = 100;

/** How often unsettled files are looked at, in ms. */
const TICK_MS = 25;

/** Paths kept in mind at most. Beyond, they are forgotten and a listing is asked for: it has them all. */
const MAX_PENDING = 200_000;

/** Files looked at side by side: a large one, whose bytes take seconds, does not hold up the small ones. */
const LOOKERS = 4;

/** Files that one looker looks at before the system's event queue, which has an end, is read again. */
const LOOKS_PER_TURN = 32;

/** How often a listing is asked for while a folder cannot be watched, in ms. */
const UNWATCHED_LIST_MS = 2_000;

/** Requests for a listing within this time, in ms, are one. */
const LIST_AGAIN_MS = 100;

/**
 * Tells of objects as they come to a directory: the notifications of an S3 that is a folder.
 *
 * The truth is a listing. The caller lists once after `watch` has resolved, so that nothing falls between the two, and
 * from time to time; whenever the watcher knows that events may be lost it says so. In between, each file that is
 * created, renamed into place, overwritten or touched is told once it is at rest.
 */
export class DirectoryWatcher {
  readonly #store: DirectoryObjectStore;
  readonly #options: DirectoryWatcherOptions;
  readonly #settleMs: number;
  readonly #prefixes: readonly string[];
  readonly #folders: FolderWatches;
  readonly #ready = new Set<string>();
  /** Paths of files that may still be written to, and when to look again. */
  readonly #settling = new Map<string, number>();
  readonly #lookers = new Set<Promise<void>>();
  #batch: ObjectInfo[] = [];
  #delivery: Promise<void> = Promise.resolve();
  #batchTimer: NodeJS.Timeout | undefined;
  #tickTimer: NodeJS.Timeout | undefined;
  #listTimer: NodeJS.Timeout | undefined;
  #unwatchedTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(store: DirectoryObjectStore, options: DirectoryWatcherOptions) {
    this.#store = store;
    this.#options = options;
    this.#settleMs = options.settleMs ?? DEFAULT_SETTLE_MS;
    this.#prefixes = options.prefixes.map((url) => {
      const { bucket, key } = parseUrl(url);
      return `${bucket}/${key}`;
    });
    this.#folders = new FolderWatches({
      isWanted: (folder) => this.#isFolderWanted(folder),
      onPath: (path) => this.#note(path),
      onLost: (why) => this.#recover(why),
      onUnwatched: (error) => this.#goOnByListing(error),
      maxFolders: options.maxFolders ?? Number.POSITIVE_INFINITY,
    });
  }

  /**
   * Begins to watch. What happens after the promise resolved is told; what was there before is not.
   *
   * @throws LoadError `invalid-url` for a prefix that is not `s3://bucket/prefix`.
   */
  static async watch(
    store: DirectoryObjectStore,
    options: DirectoryWatcherOptions,
  ): Promise<DirectoryWatcher> {
    const watcher = new DirectoryWatcher(store, options);
    watcher.#folders.enter(store.root, { isNews: false });
    return watcher;
  }

  /** Ends watching. When it resolves, no callback is running and none will be called. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#folders.close();
    clearTimeout(this.#batchTimer);
    clearTimeout(this.#tickTimer);
    clearTimeout(this.#listTimer);
    clearInterval(this.#unwatchedTimer);
    this.#ready.clear();
    this.#settling.clear();
    await Promise.all(this.#lookers);
    await this.#delivery;
  }

  #isFolderWanted(folder: string): boolean {
    const key = relative(this.#store.root, folder);
    return this.#prefixes.some(
      (prefix) => prefix.startsWith(key === '' ? key : `${key}/`) || `${key}/`.startsWith(prefix),
    );
  }

  #note(path: string): void {
    // One that settles is looked at when its time has come: a file that grows in many writes is one look each tick.
    if (this.#isClosed || this.#settling.has(path)) return;
    this.#ready.add(path);
    if (this.#ready.size > MAX_PENDING) {
      this.#ready.clear();
      this.#recover(`more than ${MAX_PENDING} files came faster than they could be read`);
    }
    while (this.#lookers.size < LOOKERS && this.#lookers.size < this.#ready.size) this.#startLooker();
  }

  #startLooker(): void {
    const looker = this.#look()
      .catch((error: unknown) => {
        this.#options.onError(toStoreError(error));
        this.#recover('a file could not be looked at');
      })
      .finally(() => {
        this.#lookers.delete(looker);
        // The last one out sends what is there: a single file does not wait for company.
        if (this.#lookers.size === 0 && !this.#isClosed) void this.#deliver();
      });
    this.#lookers.add(looker);
  }

  async #look(): Promise<void> {
    // A turn first: the event that started this is one of many in the same turn.
    await nextTurn();
    let looks = 0;
    for (const path of this.#ready) {
      if (this.#isClosed) return;
      this.#ready.delete(path);
      await this.#lookAt(path);
      if (this.#batch.length >= MAX_BATCH) await this.#deliver();
      looks += 1;
      if (looks % LOOKS_PER_TURN === 0) await nextTurn();
    }
  }

  async #lookAt(path: string): Promise<void> {
    const key = relative(this.#store.root, path);
    const look = await this.#store.files.look(path, this.#settleMs);
    if (look.kind === 'folder') this.#folders.enter(path, { isNews: true });
    if (look.kind === 'absent') this.#folders.leave(path);
    if (look.kind !== 'object' && look.kind !== 'settling') return;
    if (!this.#prefixes.some((prefix) => key.startsWith(prefix))) return;
    if (look.kind === 'settling') {
      this.#settling.set(path, look.until);
      this.#tickTimer ??= setTimeout(() => this.#tick(), TICK_MS);
      return;
    }
    const [bucket = '', ...names] = key.split('/');
    const objectKey = names.join('/');
    if (names.length === 0 || problemOfKey(objectKey)) return;
    this.#batch.push({
      bucket,
      key: objectKey,
      etag: look.etag,
      size: Number(look.stat.size),
      lastModifiedAt: Number(look.stat.mtimeNs / 1_000_000n),
    });
    this.#batchTimer ??= setTimeout(() => void this.#deliver(), BATCH_MS);
  }

  /** Looks again at files whose time has come. */
  #tick(): void {
    this.#tickTimer = undefined;
    const now = Date.now();
    for (const [path, until] of this.#settling) {
      if (until > now) continue;
      this.#settling.delete(path);
      this.#note(path);
    }
    if (this.#settling.size > MAX_PENDING) {
      this.#settling.clear();
      this.#recover(`more than ${MAX_PENDING} files were being written at once`);
    }
    if (this.#settling.size > 0) this.#tickTimer = setTimeout(() => this.#tick(), TICK_MS);
  }

  /** Hands the batch over, after the calls before it have ended. */
  #deliver(): Promise<void> {
    clearTimeout(this.#batchTimer);
    this.#batchTimer = undefined;
    if (this.#batch.length === 0) return this.#delivery;
    const objects = this.#batch;
    this.#batch = [];
    this.#delivery = this.#delivery.then(async () => {
      if (this.#isClosed) return;
      try {
        await this.#options.onObjects(objects);
      } catch (error) {
        this.#options.onError(error);
        this.#recover(`${objects.length} objects could not be taken`);
      }
    });
    return this.#delivery;
  }

  /** What was lost is found by listing; folders that came unseen are watched from now on. */
  #recover(why: string): void {
    if (this.#isClosed || this.#listTimer) return;
    this.#listTimer = setTimeout(() => {
      this.#listTimer = undefined;
      this.#folders.catchUp();
      this.#options.onListAgain(why);
    }, LIST_AGAIN_MS);
  }

  #goOnByListing(error: unknown): void {
    if (this.#isClosed || this.#unwatchedTimer) return;
    this.#options.onError(error);
    const why = error instanceof LoadError ? error.message : 'a folder cannot be watched';
    this.#unwatchedTimer = setInterval(() => this.#recover(why), UNWATCHED_LIST_MS);
    this.#recover(why);
  }
}
