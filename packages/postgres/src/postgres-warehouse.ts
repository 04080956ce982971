import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  type CopyError,
  columnKeys,
  LEDGER_SCHEMA,
  type ObjectStore,
  type QueryResult,
  readStatementName,
  type SqlRow,
  type SqlValue,
  type StatementBatch,
  type StatementRef,
  type StatementStatus,
  type TableColumn,
  tableNameOf,
  type Warehouse,
} from '@millrace/core';
import { Client, type ClientConfig, Pool, type PoolClient } from 'pg';
import { DESCRIBE_TABLE, type DescribedColumn } from './describe-columns.ts';
import { PostgresDialect } from './postgres-dialect.ts';
import { toLoadError } from './postgres-errors.ts';
import { fitName, quoteName, quoteTable } from './quote.ts';
import { toRows } from './to-rows.ts';
import { type Committed, runTransaction, TransactionFailure } from './transaction.ts';
import { VALUE_TYPES } from './value-types.ts';

/** Statements whose end is remembered: more than lanes can have in flight, by far. */
const MAX_REMEMBERED = 1_000;
const CONNECT_MS = 10_000;
const PROBE_MS = 5_000;
/** A connection that nobody used for so long is given back. */
const IDLE_MS = 30_000;
/** Between two looks at a statement of another process. */
const FOLLOW_MS = 500;
/** Of this process, beside those that load: questions are short. */
const QUESTIONS = 4;

