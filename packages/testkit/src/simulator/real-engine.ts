import {
  type CopyError,
  type Dialect,
  type ObjectStore,
  parseUrl,
  readText,
  type StatementRef,
  type TableColumn,
  type Warehouse,
} from '@millrace/core';
import type { Dice } from './dice.ts';
import type { Committed, CopiedObject, Engine, EngineEvents } from './engine.ts';
import { parseFile } from './lake-file.ts';
import type { Scheduler } from './scheduler.ts';
import type { Session } from './session.ts';
import type { Row } from './table-store.ts';

export interface RealEngineOptions {
  /** Opens the warehouse, which tells of each statement that ended. */
  readonly warehouse: (onCompletion: (statement: StatementRef) => void) => Warehouse;
  readonly objects: ObjectStore;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
}

/** The manifest of a job's files, as its COPY names it in quotes; the one of a long list of files ends otherwise. */
const JOB_MANIFEST = /['"](s3:[^'"]+-\d+-manifest\.json)['"]/u;

/**
 * Runs real SQL on a real warehouse. A transaction runs whole, at one instant of virtual time: what happens around it is
 * interleaved, what happens inside it is the engine's own.
 */
export class RealEngine implements Engine {
  readonly dialect: Dialect;
  readonly #options: RealEngineOptions;
  readonly #warehouse: Warehouse;
  readonly #errors = new Map<number, readonly CopyError[]>();
  readonly #ends = new Map<string, () => void>();

  constructor(options: RealEngineOptions) {
    this.#options = options;
    this.#warehouse = options.warehouse(({ name }) => this.#ends.get(name)?.());
    this.dialect = this.#warehouse.dialect;
  }

  async run(
    statements: readonly string[],
    { session, events }: { session: Session; events: EngineEvents },
  ): Promise<Committed> {
    const { dice, scheduler } = this.#options;
    await session.takeTime(dice.int(5, 2_000));
    const manifests = statements.flatMap((sql) => JOB_MANIFEST.exec(sql)?.[1] ?? []);
    // A partition that has no files any more is emptied without a COPY.
    if (manifests.length === 0 && !statements.some((sql) => sql.includes('millrace:superseded'))) {
      const rows = await scheduler.outside(this.#warehouse.transact(statements));
      return { rows, copiedRows: null };
    }
    return scheduler.outside(this.#load(statements, { session, events, manifests }));
  }

  describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    return this.#options.scheduler.outside(this.#warehouse.describeTable(table));
  }

  async copyErrors({ id }: Session): Promise<readonly CopyError[]> {
    return this.#errors.get(id) ?? [];
  }

  async rowsOf(table: string): Promise<readonly Row[]> {
    return this.#warehouse.transact([`SELECT k, at, v, op FROM ${table}`]);
  }

  async createTable(table: string): Promise<void> {
    await this.#warehouse.query(
      `CREATE TABLE ${table} (k VARCHAR(50), at INTEGER, v VARCHAR(200), op VARCHAR(8), _loaded_at TIMESTAMP, _job_id VARCHAR(26), _partition VARCHAR(1200))`,
    );
  }

  async #load(
    statements: readonly string[],
    { session, events, manifests }: { session: Session; events: EngineEvents; manifests: readonly string[] },
  ): Promise<Committed> {
    // Nothing else happens until the transaction is over: what is there now is what COPY reads.
    const there: CopiedObject[] = [];
    for (const manifest of manifests) there.push(...(await this.#readObjects(manifest)));
    const statement = await this.#submit({ name: `session-${session.id}`, clientToken: '', statements });
    const status = await this.#warehouse.describe(statement);
    if (status.state === 'failed') {
      this.#errors.set(session.id, await this.#warehouse.copyErrors(statement));
      throw status.error;
    }
    for (const copied of there) events.onCopied?.(copied);
    events.onCommitted?.();
    return { rows: [], copiedRows: status.state === 'finished' ? status.copiedRows : null };
  }

  async #submit(batch: {
    name: string;
    clientToken: string;
    statements: readonly string[];
  }): Promise<StatementRef> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ends.set(batch.name, resolve);
    const statement = await this.#warehouse.submit(batch);
    await promise;
    this.#ends.delete(batch.name);
    return statement;
  }

  async #readObjects(manifestUrl: string): Promise<readonly CopiedObject[]> {
    const { objects } = this.#options;
    const manifest = await readText(objects, parseUrl(manifestUrl));
    const { entries } = JSON.parse(manifest ?? '{"entries":[]}') as { entries: readonly { url: string }[] };
    const copied: CopiedObject[] = [];
    for (const { url } of entries) {
      const info = await objects.head(parseUrl(url));
      const parsed = parseFile((await readText(objects, parseUrl(url))) ?? '');
      if (info !== undefined && parsed.kind === 'rows')
        copied.push({ url, etag: info.etag, rows: parsed.rows });
    }
    return copied;
  }
}
