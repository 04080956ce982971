import { createReadStream, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { LoadError, type ObjectInfo, type ObjectRef, type ObjectStore } from '@millrace/core';
import { toDuckType } from '../src/catalog/duck-type.ts';
import { quoteName } from '../src/catalog/quote.ts';
import type { ColumnInfo, RedshiftType, TableInfo } from '../src/catalog/table-info.ts';
import type { CopyContext } from '../src/copy/copy-context.ts';
import { executeCopy } from '../src/copy/execute-copy.ts';
import type { LoadDetailRow, LoadErrorRow, LoadHistoryRow } from '../src/system/system-log.ts';

/** A column for a test table; nullable, no default, no identity unless said. */
export function column(name: string, type: RedshiftType, more: Partial<ColumnInfo> = {}): ColumnInfo {
  return { name, type, isNullable: true, defaultSql: undefined, identity: undefined, ...more };
}

export const varchar = (length: number): RedshiftType => ({ name: 'varchar', length });
export const char = (length: number): RedshiftType => ({ name: 'char', length });
export const numeric = (precision: number, scale: number): RedshiftType => ({
  name: 'numeric',
  precision,
  scale,
});

/** What a COPY needs around it: a database, a bucket `b` in a directory, and a log that is kept. */
export interface CopyBench {
  readonly errors: LoadErrorRow[];
  readonly history: LoadHistoryRow[];
  readonly details: LoadDetailRow[];
  readonly directory: string;
  /** Puts an object into the bucket. */
  put(key: string, body: string | Uint8Array): string;
  /** Puts a manifest, and returns its address. */
  manifest(key: string, entries: readonly object[]): string;
  /** Makes table `t` anew. */
  table(columns: readonly ColumnInfo[]): Promise<void>;
  /** `COPY t FROM …` in a transaction of its own; rolled back when it fails. */
  copy(sql: string): Promise<number>;
  /** The same inside a transaction that the test has opened. */
  copyInTransaction(sql: string): Promise<number>;
  /** Runs the work in a transaction that is rolled back, with what COPY would be given. */
  inTransaction(work: (context: CopyContext) => Promise<void>): Promise<void>;
  rows(sql?: string): Promise<unknown[]>;
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** @param hasPaths whether the store's objects are files that DuckDB may read in place. */
export async function openBench({
  hasPaths = true,
  file = false,
}: {
  hasPaths?: boolean;
  file?: boolean;
} = {}): Promise<CopyBench> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-copy-'));
  const spoolDirectory = join(directory, 'spool');
  mkdirSync(spoolDirectory);
  const instance = await DuckDBInstance.create(file ? join(directory, 'local.duckdb') : ':memory:', {
    threads: '2',
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const objects = directoryStore(join(directory, 'store'), hasPaths);
  const errors: LoadErrorRow[] = [];
  const history: LoadHistoryRow[] = [];
  const details: LoadDetailRow[] = [];
  let table: TableInfo | undefined;
  const contextOf = (): CopyContext => ({
    connection,
    objects,
    table: table as TableInfo,
    spoolDirectory,
    now: () => 0,
    signal: new AbortController().signal,
    log: {
      loadErrors: (rows) => errors.push(...rows),
      loadHistory: (row) => history.push(row),
      loadDetail: (rows) => details.push(...rows),
    },
  });
  const copyInTransaction = async (sql: string): Promise<number> =>
    (await executeCopy(sql, contextOf())).rows;
  const put = (key: string, body: string | Uint8Array): string => {
    const path = join(directory, 'store', 'b', encodeURIComponent(key));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
    return `s3://b/${key}`;
  };
  return {
    errors,
    history,
    details,
    directory,
    put,
    copyInTransaction,
    inTransaction: async (work) => {
      await connection.run('BEGIN');
      try {
        await work(contextOf());
      } finally {
        await connection.run('ROLLBACK');
      }
    },
    manifest: (key, entries) => put(key, JSON.stringify({ entries })),
    table: async (columns) => {
      await connection.run('DROP TABLE IF EXISTS t');
      const list = columns.map(
        ({ name, type, isNullable }) =>
          `${quoteName(name)} ${toDuckType(type)}${isNullable ? '' : ' NOT NULL'}`,
      );
      await connection.run(`CREATE TABLE t (${list.join(', ')})`);
      table = {
        schema: 'public',
        name: 't',
        isTemporary: false,
        tableId: 100,
        duckName: '"t"',
        duckPlace: { database: file ? 'local' : 'memory', schema: 'main', name: 't' },
        columns,
      };
    },
    copy: async (sql) => {
      await connection.run('BEGIN');
      try {
        const rows = await copyInTransaction(sql);
        await connection.run('COMMIT');
        return rows;
      } catch (error) {
        await connection.run('ROLLBACK');
        throw error;
      }
    },
    rows: async (sql = 'SELECT * FROM t ORDER BY ALL') => (await connection.runAndReadAll(sql)).getRowsJson(),
    run: async (sql) => void (await connection.run(sql)),
    close: async () => {
      connection.closeSync();
      instance.closeSync();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The part of an object store that COPY uses, over one directory per bucket. */
function directoryStore(root: string, hasPaths: boolean): ObjectStore {
  const pathOf = ({ bucket, key }: ObjectRef): string => join(root, bucket, encodeURIComponent(key));
  const infoOf = (at: ObjectRef): ObjectInfo | undefined => {
    const stats = statSync(pathOf(at), { throwIfNoEntry: false });
    return stats && { ...at, etag: String(stats.mtimeMs), size: stats.size, lastModifiedAt: stats.mtimeMs };
  };
  const unused = (): never => {
    throw new Error('COPY only reads');
  };
  const store: ObjectStore = {
    head: async (at) => infoOf(at),
    async *list({ bucket, prefix }) {
      const keys = readdirSync(join(root, bucket)).map(decodeURIComponent);
      for (const key of keys.filter((name) => name.startsWith(prefix)).sort())
        yield infoOf({ bucket, key }) as ObjectInfo;
    },
    read: async (at) => {
      if (!infoOf(at)) throw new LoadError('object-gone', `${at.key} is gone`, { class: 'gone' });
      return createReadStream(pathOf(at));
    },
    write: unused,
    copy: unused,
    delete: unused,
    tag: unused,
  };
  return hasPaths ? { ...store, localPath: pathOf } : store;
}
