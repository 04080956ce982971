import type { StatementSync } from 'node:sqlite';
import { StateDatabase } from '../sqlite/state-database.ts';
import { type FileStamp, isSameStamp } from './content-hash.ts';

export interface CachedEtag {
  readonly etag: string;
  /** This process wrote the file as a whole: nobody else is still writing to it. */
  readonly isOwn: boolean;
}

interface Entry extends CachedEtag, FileStamp {}

/** "MrEt". */
const APPLICATION_ID = 0x4d724574;

const MIGRATIONS = [
  `CREATE TABLE etag (path TEXT PRIMARY KEY, ino INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
     etag TEXT NOT NULL) WITHOUT ROWID`,
];

/** Entries in memory, about 300 bytes each; the oldest go first. */
const MAX_ENTRIES = 500_000;

/** Entries that wait to be persisted: each transaction costs about as much as a thousand rows. */
const FLUSH_ENTRIES = 1_000;

/**
 * What is known of the content of files that have not changed since: a listing reads stamps and not bytes.
 *
 * With a path it is kept in a SQLite file, so that the first listing after a start is as fast. It may be deleted at
 * any time, and what a power cut takes from it is computed again.
 */
export class EtagCache {
  readonly #entries = new Map<string, Entry>();
  readonly #unsaved = new Map<string, Entry>();
  readonly #database: StateDatabase | undefined;
  readonly #select: StatementSync | undefined;
  readonly #upsert: StatementSync | undefined;

  constructor(path?: string) {
    if (path === undefined) return;
    this.#database = new StateDatabase({
      path,
      what: 'cache of ETags',
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
      synchronous: 'normal',
    });
    this.#select = this.#database.prepare(
      'SELECT ino, size, mtime_ns AS mtimeNs, etag FROM etag WHERE path = ?',
    );
    // Inodes and nanoseconds do not fit a JavaScript number.
    this.#select.setReadBigInts(true);
    this.#upsert = this.#database.prepare(
      `INSERT INTO etag (path, ino, size, mtime_ns, etag) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET ino = excluded.ino, size = excluded.size, mtime_ns = excluded.mtime_ns,
         etag = excluded.etag`,
    );
  }

  /** The ETag of the file at `path` if its content is the one that was hashed. */
  get(path: string, stamp: FileStamp): CachedEtag | undefined {
    const entry = this.#entries.get(path) ?? this.#load(path);
    return entry && isSameStamp(entry, stamp) ? entry : undefined;
  }

  put(path: string, stamp: FileStamp, cached: CachedEtag): void {
    const { ino, size, mtimeNs } = stamp;
    const entry = { ino, size, mtimeNs, ...cached };
    this.#remember(path, entry);
    if (!this.#database) return;
    this.#unsaved.set(path, entry);
    if (this.#unsaved.size >= FLUSH_ENTRIES) this.flush();
  }

  delete(path: string): void {
    this.#entries.delete(path);
  }

  /** Persists what is not yet; nothing without a path. */
  flush(): void {
    if (this.#unsaved.size === 0) return;
    this.#database?.transact(() => {
      for (const [path, { ino, size, mtimeNs, etag }] of this.#unsaved) {
        this.#upsert?.run(path, ino, size, mtimeNs, etag);
      }
    });
    this.#unsaved.clear();
  }

  close(): void {
    this.flush();
    this.#database?.close();
  }

  #load(path: string): Entry | undefined {
    const row = this.#database?.run(() => this.#select?.get(path));
    if (!row) return undefined;
    const entry = {
      ino: BigInt(row.ino as bigint),
      size: BigInt(row.size as bigint),
      mtimeNs: BigInt(row.mtimeNs as bigint),
      etag: String(row.etag),
      isOwn: false,
    };
    this.#remember(path, entry);
    return entry;
  }

  #remember(path: string, entry: Entry): void {
    // Deleted first, so that the map's order is the order of last writing.
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    if (this.#entries.size <= MAX_ENTRIES) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
