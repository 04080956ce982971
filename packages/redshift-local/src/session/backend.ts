import type { DuckDBConnection, DuckDBMaterializedResult, DuckDBPreparedStatement } from '@duckdb/node-api';
import { SYSTEM_SCHEMA } from '../catalog/catalog.ts';
import { CatalogView, type CatalogWrite, relationMissing } from '../catalog/catalog-view.ts';
import { quoteName, quoteText } from '../catalog/quote.ts';
import {
  duckNameOf,
  keyOf,
  relationKey,
  type TableDefinition,
  TEMPORARY_SCHEMA,
} from '../catalog/table-definition.ts';
import { Access, MAY_SELECT, type Need } from '../privilege/access.ts';
import { RedshiftError } from '../redshift-error.ts';
import type { QualifiedName } from '../sql/token-cursor.ts';
import type { EngineParts } from './engine-parts.ts';
import type { LockMode, LockOwner } from './lock-table.ts';
import { namedTables } from './qualify-tables.ts';
import { Settings } from './settings.ts';
import { setSearchPath } from './spare-connection.ts';
import { splitQualified } from './split-qualified.ts';
import { tableNamesOf } from './table-names.ts';
import { isConflict, serializableViolation, toRedshiftError } from './to-redshift-error.ts';

interface Transaction extends LockOwner {
  /** DuckDB's transaction begins with the first statement that needs it, after the locks: its snapshot is then fresh. */
  isDuckOpen: boolean;
  /** Keys of the tables it locked for writing. */
  readonly written: Set<string>;
}

/** What DuckDB may take for a file, and no relation is called. */
const FILE_NAME = /[./\\*?]/u;

/**
 * The machinery of one session: its DuckDB connection, its view of the catalog, its transaction and locks.
 *
 * It runs what it is told; which statement may run when is the session's business.
 */
export class Backend {
  readonly pid: number;
  readonly parts: EngineParts;
  readonly catalog: CatalogView;
  readonly access: Access;
  readonly settings = new Settings();
  #connection: DuckDBConnection | undefined;
  #transaction: Transaction | undefined;
  #signal: AbortSignal = new AbortController().signal;
  /** Tables of the running statement, for the words of its errors. */
  #tables: string[] = [];

  constructor(parts: EngineParts, user: string) {
    this.parts = parts;
    this.pid = parts.nextPid();
    this.catalog = new CatalogView(parts.catalog);
    this.access = new Access(this.catalog, user);
  }

