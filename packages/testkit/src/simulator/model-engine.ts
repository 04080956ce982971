import {
  type CopyError,
  LoadError,
  type ObjectStore,
  PARTITION_COLUMN,
  PROVENANCE,
  parseUrl,
  readText,
  type SqlRow,
  type Statement,
  type TableColumn,
} from '@millrace/core';
import { type CopyCount, carryOut, type TableStatement } from './carry-out.ts';
import type { Dice } from './dice.ts';
import type { Committed, Engine, EngineEvents } from './engine.ts';
import { COLUMNS, parseFile } from './lake-file.ts';
import { nameOfTable, PlanDialect, readPlan } from './plan-dialect.ts';
import type { Session } from './session.ts';
import { TableLocks } from './table-locks.ts';
import { type Row, TableStore, type Transaction } from './table-store.ts';

export interface ModelEngineOptions {
  readonly objects: ObjectStore;
  readonly dice: Dice;
  /** How long one statement takes, in ms; COPY takes it per object too. */
  readonly durationOf: (statement: Statement) => number;
  /** Chance that COPY's errors name no file. */
  readonly namelessErrors: number;
}

function typeOf(column: string): string {
  if (column === PROVENANCE.loadedAt) return 'timestamp without time zone';
  if (column === PARTITION_COLUMN) return 'character varying(1200)';
  return column === 'at' ? 'integer' : 'character varying(200)';
}

/** Statements that write their target. */
const WRITERS: ReadonlySet<Statement['kind']> = new Set([
  'merge',
  'insert-missing',
  'insert-staged',
  'delete-dead',
  'delete-job-rows',
  'delete-partition-rows',
]);

interface Running {
  readonly session: Session;
  readonly transaction: Transaction;
  readonly events: EngineEvents;
  limitMs: number;
  copied: CopyCount;
}

/** Carries out plans on tables in memory, statement by statement in virtual time, with locks, snapshots and COPY. */
export class ModelEngine implements Engine {
  readonly dialect = new PlanDialect();
  readonly store = new TableStore();
  readonly locks = new TableLocks();
  readonly #options: ModelEngineOptions;
  readonly #errors = new Map<number, CopyError[]>();

  constructor(options: ModelEngineOptions) {
    this.#options = options;
  }

  async run(
    statements: readonly string[],
    { session, events }: { session: Session; events: EngineEvents },
  ): Promise<Committed> {
    const running: Running = {
      session,
      transaction: this.store.begin(),
      events,
      limitMs: 0,
      copied: { rows: null },
    };
    try {
      let rows: readonly SqlRow[] = [];
      let copiedRows: number | null = null;
      for (const text of statements) {
        const statement = readPlan(text);
        await session.takeTime(this.#options.durationOf(statement));
        rows = await this.#step(statement, running);
        if (statement.kind === 'count-copied') copiedRows = running.copied.rows;
      }
      await session.takeTime(1);
      running.transaction.commit();
      events.onCommitted?.();
      return { rows, copiedRows };
    } finally {
      this.locks.releaseAll(session);
    }
  }

  async describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    if (!this.store.has(table)) return undefined;
    return [...COLUMNS, ...Object.values(PROVENANCE), PARTITION_COLUMN].map((name) => ({
      name,
      type: typeOf(name),
      isNullable: true,
      isIdentity: false,
    }));
  }

  async copyErrors({ id }: Session): Promise<readonly CopyError[]> {
    return this.#errors.get(id) ?? [];
  }

  async rowsOf(table: string): Promise<readonly Row[]> {
    return this.store.rows(table);
  }

  async createTable(table: string): Promise<void> {
    const transaction = this.store.begin();
    transaction.createTable(table);
    transaction.commit();
  }

  async #step(statement: Statement, running: Running): Promise<readonly SqlRow[]> {
    const { session, events } = running;
    switch (statement.kind) {
      case 'limit-time':
        running.limitMs = statement.ms;
        return [];
      case 'lock-lane': {
        const lock = nameOfTable(statement.lock);
        await this.locks.acquire(lock, session, running);
        events.onLocked?.(lock);
        return [];
      }
      case 'copy':
        return this.#copy(statement, running);
      case 'copy-job-files':
        return this.#copyJobFiles(statement, running);
      default:
        await this.#lockWritten(statement, running);
        return carryOut(statement, running);
    }
  }

  /** Writers of one table queue for it; readers do not. */
  async #lockWritten(statement: TableStatement, running: Running): Promise<void> {
    const written =
      WRITERS.has(statement.kind) && 'target' in statement ? nameOfTable(statement.target) : undefined;
    if (written !== undefined) await this.locks.acquire(written, running.session, running);
  }

  async #copy(
    { into, columns, manifestUrl }: Extract<Statement, { kind: 'copy' }>,
    running: Running,
  ): Promise<readonly SqlRow[]> {
    const { session, transaction, events } = running;
    const table = nameOfTable(into);
    if (into.schema !== undefined) await this.locks.acquire(table, session, running);
    let count = 0;
    for (const { url, mandatory } of await this.#readManifest(manifestUrl)) {
      await session.takeTime(this.#options.dice.int(1, 20));
      const at = parseUrl(url);
      const info = await this.#options.objects.head(at);
      const text = await readText(this.#options.objects, at);
      if (info === undefined || text === undefined) {
        if (!mandatory) continue;
        throw new LoadError('object-gone', `Mandatory url is not present in manifest: ${url}`, {
          class: 'gone',
        });
      }
      const rows = this.#rowsOf(text, { url, session });
      transaction.append(
        table,
        rows.map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null]))),
      );
      count += rows.length;
      events.onCopied?.({ url, etag: info.etag, rows });
    }
    running.copied = { rows: count };
    return [];
  }

  #rowsOf(text: string, { url, session }: { url: string; session: Session }): readonly Row[] {
    const parsed = parseFile(text);
    if (parsed.kind === 'rows') return parsed.rows;
    if (!this.#options.dice.chance(this.#options.namelessErrors)) {
      const { line, column, value } = parsed;
      const error = { fileUrl: url, line, column, rawValue: value, code: 1207, reason: 'Invalid digit' };
      this.#errors.set(session.id, [error]);
    }
    throw new LoadError('copy-data', "Load into table failed. Check 'stl_load_errors'", { class: 'data' });
  }

  async #copyJobFiles(
    { jobFiles, manifestUrl }: Extract<Statement, { kind: 'copy-job-files' }>,
    { transaction }: Running,
  ): Promise<readonly SqlRow[]> {
    const [entry] = await this.#readManifest(manifestUrl);
    const text = entry && (await readText(this.#options.objects, parseUrl(entry.url)));
    if (text === undefined) {
      throw new LoadError('object-gone', `the job's list at ${manifestUrl} is not there`, { class: 'gone' });
    }
    const rows = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [file_id, key_id, url, rest = ''] = line.split('","').map((part) => part.replace(/^"/u, ''));
        const [etag, size] = rest.split('",');
        return {
          file_id: file_id ?? null,
          key_id: key_id ?? null,
          url: url ?? null,
          etag: etag ?? null,
          size: Number(size),
        };
      });
    transaction.append(nameOfTable(jobFiles), rows);
    return [];
  }

  async #readManifest(url: string): Promise<readonly { url: string; mandatory: boolean }[]> {
    const text = await readText(this.#options.objects, parseUrl(url));
    if (text === undefined) {
      throw new LoadError('object-gone', `the manifest ${url} is not there`, { class: 'gone' });
    }
    const { entries } = JSON.parse(text) as { entries: readonly { url: string; mandatory: boolean }[] };
    return entries;
  }
}
