import { existsSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ObjectStore, TableColumn } from '@millrace/core';
import { Catalog } from './catalog/catalog.ts';
import { formatType } from './catalog/duck-type.ts';
import { toRedshiftType } from './catalog/query-columns.ts';
import { quoteName, quoteText } from './catalog/quote.ts';
import { duckNameOf, relationKey } from './catalog/table-definition.ts';
import { ReaderConflictError } from './copy/load-text.ts';
import { RedshiftError } from './redshift-error.ts';
import type { EngineParts } from './session/engine-parts.ts';
import { LockTable } from './session/lock-table.ts';
import type { Result } from './session/result.ts';
import { Session } from './session/session.ts';
import { SpareConnection } from './session/spare-connection.ts';
import { makeSpoolRoot } from './spool-root.ts';
import { openSystemLog } from './system/open-system-log.ts';
import { createSystemTables } from './system/system-tables.ts';
import { SESSION_SETTINGS } from './translate/session-settings.ts';

export interface RedshiftLocalOptions {
  /** The DuckDB file, made if it is not there; its directory must be. `':memory:'` for a warehouse that is forgotten. */
  readonly path: string;
  /** Where COPY reads and UNLOAD writes. */
  readonly objects: ObjectStore;
  /** The database's name. Default `dev`. */
  readonly database?: string;
  /** Of DuckDB. Default: one per core. */
  readonly threads?: number;
  /** As DuckDB writes it: `512MB`, `4GB`. Default: 80 % of the machine's memory. */
  readonly memoryLimit?: string;
  readonly now?: () => number;
}

export interface BatchOptions {
  /** Called before the first statement with the session that will run them: for its pid, and to cancel it. */
  readonly onBackend?: (session: Session) => void;
  /** Called after each statement, with its place in the batch. A batch that has to be run again begins at 0 again. */
  readonly onResult?: (result: Result, index: number) => void;
}

/**
 * Files that this process has open. DuckDB's lock keeps other processes out, but would let a second instance of this
 * one write the same file.
 */
const openFiles = new Set<string>();

/**
 * An offline Redshift: Redshift SQL in this process, kept in a DuckDB file.
 *
 * Committed transactions survive a crash at any point, whole or not at all. One process at a time has the file.
 */
export class RedshiftLocal {
  readonly #instance: DuckDBInstance;
  readonly #parts: EngineParts;
  readonly #control: DuckDBConnection;
  readonly #logConnection: DuckDBConnection;
  readonly #file: string | undefined;
  readonly #injectedConflicts: Set<string>;
  readonly #sessions = new Set<Session>();

  private constructor(opened: {
    instance: DuckDBInstance;
    parts: EngineParts;
    control: DuckDBConnection;
    logConnection: DuckDBConnection;
    file: string | undefined;
    injectedConflicts: Set<string>;
  }) {
    this.#instance = opened.instance;
    this.#parts = opened.parts;
    this.#control = opened.control;
    this.#logConnection = opened.logConnection;
    this.#file = opened.file;
    this.#injectedConflicts = opened.injectedConflicts;
  }

  /** @throws RedshiftError when the file is open elsewhere, is not a DuckDB file, or its directory is missing. */
  static async open(options: RedshiftLocalOptions): Promise<RedshiftLocal> {
    const { path, objects, database = 'dev', now = Date.now } = options;
    const file = path === ':memory:' ? undefined : await claimFile(path);
    const settings: Record<string, string> = {};
    if (options.threads !== undefined) settings.threads = String(options.threads);
    if (options.memoryLimit !== undefined) settings.memory_limit = options.memoryLimit;
    const instance = await DuckDBInstance.create(':memory:', settings);
    let spoolRoot: string | undefined;
    try {
      const control = await instance.connect();
      await attach(control, file ?? ':memory:', database);
      for (const setting of SESSION_SETTINGS) await control.run(setting.replace(/^SET /u, 'SET GLOBAL '));
      await control.run(`USE ${quoteName(database)}`);
      await dropLookupIndexes(control, database);
      const catalog = await Catalog.load(control, database);
      await createSystemTables(control);
      const logConnection = await instance.connect();
      await logConnection.run(`USE ${quoteName(database)}`);
      const log = await openSystemLog(logConnection, { database, now });
      spoolRoot = await makeSpoolRoot(now());
      const injectedConflicts = new Set<string>();
      const parts: EngineParts = {
        database,
        catalog,
        locks: new LockTable(),
        objects,
        now,
        log,
        spoolRoot,
        connections: new SpareConnection(() => connectTo(instance)),
        // Ids go on after a restart without being stored: time has passed by more than there were statements.
        nextQueryId: counter(Math.floor(now() / 1000)),
        nextTransactionId: counter(Math.floor(now() / 1000)),
        nextPid: counter(1_073_741_824),
        takeInjectedConflict: (written) => {
          const key = [...written].find((candidate) => injectedConflicts.has(candidate));
          if (key !== undefined) injectedConflicts.delete(key);
          return key;
        },
      };
      return new RedshiftLocal({ instance, parts, control, logConnection, file, injectedConflicts });
    } catch (error) {
      instance.closeSync();
      if (file !== undefined) openFiles.delete(file);
      if (spoolRoot !== undefined) await rm(spoolRoot, { recursive: true, force: true });
      throw error;
    }
  }