  get hasTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  get transactionId(): number {
    return this.#open().transactionId;
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Ends what DuckDB is doing for this session, if it is doing something. */
  interrupt(): void {
    this.#connection?.interrupt();
  }

  /** From here on, waits and DuckDB's work end when `signal` aborts, with its reason. Begins a transaction if there is none. */
  beginStatement(signal: AbortSignal): void {
    this.#signal = signal;
    this.#tables = [];
    this.#open();
  }

  /** The session's connection, in its transaction. */
  async connection(): Promise<DuckDBConnection> {
    const connection = await this.#connected();
    const transaction = this.#open();
    if (!transaction.isDuckOpen) {
      await connection.run('BEGIN TRANSACTION');
      transaction.isDuckOpen = true;
    }
    return connection;
  }

  /** Runs DuckDB SQL in the transaction. */
  async run(sql: string, values?: readonly (string | number)[]): Promise<DuckDBMaterializedResult> {
    return this.attempt(async () => {
      const connection = await this.connection();
      return values === undefined ? connection.run(sql) : connection.run(sql, [...values]);
    });
  }

  /** Runs a query that is a transaction of its own, if this session has none open in DuckDB: saves BEGIN and COMMIT. */
  async runAlone(sql: string): Promise<DuckDBMaterializedResult> {
    return this.attempt(async () => (await this.#connected()).run(sql));
  }

  /** Looks at a query's columns without running it. */
  async describe(sql: string): Promise<DuckDBPreparedStatement> {
    return this.attempt(async () => (await this.connection()).prepare(sql));
  }

  async write(writes: readonly CatalogWrite[]): Promise<void> {
    for (const { sql, values } of writes) await this.run(sql, values);
  }

  /** Runs `work`, and puts what it throws into Redshift's words. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#signal.throwIfAborted();
      return await work();
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (isConflict(error)) throw this.#violation(this.#open());
      throw toRedshiftError(error, { tables: this.#tables });
    }
  }

  /** Takes locks in the order given, waiting where others hold them. */
  async lock(keys: readonly string[], mode: LockMode): Promise<void> {
    const transaction = this.#open();
    for (const key of keys) {
      if (mode !== 'read') transaction.written.add(key);
      // Temporary tables are nobody else's.
      if (key.startsWith(`${TEMPORARY_SCHEMA}.`)) continue;
      const wait = this.parts.locks.acquire(transaction, key, mode, this.#signal);
      if (wait !== undefined) await wait;
    }
  }

  /**
   * The table, with its lock held. It is looked up again after a wait: whoever held the lock may have dropped it.
   *
   * @param need what the session's user must be allowed: asked before the wait, so that nobody is kept waiting in vain.
   * @throws RedshiftError 42P01 when there is no such table, 42501 when the user may not do that.
   */
  async lockTable(name: QualifiedName, mode: LockMode, need: Need): Promise<TableDefinition> {
    let table = this.catalog.findTable(name);
    for (;;) {
      this.access.expectRelation(table, need);
      await this.lock([keyOf(table)], mode);
      const now = this.catalog.findTable(name);
      if (keyOf(now) === keyOf(table)) {
        this.#tables.push(now.name);
        return now;
      }
      table = now;
    }
  }

  /** Locks for reading whatever tables a query in DuckDB SQL names, views resolved, and remembers them for errors. */
  async lockTablesOf(query: string): Promise<string[]> {
    const connection = await this.#connected();
    const keys = new Set<string>();
    for (const written of tableNamesOf(connection, query)) {
      const name = splitQualified(written);
      this.#tables.push(name.name);
      const relation = this.catalog.find(name);
      // What a view reads is not told here: it may be the load history too.
      if (name.schema === SYSTEM_SCHEMA || relation?.kind === 'view') await this.parts.log.written();
      // DuckDB would read a file of that name, wherever it is on this machine.
      if (relation === undefined && FILE_NAME.test(name.name)) throw relationMissing(name);
      // DuckDB's error would leave the schema out.
      if (relation === undefined && name.schema !== undefined && this.catalog.hasSchema(name.schema)) {
        throw relationMissing(name);
      }
      if (relation?.kind === 'table') keys.add(keyOf(relation));
      if (relation?.kind === 'view') for (const key of relation.tables) keys.add(key);
    }
    if (!this.access.isSuperuser) await this.#expectReadable(connection, query);
    await this.lock([...keys], 'read');
    return [...keys];
  }

  /** Of a view its own SELECT: what it reads is its owner's business. */
  async #expectReadable(connection: DuckDBConnection, query: string): Promise<void> {
    for (const name of await namedTables(connection, query)) {
      const relation = this.catalog.find(name);
      if (relation !== undefined) this.access.expectRelation(relation, MAY_SELECT);
    }
  }

  duckName(relation: { schema: string; name: string }): string {
    return duckNameOf(this.catalog.database, relation);
  }

  /** What a new relation will be called. Locks the name, so that two sessions do not create it at once. */
  async lockNewName(name: QualifiedName, isTemporary: boolean): Promise<{ schema: string; name: string }> {
    const schema = isTemporary ? TEMPORARY_SCHEMA : this.catalog.schemaForCreation(name);
    this.access.expectCreation(schema);
    await this.lock([relationKey(schema, name.name)], 'exclusive');
    return { schema, name: name.name };
  }

  /** @throws RedshiftError 42P01 when one of the relations does not exist. */
  expectRelations(names: readonly QualifiedName[]): void {
    for (const name of names) if (this.catalog.find(name) === undefined) throw relationMissing(name);
  }

  /** Puts the session's search path and time zone into effect. */
  async applySettings(): Promise<void> {
    this.catalog.searchPath = this.settings.searchPath;
    const connection = await this.#connected();
    const zone = this.settings.get('timezone');
    try {
      await connection.run(`SET TimeZone = ${quoteText(zone)}`);
    } catch (cause) {
      throw new RedshiftError(`time zone "${zone}" not recognized`, {
        sqlState: '22023',
        detail: "write a name such as 'Europe/Paris' or 'UTC'",
        cause,
      });
    }
    await setSearchPath(connection, this.#searchPath());
  }

  /**
   * Commits. Whatever it throws, the transaction is over, its locks are free and nothing of it has been kept.
   */
  async commit(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    try {
      if (transaction.isDuckOpen) await this.#commitDuck(transaction);
      this.catalog.commit();
      this.settings.commit();
    } catch (error) {
      this.catalog.rollback();
      if (this.settings.rollback()) await this.applySettings();
      throw isConflict(error) ? this.#violation(transaction) : toRedshiftError(error, { tables: [] });
    } finally {
      this.parts.locks.release(transaction);
      this.#transaction = undefined;
    }
  }

  async rollback(): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    try {
      if (transaction.isDuckOpen) {
        await this.#connection?.run('ROLLBACK');
        // COPY turns it off, and cannot turn it on again in a transaction that its reader has lost.
        await this.#connection?.run('RESET SESSION preserve_insertion_order');
      }
    } finally {
      this.catalog.rollback();
      const settingsChanged = this.settings.rollback();
      this.parts.locks.release(transaction);
      this.#transaction = undefined;
      if (settingsChanged) await this.applySettings();
    }
  }

  async close(): Promise<void> {
    await this.rollback();
    if (this.#connection === undefined) return;
    this.#connection.closeSync();
    this.#connection = undefined;
    this.parts.connections.prepare(this.#searchPath());
  }

  async #commitDuck(transaction: Transaction): Promise<void> {
    const connection = await this.#connected();
    const injected = this.parts.takeInjectedConflict(transaction.written);
    if (injected !== undefined) {
      await connection.run('ROLLBACK');
      throw this.#violation(transaction, injected);
    }
    await connection.run('COMMIT');
  }

  #open(): Transaction {
    this.#transaction ??= {
      transactionId: this.parts.nextTransactionId(),
      isDuckOpen: false,
      written: new Set(),
    };
    return this.#transaction;
  }

  async #connected(): Promise<DuckDBConnection> {
    if (this.#connection === undefined) {
      const wanted = this.#searchPath();
      const { connection, searchPath } = await this.parts.connections.take(wanted);
      this.#connection = connection;
      if (searchPath !== wanted) await setSearchPath(connection, wanted);
    }
    return this.#connection;
  }

  /** As DuckDB writes it. */
  #searchPath(): string {
    const schemas = this.catalog.searchPath.filter((schema) => this.catalog.hasSchema(schema));
    const path = schemas.map((schema) => `${quoteName(this.catalog.database)}.${quoteName(schema)}`);
    // With nothing to search, the engine's own empty schema keeps DuckDB from falling back to another database.
    const own = `${quoteName(this.catalog.database)}."main"`;
    return (path.length > 0 ? path : [own]).join(',');
  }

  #violation(transaction: Transaction, key = [...transaction.written].at(-1)): Error {
    const relation = key === undefined ? undefined : this.catalog.byKey(key);
    const others = key === undefined ? [] : this.parts.locks.writersOf(key, transaction);
    const cycle = [transaction, ...others].map(({ transactionId }) => transactionId);
    if (others.length === 0) cycle.push(transaction.transactionId - 1);
    return serializableViolation(relation?.relationId ?? 0, cycle, this.pid);
  }
}