export interface PostgresWarehouseOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`. Never shown. */
  readonly url: string;
  /** What COPY reads. */
  readonly objects: ObjectStore;
  /** Told once per statement, after its end is known to `describe`. */
  readonly onCompletion: (statement: StatementRef) => void;
  /**
   * Loads that this process may have at once.
   *
   * @default 4
   */
  readonly maxLoads?: number;
}

interface Submission {
  readonly ref: StatementRef;
  status: StatementStatus;
  copyErrors: readonly CopyError[];
}

/**
 * PostgreSQL as the warehouse. A load runs in a session of this process, which reads the object store and sends the rows:
 * when the process dies, the server rolls the transaction back, and whoever comes next asks the receipts.
 */
export class PostgresWarehouse implements Warehouse {
  readonly dialect = new PostgresDialect();
  readonly #options: PostgresWarehouseOptions;
  readonly #config: ClientConfig;
  readonly #pool: Pool;
  readonly #byName = new Map<string, Submission>();
  readonly #running = new Set<Promise<void>>();
  readonly #sessions = new Set<PoolClient>();
  #isClosed = false;

  constructor(options: PostgresWarehouseOptions) {
    this.#options = options;
    this.#config = {
      connectionString: options.url,
      fallback_application_name: 'millrace',
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: CONNECT_MS,
      types: VALUE_TYPES,
    };
    this.#pool = new Pool({
      ...this.#config,
      max: (options.maxLoads ?? 4) + QUESTIONS,
      idleTimeoutMillis: IDLE_MS,
    });
    // A connection that breaks while nobody uses it is not used again; whoever asks next gets another, or hears why not.
    this.#pool.on('error', () => undefined);
    // One that breaks in use is told to whoever uses it, by what he waits for; unheard, it would end the process.
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async submit({ name, statements }: StatementBatch): Promise<StatementRef> {
    // A name tells job and attempt, as the token does: the same submission is run once.
    const known = this.#byName.get(name);
    if (known) return known.ref;
    const submission: Submission = {
      ref: { name, id: labelOf(name) },
      status: { state: 'running' },
      copyErrors: [],
    };
    this.#remember(submission);
    let client: PoolClient;
    try {
      client = await this.#connect();
    } catch (error) {
      // Nothing was sent: the same name may come again.
      this.#byName.delete(name);
      throw error;
    }
    const run = this.#run(submission, { client, statements });
    this.#running.add(run);
    void run.finally(() => this.#running.delete(run));
    return submission.ref;
  }

  async describe({ name }: StatementRef): Promise<StatementStatus> {
    const known = this.#byName.get(name);
    if (known !== undefined) return known.status;
    return (await this.#isElsewhere(name)) ? { state: 'running' } : { state: 'unknown' };
  }

  async find(name: string): Promise<StatementRef | undefined> {
    const known = this.#byName.get(name);
    if (known !== undefined) return known.ref;
    return (await this.#isElsewhere(name)) ? { name, id: labelOf(name) } : undefined;
  }

  async cancel({ name }: StatementRef): Promise<void> {
    await this.#ask(
      'SELECT pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
      [labelOf(name)],
    );
  }

  async copyErrors({ name }: StatementRef): Promise<readonly CopyError[]> {
    return this.#byName.get(name)?.copyErrors ?? [];
  }

  async transact(statements: readonly string[]): Promise<readonly SqlRow[]> {
    const client = await this.#connect();
    try {
      return (await this.#transact(client, { statements, label: 'millrace' })).rows;
    } catch (error) {
      throw error instanceof TransactionFailure ? error.error : error;
    }
  }

  async query(sql: string): Promise<QueryResult> {
    const client = await this.#connect();
    try {
      // The extended protocol takes one statement, as the port has it.
      const result = await client.query({ text: sql, rowMode: 'array', queryMode: 'extended' } as never);
      const { fields, rows, command, rowCount } = result as unknown as AnyResult;
      client.release();
      if (fields.length === 0) {
        return { columns: ['result'], rows: [{ result: [command, rowCount ?? ''].join(' ').trim() }] };
      }
      const names = fields.map((field) => field.name);
      return { columns: columnKeys(names), rows: toRows(names, rows) };
    } catch (error) {
      client.release(true);
      throw toLoadError(error, { sql });
    }
  }

  async describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    const { schema = 'public', name } = tableNameOf(table);
    const rows = await this.#ask<DescribedColumn>(DESCRIBE_TABLE, [schema, fitTable(schema, name)]);
    return rows.length === 0 ? undefined : rows;
  }

  async indexLookups(table: string, column: string): Promise<void> {
    const { schema = 'public', name } = tableNameOf(table);
    const index = `${fitTable(schema, name).slice(0, MAX_INDEXED)}_${column}`;
    // Asked first: CREATE INDEX IF NOT EXISTS waits for whoever writes to the table, also when there is nothing to do.
    const [known] = await this.#ask(
      'SELECT 1 AS found FROM pg_catalog.pg_indexes WHERE schemaname = $1 AND indexname = $2',
      [schema, index],
    );
    if (known !== undefined) return;
    await this.transact([
      `CREATE INDEX IF NOT EXISTS ${quoteName(index)} ON ${quoteTable({ schema, name })} (${quoteName(column)})`,
    ]);
  }

  /**
   * Tells of the end of a statement that another process submitted: one that died left it to the server, which may be at it
   * for seconds. When the server cannot be asked, a sweep finds out.
   */
  async follow(statement: StatementRef): Promise<void> {
    while (!this.#isClosed) {
      const { state } = await this.describe(statement);
      if (state !== 'running') {
        this.#options.onCompletion(statement);
        return;
      }
      await setTimeout(FOLLOW_MS, undefined, { ref: false });
    }
  }

  /** A statement on a connection of its own. @throws LoadError of class `unavailable` when the server is away */
  async probe(): Promise<void> {
    const client = new Client({
      ...this.#config,
      connectionTimeoutMillis: PROBE_MS,
      query_timeout: PROBE_MS,
    });
    // What breaks is told by the calls below.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
    } catch (error) {
      throw toLoadError(error);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Ends what is running: the server rolls it back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const client of this.#sessions) client.connection?.stream.destroy();
    await Promise.all(this.#running);
    await this.#pool.end();
  }

  async #run(
    submission: Submission,
    { client, statements }: { client: PoolClient; statements: readonly string[] },
  ): Promise<void> {
    const { ref } = submission;
    try {
      const { copiedRows } = await this.#transact(client, { statements, label: ref.id });
      submission.status = { state: 'finished', copiedRows };
    } catch (error) {
      const failure =
        error instanceof TransactionFailure ? error : new TransactionFailure(toLoadError(error));
      submission.copyErrors = failure.copyErrors;
      submission.status =
        failure.error.class === 'unknown' ? { state: 'unknown' } : { state: 'failed', error: failure.error };
    }
    this.#options.onCompletion(ref);
  }

  async #transact(
    client: PoolClient,
    { statements, label }: { statements: readonly string[]; label: string },
  ): Promise<Committed> {
    const { objects } = this.#options;
    let isBroken = true;
    this.#sessions.add(client);
    try {
      const committed = await runTransaction(client, statements, { objects, label });
      isBroken = false;
      return committed;
    } catch (error) {
      // After a failure that the server told of, and that was rolled back, the session is as good as before.
      isBroken =
        !(error instanceof TransactionFailure) ||
        error.error.class === 'unavailable' ||
        error.error.class === 'unknown';
      throw error;
    } finally {
      this.#sessions.delete(client);
      client.release(isBroken);
    }
  }

  /** A session that answers: one that broke while nobody used it is found out here, and not by a load. */
  async #connect(): Promise<PoolClient> {
    for (let attempt = 1; ; attempt += 1) {
      let client: PoolClient;
      try {
        client = await this.#pool.connect();
      } catch (error) {
        throw toLoadError(error);
      }
      try {
        await client.query('');
        return client;
      } catch (error) {
        client.release(true);
        if (attempt > this.#pool.options.max) throw toLoadError(error);
      }
    }
  }

  async #ask<Row extends object = SqlRow>(text: string, values: readonly SqlValue[]): Promise<Row[]> {
    const client = await this.#connect();
    try {
      const { rows } = await client.query<Row>({ text, values: [...values] });
      client.release();
      return rows;
    } catch (error) {
      client.release(true);
      throw toLoadError(error, { sql: text });
    }
  }

  /** Whether another process, or one that is no more and whose end the server has not seen, has it under way. */
  async #isElsewhere(name: string): Promise<boolean> {
    const rows = await this.#ask(
      'SELECT 1 AS found FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
      [labelOf(name)],
    );
    return rows.length > 0;
  }

  #remember(submission: Submission): void {
    this.#byName.set(submission.ref.name, submission);
    for (const [name, { status }] of this.#byName) {
      if (this.#byName.size <= MAX_REMEMBERED) break;
      if (status.state !== 'running') this.#byName.delete(name);
    }
  }
}

/** Room for `_` and a column's name behind it. */
const MAX_INDEXED = 54;

interface AnyResult {
  readonly fields: readonly { readonly name: string }[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly command: string;
  readonly rowCount: number | null;
}

function fitTable(schema: string, name: string): string {
  return schema === LEDGER_SCHEMA ? fitName(name) : name;
}

/** How a statement is called in pg_stat_activity, in at most 63 bytes: one process finds another's by it. */
function labelOf(name: string): string {
  const known = readStatementName(name);
  if (known !== undefined) return `millrace ${known.jobId}/${known.attempt}`;
  return `millrace ${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
