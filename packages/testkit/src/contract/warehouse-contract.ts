import {
  type Attempt,
  type LoadFile,
  ledgerOf,
  loadFileOf,
  type MergeRule,
  type ObjectStore,
  planAbandon,
  planLedger,
  planLoad,
  renderManifest,
  type SqlRow,
  type StatementBatch,
  type StatementRef,
  type StatementStatus,
  type Warehouse,
} from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { Opened } from './opened.ts';

/** A warehouse needs objects to load: the store that its COPY reads. */
export interface OpenedWarehouse extends Opened<Warehouse> {
  readonly objects: ObjectStore;
  /** False where the warehouse tells line and column of a refused row, and not its value (Redshift Serverless). */
  readonly keepsRawValues?: boolean;
  /** What it says of a number that is none: `Invalid digit` unless told otherwise. */
  readonly invalidNumber?: string;
}

const TARGET = 'public.cities';
const RULE: MergeRule = {
  mode: 'append',
  key: [],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: null,
  onRewrite: 'quarantine',
};
/** How long a statement of this suite may take: far above what any takes, so that a hang fails by name. */
const MAX_LOOKS = 2_000;

/** What every warehouse keeps. An adapter is done when this is green. */
export function warehouseContract(name: string, open: () => Promise<OpenedWarehouse>): void {
  const withWarehouse = (body: (suite: Suite) => Promise<void>) => async () => {
    const opened = await open();
    try {
      const suite = new Suite(opened);
      await suite.prepare();
      await body(suite);
    } finally {
      await opened.close?.();
    }
  };

  describe(`${name} keeps the Warehouse contract`, () => {
    it(
      'runs a batch to its end, and counts what COPY read',
      withWarehouse(async (suite) => {
        const job = await suite.job(1, [await suite.put('a.csv', '1,Berlin\n2,Łódź\n')]);
        expect(await suite.run(job)).toEqual({ state: 'finished', copiedRows: 2 });
        expect(await suite.rows('SELECT id, name FROM public.cities ORDER BY id')).toEqual([
          { id: 1, name: 'Berlin' },
          { id: 2, name: 'Łódź' },
        ]);
      }),
    );

    it(
      'takes a batch of the same name and token once',
      withWarehouse(async (suite) => {
        const job = await suite.job(1, [await suite.put('a.csv', '1,Berlin\n')]);
        const [first, second] = [await suite.warehouse.submit(job), await suite.warehouse.submit(job)];
        expect(second.id).toBe(first.id);
        await suite.end(first);
        expect(await suite.count()).toBe(1);
      }),
    );

    it(
      'finds a statement by its name, running or ended, and no other',
      withWarehouse(async (suite) => {
        const job = await suite.job(1, [await suite.put('a.csv', '1,Berlin\n')]);
        expect(await suite.warehouse.find(job.name)).toBeUndefined();
        const statement = await suite.warehouse.submit(job);
        expect(await suite.warehouse.find(job.name)).toEqual(statement);
        await suite.end(statement);
        expect(await suite.warehouse.find(job.name)).toEqual(statement);
        expect(await suite.warehouse.find(job.name.slice(0, -1))).toBeUndefined();
      }),
    );

    it(
      'says unknown of a statement that it never took',
      withWarehouse(async (suite) => {
        const statement = { id: '00000000-0000-4000-8000-000000000000', name: 'dev/public.cities/x/1' };
        expect(await suite.warehouse.describe(statement)).toEqual({ state: 'unknown' });
      }),
    );

    it(
      'rolls everything back when one statement fails, and classifies the failure',
      withWarehouse(async (suite) => {
        const job = await suite.job(1, [await suite.put('a.csv', '1,Berlin\n')]);
        const broken = { ...job, statements: [...job.statements, 'SELECT nothing FROM public.nowhere'] };
        expect(await suite.run(broken)).toMatchObject({
          state: 'failed',
          error: { class: 'config', code: 'table-missing' },
        });
        expect(await suite.count()).toBe(0);
        expect(await suite.receipts()).toBe(0);
      }),
    );

    it(
      'names file, line, column, value and reason of a row that COPY refused',
      withWarehouse(async (suite) => {
        const good = await suite.put('good.csv', '1,Berlin\n');
        const bad = await suite.put('bad ü+.csv', '1,Berlin\n2,Paris\nx,Rome\n');
        const statement = await suite.warehouse.submit(await suite.job(1, [good, bad]));
        expect(await suite.end(statement)).toMatchObject({ state: 'failed', error: { class: 'data' } });
        const errors = await suite.warehouse.copyErrors(statement);
        expect(errors).toEqual([
          {
            fileUrl: bad.url,
            line: 3,
            column: 'id',
            rawValue: suite.keepsRawValues ? 'x' : null,
            code: 1207,
            reason: expect.stringContaining(suite.invalidNumber),
          },
        ]);
        expect(await suite.count()).toBe(0);
      }),
    );

    it(
      'calls an object that is missing gone',
      withWarehouse(async (suite) => {
        const file = loadFileOf({ bucket: 'lake', key: 'cities/never.csv', etag: 'e', size: 9 }, 0);
        expect(await suite.run(await suite.job(1, [file]))).toMatchObject({
          state: 'failed',
          error: { class: 'gone' },
        });
      }),
    );

    it(
      'lets the guard refuse a file that has a receipt',
      withWarehouse(async (suite) => {
        const file = await suite.put('a.csv', '1,Berlin\n');
        await suite.run(await suite.job(1, [file]));
        const again = await suite.run(await suite.job(2, [file, await suite.put('b.csv', '2,Rome\n')]));
        expect(again).toMatchObject({
          state: 'failed',
          error: { class: 'guard', code: 'guard-already-loaded' },
        });
        expect(await suite.count()).toBe(1);
      }),
    );

    it(
      'lets the guard refuse another version of a place, where rewrites are refused',
      withWarehouse(async (suite) => {
        await suite.run(await suite.job(1, [await suite.put('a.csv', '1,Berlin\n')]));
        const rewritten = await suite.put('a.csv', '1,Paris\n');
        expect(await suite.run(await suite.job(2, [rewritten]))).toMatchObject({
          error: { code: 'guard-rewritten' },
        });
        const reloading = await suite.job(3, [rewritten], { ...RULE, onRewrite: 'reload' });
        expect(await suite.run(reloading)).toMatchObject({ state: 'finished' });
      }),
    );

    it(
      'lets the guard refuse a job that names a place twice',
      withWarehouse(async (suite) => {
        const file = await suite.put('a.csv', '1,Berlin\n');
        expect(
          await suite.run(await suite.job(1, [file, file], { ...RULE, mode: 'insert-only', key: ['id'] })),
        ).toMatchObject({
          error: { code: 'guard-repeated-file' },
        });
        expect(await suite.count()).toBe(0);
      }),
    );

    it(
      'never lets an attempt commit after its void, and tells an abandoned one that it had committed',
      withWarehouse(async (suite) => {
        const file = await suite.put('a.csv', '1,Berlin\n');
        const [voided] = await suite.abandon(1);
        expect(voided).toMatchObject({ loaded: 0, voided: 1 });
        expect(await suite.run(await suite.job(1, [file]))).toMatchObject({ error: { code: 'guard-void' } });
        await suite.run(await suite.job(2, [file]));
        const [committed] = await suite.abandon(2);
        expect(committed).toMatchObject({ loaded: 1, voided: 0 });
        expect(await suite.count()).toBe(1);
      }),
    );

    it(
      'runs two jobs of one lane one after the other: the later one sees the receipts of the earlier',
      withWarehouse(async (suite) => {
        const file = await suite.put('a.csv', '1,Berlin\n');
        const jobs = await Promise.all([1, 2, 3].map((n) => suite.job(n, [file])));
        const states = await Promise.all(jobs.map((job) => suite.run(job)));
        expect(states.filter(({ state }) => state === 'finished')).toHaveLength(1);
        const refused = states.filter(({ state }) => state === 'failed');
        expect(refused).toEqual([
          expect.objectContaining({ error: expect.objectContaining({ code: 'guard-already-loaded' }) }),
          expect.objectContaining({ error: expect.objectContaining({ code: 'guard-already-loaded' }) }),
        ]);
        expect(await suite.count()).toBe(1);
      }),
    );

    it(
      'tells the columns of a table, and that there is no such table',
      withWarehouse(async ({ warehouse }) => {
        expect(await warehouse.describeTable(TARGET)).toEqual([
          { name: 'id', type: 'integer', isNullable: false, isIdentity: false },
          { name: 'name', type: 'character varying(20)', isNullable: true, isIdentity: false },
        ]);
        expect(await warehouse.describeTable('public.nowhere')).toBeUndefined();
      }),
    );

    it(
      'runs questions as one transaction and returns the rows of the last statement',
      withWarehouse(async ({ warehouse }) => {
        const rows = await warehouse.transact(['SELECT 1 AS a', 'SELECT 2 AS b']);
        expect(rows).toEqual([{ b: 2 }]);
        await expect(
          warehouse.transact(["INSERT INTO public.cities VALUES (1, 'x')", 'SELECT broken']),
        ).rejects.toMatchObject({
          class: 'config',
        });
        expect(await warehouse.transact(['SELECT COUNT(*) AS n FROM public.cities'])).toEqual([{ n: 0 }]);
      }),
    );

    it(
      'answers one statement on its own, and shows both of two columns of one name',
      withWarehouse(async ({ warehouse }) => {
        expect(await warehouse.query('SELECT 1 AS a, NULL AS b, 2 AS a')).toEqual({
          columns: ['a', 'b', 'a_2'],
          rows: [{ a: 1, b: null, a_2: 2 }],
        });
        const { columns, rows } = await warehouse.query("INSERT INTO public.cities VALUES (1, 'Berlin')");
        expect([columns, rows.length]).toEqual([['result'], 1]);
        expect(await warehouse.query('SELECT id FROM public.cities WHERE FALSE')).toEqual({
          columns: ['id'],
          rows: [],
        });
        await expect(warehouse.query('SELECT broken')).rejects.toMatchObject({ class: 'config' });
      }),
    );
  });
}

