import type { StatementSync } from 'node:sqlite';
import type { Seal, SealedChunk, SealMove, Seals } from '@millrace/core';
import { copyDatabase } from './copy-database.ts';
import { StateDatabase } from './state-database.ts';

/** "MrSl". */
const APPLICATION_ID = 0x4d72536c;

const MIGRATIONS = [
  `
  CREATE TABLE seal (
    stream TEXT NOT NULL,
    shard TEXT NOT NULL,
    position TEXT,
    is_ended INTEGER NOT NULL,
    PRIMARY KEY (stream, shard)
  ) WITHOUT ROWID;
  CREATE TABLE chunk (
    seq INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    shard TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    size INTEGER NOT NULL,
    written_at REAL NOT NULL,
    arrived_at REAL NOT NULL,
    rows INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX chunk_of_shard ON chunk (stream, shard, key);
  `,
];

/**
 * Seals in a SQLite file of their own: the consumer that moves them and the loader that announces them may be two
 * processes, and neither stops the other.
 */
export class SqliteSeals implements Seals {
  readonly #database: StateDatabase;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;

  /** Opens or creates the file. @throws LoadError `state-foreign`, `state-newer`, `state-unreachable` … */
  constructor(path: string) {
    this.#database = new StateDatabase({
      path,
      what: 'list of seals',
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
      synchronous: 'full',
    });
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, this.#database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
  }

  async seal(stream: string, shard: string): Promise<Seal> {
    return this.#database.transact(() => this.#read(stream, shard));
  }

  async unannounced(stream: string): Promise<readonly Seal[]> {
    const shards = this.#database.run(() => this.#statements.unannounced.all(stream));
    return this.#database.transact(() => shards.map(({ shard }) => this.#read(stream, String(shard))));
  }

  async move(stream: string, { shard, from, to, chunks, isEnded = false }: SealMove): Promise<boolean> {
    return this.#database.transact(() => {
      if (this.#read(stream, shard).position !== from) return false;
      this.#statements.put.run(stream, shard, to, Number(isEnded));
      for (const { bucket, key, etag, size, writtenAt, arrivedAt, rows } of chunks) {
        this.#statements.addChunk.run(stream, shard, bucket, key, etag, size, writtenAt, arrivedAt, rows);
      }
      return true;
    });
  }

  async markAnnounced(stream: string, shard: string, keys: readonly string[]): Promise<void> {
    this.#database.transact(() => {
      for (const key of keys) this.#statements.dropChunk.run(stream, shard, key);
    });
  }

  /** Writes a consistent copy to the path `to`. @throws LoadError `backup-exists` */
  backup(to: string): Promise<void> {
    return copyDatabase(this.#database.sql, to);
  }

  close(): void {
    this.#database.close();
  }

  #read(stream: string, shard: string): Seal {
    const row = this.#statements.seal.get(stream, shard);
    const chunks = this.#statements.chunks.all(stream, shard) as unknown as readonly SealedChunk[];
    return {
      shard,
      position: typeof row?.position === 'string' ? row.position : null,
      isEnded: row?.isEnded === 1,
      // Rows of SQLite have no prototype, which not every comparison likes.
      chunks: chunks.map((chunk) => ({ ...chunk })),
    };
  }
}

const STATEMENTS = {
  seal: 'SELECT position, is_ended AS isEnded FROM seal WHERE stream = ? AND shard = ?',
  put: `INSERT INTO seal (stream, shard, position, is_ended) VALUES (?, ?, ?, ?)
    ON CONFLICT (stream, shard) DO UPDATE SET position = excluded.position, is_ended = excluded.is_ended`,
  chunks: `SELECT bucket, key, etag, size, written_at AS writtenAt, arrived_at AS arrivedAt, rows
    FROM chunk WHERE stream = ? AND shard = ? ORDER BY seq`,
  unannounced: 'SELECT DISTINCT shard FROM chunk WHERE stream = ? ORDER BY shard',
  addChunk: `INSERT INTO chunk (stream, shard, bucket, key, etag, size, written_at, arrived_at, rows)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  dropChunk: 'DELETE FROM chunk WHERE stream = ? AND shard = ? AND key = ?',
} as const;