  get database(): string {
    return this.#parts.database;
  }

  session(options: { user?: string } = {}): Session {
    const session = new Session(this.#parts, { ...options, onClosed: () => this.#sessions.delete(session) });
    this.#sessions.add(session);
    return session;
  }

  /**
   * Runs statements as one transaction in a session of their own: all or nothing. A TRUNCATE or COMMIT among them
   * commits what came before it, as in Redshift; what follows is a transaction again.
   *
   * @throws RedshiftError of the statement that failed, or of the commit.
   */
  async runBatch(statements: readonly string[], options: BatchOptions = {}): Promise<Result[]> {
    const session = this.session();
    try {
      options.onBackend?.(session);
      try {
        return await runAll(session, statements, options);
      } catch (error) {
        // Nothing of it was kept, unless a statement committed in between. Once is enough: the reader is changed then.
        const isRepeatable = error instanceof ReaderConflictError && !statements.some(commits);
        if (!isRepeatable) throw error;
        await session.execute('ROLLBACK');
        return await runAll(session, statements, options);
      }
    } finally {
      await session.close();
    }
  }

  /** The columns of `schema.table` (or of a view) in order; undefined when there is none. */
  async describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    const relation = this.#parts.catalog.find(keyFromName(table));
    if (relation?.kind === 'table') {
      return relation.columns.map(({ name, type, isNullable, identity }) => ({
        name,
        type: formatType(type),
        isNullable,
        isIdentity: identity !== undefined,
      }));
    }
    if (relation?.kind !== 'view') return undefined;
    const view = await this.#control.prepare(`SELECT * FROM ${duckNameOf(this.database, relation)}`);
    return Array.from({ length: view.columnCount }, (_, at) => ({
      name: view.columnName(at),
      type: formatType(toRedshiftType(view.columnType(at))),
      isNullable: true,
      isIdentity: false,
    }));
  }