/** One open warehouse with the suite's table, and the short words of the cases above. */
class Suite {
  readonly warehouse: Warehouse;
  readonly keepsRawValues: boolean;
  readonly invalidNumber: string;
  readonly #objects: ObjectStore;

  constructor({ port, objects, keepsRawValues = true, invalidNumber = 'Invalid digit' }: OpenedWarehouse) {
    this.warehouse = port;
    this.#objects = objects;
    this.keepsRawValues = keepsRawValues;
    this.invalidNumber = invalidNumber;
  }

  async prepare(): Promise<void> {
    await this.warehouse.transact(['CREATE TABLE public.cities (id INTEGER NOT NULL, name VARCHAR(20))']);
    const columns = (await this.warehouse.describeTable(TARGET)) ?? [];
    for (const statement of planLedger(TARGET, RULE, columns)) {
      await this.warehouse.transact([this.warehouse.dialect.render(statement)]);
    }
  }

  async put(name: string, text: string): Promise<LoadFile> {
    const info = await this.#objects.write({ bucket: 'lake', key: `cities/${name}` }, text);
    if (info === undefined) throw new Error('the store refused an unconditional write');
    return loadFileOf(info, 0);
  }

  /** A job as core plans it, with its manifest written. */
  async job(n: number, files: readonly LoadFile[], rule: MergeRule = RULE): Promise<StatementBatch> {
    const attempt = attemptOf(n);
    const key = `jobs/${attempt.jobId}/manifest.json`;
    const entries = files.map(({ url, identity }) => ({ url, size: identity.size }));
    await this.#objects.write({ bucket: 'millrace', key }, renderManifest(entries));
    const statements = planLoad({
      target: TARGET,
      rule,
      tableColumns: (await this.warehouse.describeTable(TARGET)) ?? [],
      attempt,
      loadedAt: 0,
      files,
      manifestUrl: `s3://millrace/${key}`,
      fileListManifestUrl: '',
      iamRole: 'default',
      copyOptions: 'CSV',
      lockTimeoutMs: 30_000,
      statementTimeoutMs: 30_000,
      maxStatementBytes: this.warehouse.dialect.maxStatementBytes,
    }).map((statement) => this.warehouse.dialect.render(statement));
    return { name: `dev/${TARGET}/${attempt.jobId}/1`, clientToken: attempt.jobId, statements };
  }

