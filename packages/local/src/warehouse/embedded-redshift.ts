import {
  type CopyError,
  columnKeys,
  LoadError,
  type QueryResult,
  type SqlRow,
  type StatementBatch,
  type StatementRef,
  type StatementStatus,
  type TableColumn,
  type Warehouse,
} from '@millrace/core';
import { RedshiftDialect, STL_LOAD_ERROR_COLUMNS, toCopyError, toLoadError } from '@millrace/redshift';
import {
  RedshiftError,
  type RedshiftLocal,
  type Result,
  type RowsResult,
  type Session,
} from '@millrace/redshift-local';

/** Statements whose end is remembered: more than lanes can have in flight, by far. */
const MAX_REMEMBERED = 1_000;

interface Submission {
  readonly ref: StatementRef;
  /** What runs it: load errors are found by its process id. Null before it began. */
  session: Session | null;
  status: StatementStatus;
}

/**
 * redshift-local in this process as the warehouse. Statements live as long as the process: after a crash none is
 * known, and the receipts tell.
 */
export class EmbeddedRedshift implements Warehouse {
  readonly dialect = new RedshiftDialect({ countsCopyInQueries: true });
  readonly #engine: RedshiftLocal;
  readonly #onCompletion: (statement: StatementRef) => void;
  readonly #byId = new Map<string, Submission>();
  readonly #byName = new Map<string, Submission>();
  #lastId = 0;

  /** @param onCompletion told once per statement, after its end is known to `describe`. */
  constructor(engine: RedshiftLocal, { onCompletion }: { onCompletion: (statement: StatementRef) => void }) {
    this.#engine = engine;
    this.#onCompletion = onCompletion;
  }

  async submit({ name, statements }: StatementBatch): Promise<StatementRef> {
    // A name tells job and attempt, as the token does: the same submission is run once.
    const known = this.#byName.get(name);
    if (known) return known.ref;
    this.#lastId += 1;
    const submission: Submission = {
      ref: { name, id: String(this.#lastId) },
      session: null,
      status: { state: 'running' },
    };
    this.#remember(submission);
    void this.#run(submission, statements);
    return submission.ref;
  }

  async describe({ id, name }: StatementRef): Promise<StatementStatus> {
    // Ids start again with the process: a name that does not fit is a statement of a process that is no more.
    const submission = this.#byId.get(id);
    return submission?.ref.name === name ? submission.status : { state: 'unknown' };
  }

  async find(name: string): Promise<StatementRef | undefined> {
    return this.#byName.get(name)?.ref;
  }

  async cancel({ id }: StatementRef): Promise<void> {
    this.#byId.get(id)?.session?.cancel();
  }

  async copyErrors({ id, name }: StatementRef): Promise<readonly CopyError[]> {
    const submission = this.#byId.get(id);
    if (submission?.ref.name !== name || submission.session === null) return [];
    const rows = await this.transact([
      `SELECT ${STL_LOAD_ERROR_COLUMNS}
FROM stl_load_errors WHERE session = ${submission.session.pid} ORDER BY filename, line_number`,
    ]);
    return rows.map(toCopyError);
  }

  async transact(statements: readonly string[]): Promise<readonly SqlRow[]> {
    try {
      const results = await this.#engine.runBatch(statements);
      return rowsOf(results.at(-1));
    } catch (error) {
      throw classified(error);
    }
  }

  /** One statement on its own, as a person would type it. */
  async query(sql: string): Promise<QueryResult> {
    const session = this.#engine.session();
    try {
      const result = await session.execute(sql);
      if (result.kind === 'rows') return { columns: namesOf(result), rows: rowsOf(result) };
      return { columns: ['result'], rows: [{ result: result.tag }] };
    } catch (error) {
      throw classified(error);
    } finally {
      await session.close();
    }
  }

  async describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    return this.#engine.describeTable(table);
  }

  async indexLookups(table: string, column: string): Promise<void> {
    await this.#engine.createLookupIndex(table, column);
  }

  async #run(submission: Submission, statements: readonly string[]): Promise<void> {
    try {
      const results = await this.#engine.runBatch(statements, {
        onBackend: (session) => {
          submission.session = session;
        },
      });
      submission.status = { state: 'finished', copiedRows: copiedRowsOf(results) };
    } catch (error) {
      submission.status = { state: 'failed', error: classified(error) };
    }
    this.#onCompletion(submission.ref);
  }

  #remember(submission: Submission): void {
    this.#byId.set(submission.ref.id, submission);
    this.#byName.set(submission.ref.name, submission);
    for (const [id, { ref, status }] of this.#byId) {
      if (this.#byId.size <= MAX_REMEMBERED) break;
      if (status.state === 'running') continue;
      this.#byId.delete(id);
      this.#byName.delete(ref.name);
    }
  }
}

function classified(error: unknown): LoadError {
  if (error instanceof LoadError) return error;
  if (error instanceof RedshiftError) {
    return toLoadError(
      error.detail === undefined ? error.message : `${error.message} DETAIL: ${error.detail}`,
      { cause: error, sql: error.statement },
    );
  }
  // Not SQL's failure but ours, or the machine's: retried, bounded, and shown as it is.
  const message = error instanceof Error ? error.message : String(error);
  return new LoadError('warehouse-defect', message, { class: 'transient', cause: error });
}

function namesOf({ columns }: RowsResult): readonly string[] {
  return columnKeys(columns.map(({ name }) => name));
}

function rowsOf(result: Result | undefined): readonly SqlRow[] {
  if (result?.kind !== 'rows') return [];
  const names = namesOf(result);
  return result.rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null])));
}

function copiedRowsOf(results: readonly Result[]): number | null {
  for (const result of results) {
    const count = rowsOf(result)[0]?.copied_rows;
    if (count !== undefined && count !== null) return Number(count);
  }
  return null;
}