  /**
   * Puts an index below a table's column, so that point queries on it do not scan. Redshift has none, and no SQL can
   * ask for it: it is for the small tables that an embedded warehouse looks into at every load. While a table has
   * one, DuckDB refuses most of its ALTER TABLEs. Does nothing when the index is there already.
   *
   * It lives as long as this RedshiftLocal: whoever opens the file next has to ask for it again.
   */
  async createLookupIndex(table: string, column: string): Promise<void> {
    const relation = this.#parts.catalog.find(keyFromName(table));
    if (relation?.kind !== 'table') {
      throw new RedshiftError(`relation "${table}" does not exist`, { sqlState: '42P01' });
    }
    if (!relation.columns.some(({ name }) => name === column)) {
      throw new RedshiftError(`column "${column}" does not exist in ${relation.name}`, { sqlState: '42703' });
    }
    const index = quoteName(`${LOOKUP_PREFIX}${relation.relationId}_${column}`);
    await this.#control.run(
      `CREATE INDEX IF NOT EXISTS ${index} ON ${duckNameOf(this.database, relation)} (${quoteName(column)})`,
    );
  }

  /**
   * For tests: the next transaction that wrote `schema.table` fails at its COMMIT with Redshift's serializable
   * isolation violation (1023) and is rolled back.
   */
  failNextCommitSerializable(table: string): void {
    this.#injectedConflicts.add(keyFromName(table));
  }

  /**
   * Writes everything that is committed now into a new file, while the warehouse is in use: one transaction reads it
   * all. The copy opens like the original.
   *
   * @throws RedshiftError when the file is there already or cannot be written.
   */
  async backup(path: string): Promise<void> {
    if (existsSync(path)) {
      throw new RedshiftError(`cannot back up to ${path}: it is there already; name a new file`);
    }
    await this.#parts.log.written();
    const connection = await this.#instance.connect();
    try {
      await attach(connection, resolve(path), BACKUP);
      await connection.run(`COPY FROM DATABASE ${quoteName(this.database)} TO ${BACKUP}`);
      await connection.run(`DETACH ${BACKUP}`);
    } finally {
      connection.closeSync();
    }
  }

  /** Closes all sessions and the file. Open transactions are rolled back. */
  async close(): Promise<void> {
    for (const session of [...this.#sessions]) await session.close();
    this.#sessions.clear();
    try {
      await this.#parts.log.written();
    } finally {
      await this.#parts.connections.close();
      this.#logConnection.closeSync();
      this.#control.closeSync();
      this.#instance.closeSync();
      if (this.#file !== undefined) openFiles.delete(this.#file);
      await rm(this.#parts.spoolRoot, { recursive: true, force: true });
    }
  }
}

async function runAll(
  session: Session,
  statements: readonly string[],
  { onResult }: BatchOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, sql] of statements.entries()) {
    if (!session.isInTransaction) await session.execute('BEGIN');
    const result = await session.execute(sql).catch((error: unknown) => {
      if (error instanceof RedshiftError) error.statement = sql;
      throw error;
    });
    results.push(result);
    onResult?.(result, index);
  }
  await session.execute('COMMIT');
  return results;
}

/** Whether the statement may commit what came before it. Rather too often: a batch is then not run again. */
function commits(sql: string): boolean {
  return /\b(?:commit|end|truncate|call)\b/iu.test(sql);
}

/** What the names of lookup indexes begin with; nothing else makes indexes. */
const LOOKUP_PREFIX = 'lookup_';

/**
 * Ends the lookup indexes of the process before. DuckDB 1.5.6 replays its log without an index that is not bound, and
 * writes it back empty on closing: after a kill, rows would not be found by their key, and nothing would say so.
 */
async function dropLookupIndexes(connection: DuckDBConnection, database: string): Promise<void> {
  const found = await connection.runAndReadAll(
    `SELECT schema_name, index_name FROM duckdb_indexes()
WHERE database_name = ${quoteText(database)} AND starts_with(index_name, ${quoteText(LOOKUP_PREFIX)})`,
  );
  for (const [schema, index] of found.getRows()) {
    await connection.run(
      `DROP INDEX ${quoteName(database)}.${quoteName(String(schema))}.${quoteName(String(index))}`,
    );
  }
}

async function connectTo(instance: DuckDBInstance): Promise<DuckDBConnection> {
  try {
    return await instance.connect();
  } catch (cause) {
    throw new RedshiftError('the warehouse is closed; open it again', { sqlState: '57P01', cause });
  }
}

/** What the file of a backup is called while it is written. */
const BACKUP = 'rs_backup';

function counter(start: number): () => number {
  let last = start;
  return () => {
    last += 1;
    return last;
  };
}

/** `table`, `schema.table` or `database.schema.table`; without a schema it is public's. */
function keyFromName(name: string): string {
  const parts = name.toLowerCase().replaceAll('"', '').split('.');
  return relationKey(parts.at(-2) ?? 'public', parts.at(-1) ?? '');
}

async function claimFile(path: string): Promise<string> {
  const directory = dirname(resolve(path));
  let file: string;
  try {
    file = join(await realpath(directory), basename(path));
  } catch (cause) {
    throw new RedshiftError(`cannot open ${path}: the directory ${directory} is not there; create it`, {
      cause,
    });
  }
  if (openFiles.has(file)) {
    throw new RedshiftError(
      `cannot open ${path}: this process has it open already; share that RedshiftLocal`,
    );
  }
  openFiles.add(file);
  return file;
}

async function attach(connection: DuckDBConnection, file: string, database: string): Promise<void> {
  try {
    // The storage version is the oldest that keeps macros with typed parameters.
    await connection.run(`ATTACH ${quoteText(file)} AS ${quoteName(database)} (STORAGE_VERSION 'v1.4.0')`);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const holder = /PID (\d+)/u.exec(text)?.[1];
    if (/lock/iu.test(text)) {
      const who = holder === undefined ? 'another process' : `another process (PID ${holder})`;
      throw new RedshiftError(`cannot open ${file}: ${who} has it open; stop that one, or use another file`, {
        cause,
      });
    }
    throw new RedshiftError(`cannot open ${file}: ${text.replace(/^[\w ]+Error: /u, '')}`, { cause });
  }
}