  async run(batch: StatementBatch): Promise<StatementStatus> {
    return this.end(await this.warehouse.submit(batch));
  }

  async end(statement: StatementRef): Promise<StatementStatus> {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const status = await this.warehouse.describe(statement);
      if (status.state !== 'running') return status;
      await new Promise((done) => {
        setTimeout(done, 5);
      });
    }
    throw new Error(`statement ${statement.name} did not end`);
  }

  abandon(n: number): Promise<readonly SqlRow[]> {
    const plan = planAbandon(TARGET, attemptOf(n), { lockTimeoutMs: 30_000 });
    return this.warehouse.transact(plan.map((statement) => this.warehouse.dialect.render(statement)));
  }

  rows(sql: string): Promise<readonly SqlRow[]> {
    return this.warehouse.transact([sql]);
  }

  async count(): Promise<number> {
    const [row] = await this.rows('SELECT COUNT(*) AS n FROM public.cities');
    return Number(row?.n);
  }

  async receipts(): Promise<number> {
    const { schema, name } = ledgerOf(TARGET).receipts;
    const [row] = await this.rows(`SELECT COUNT(*) AS n FROM ${schema}.${name}`);
    return Number(row?.n);
  }
}

function attemptOf(n: number): Attempt {
  return { jobId: `01JD000000000000000000000${n}`, attempt: 1, fence: n };
}
