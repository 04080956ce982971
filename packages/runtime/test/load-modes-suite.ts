import {
  type Attempt,
  loadFileOf,
  type MergeRule,
  type ObjectStore,
  planLedger,
  planLoad,
  renderManifest,
  type SqlRow,
  type StatementBatch,
  type StatementRef,
  type StatementStatus,
  statementNameOf,
  type TableColumn,
  ulid,
  type Warehouse,
} from '@millrace/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * Every load mode against a model in TypeScript: any partition of the same rows into files and jobs, in any order,
 * gives the same table.
 */

interface Row {
  readonly k1: number | null;
  readonly k2: string | null;
  readonly v: number | null;
  readonly w: string | null;
  readonly ts: string | null;
  readonly op: string | null;
}

const BASE: MergeRule = {
  mode: 'append',
  key: [],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: ['k1', 'k2', 'v', 'w', 'ts'],
  onRewrite: 'reload',
};
const UPSERT: MergeRule = { ...BASE, mode: 'upsert', key: ['k1', 'k2'], latestBy: ['ts'] };
/** The mark is in the files, not in the table. */
const TOMBSTONES: MergeRule = {
  ...UPSERT,
  tombstone: { column: 'op', equals: 'D' },
  columns: ['k1', 'k2', 'v', 'w', 'ts', 'op'],
};

const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 4 });
const timestamp = fc.nat(3).map((n) => `2026-11-2${n} 00:00:00`);
const row = (keys: { nulls: boolean }): fc.Arbitrary<Row> => {
  const key = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
    keys.nulls ? nullable(values) : values;
  return fc.record({
    k1: key(fc.nat(2)),
    k2: key(fc.constantFrom('a', 'ü')),
    v: nullable(fc.nat(2)),
    w: nullable(fc.constantFrom('', 'x', 'yy')),
    ts: nullable(timestamp),
    op: fc.constantFrom(null, null, 'D', 'U'),
  });
};
/** Jobs of files of rows. */
const jobsOf = (rows: fc.Arbitrary<Row>): fc.Arbitrary<Row[][][]> =>
  fc.array(fc.array(fc.array(rows, { maxLength: 5 }), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 4,
  });

export interface LoadModesOptions {
  readonly warehouse: Warehouse;
  readonly objects: ObjectStore;
  /** A column that the warehouse counts by itself. */
  readonly idColumn: string;
  close(): Promise<void>;
}

const RUNS = 40;
const ORDER_RUNS = 25;

let warehouse: Warehouse;
let objects: ObjectStore;
let idColumn = '';
let jobs = 0;

export function loadModesSuite(name: string, open: () => Promise<LoadModesOptions>): void {
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ warehouse, objects, idColumn, close } = await open());
  });
  afterAll(() => close());
  describe(`${name}: any partition of the same rows into files and jobs gives the same table:`, {
    timeout: 120_000,
  }, () => {
    it('append', () => holds(BASE, { nulls: true }));
    it('upsert', () => holds(UPSERT, { nulls: false }));
    it('upsert with tombstones', () => holds(TOMBSTONES, { nulls: false }));
    it('upsert that appends rows with a NULL in the key', () =>
      holds({ ...UPSERT, nullKeys: 'append' }, { nulls: true }));
    it('insert-only', () => holds({ ...UPSERT, mode: 'insert-only', latestBy: [] }, { nulls: false }));

    it('and the order of the jobs does not matter to an upsert with tombstones', async () => {
      await fc.assert(
        fc.asyncProperty(jobsOf(row({ nulls: false })), async (given) => {
          const forwards = await run(TOMBSTONES, given);
          const backwards = await run(TOMBSTONES, given.toReversed());
          expect(backwards).toEqual(forwards);
        }),
        { numRuns: ORDER_RUNS },
      );
    });

    it('upsert leaves columns alone that the files do not have, and IDENTITY too', async () => {
      const rule: MergeRule = { ...UPSERT, columns: ['k1', 'k2', 'v', 'ts'] };
      await createTable(rule);
      await warehouse.transact([
        "INSERT INTO public.t (k1, k2, v, w, ts) VALUES (1, 'a', 1, 'kept', '2026-11-20 00:00:00')",
      ]);
      const [before] = await warehouse.transact(['SELECT id FROM public.t']);
      await load(rule, [[{ k1: 1, k2: 'a', v: 2, w: 'ignored', ts: '2026-11-21 00:00:00', op: null }]]);
      expect(await warehouse.transact(['SELECT id, v, w FROM public.t'])).toEqual([
        { id: before?.id, v: 2, w: 'kept' },
      ]);
    });

    it('a NULL in the key is refused by COPY itself, which names file and line', async () => {
      await createTable(UPSERT);
      const good: Row = { k1: 1, k2: 'a', v: 1, w: null, ts: null, op: null };
      const statement = await warehouse.submit(await batchOf(UPSERT, [[good, { ...good, k1: null }]]));
      expect(await endOf(statement)).toMatchObject({ state: 'failed', error: { class: 'data' } });
      const [refused] = await warehouse.copyErrors(statement);
      expect(refused).toMatchObject({ line: 2, column: expect.stringMatching(/^k1 *$/u), code: 1213 });
    });
  });
}

async function holds(rule: MergeRule, keys: { nulls: boolean }): Promise<void> {
  await fc.assert(
    fc.asyncProperty(jobsOf(row(keys)), async (given) => {
      expect(await run(rule, given)).toEqual(model(rule, given));
    }),
    { numRuns: RUNS },
  );
}

/** Loads the jobs, in order, into an empty table, and reads it. */
async function run(rule: MergeRule, given: readonly (readonly Row[][])[]): Promise<string[]> {
  await createTable(rule);
  for (const files of given) await load(rule, files);
  const rows = await warehouse.transact(['SELECT k1, k2, v, w, ts FROM public.t']);
  return rows.map(toText).sort();
}

async function createTable(rule: MergeRule): Promise<void> {
  await warehouse.transact(['DROP TABLE IF EXISTS public.t', 'DROP SCHEMA IF EXISTS millrace CASCADE']);
  await warehouse.transact([
    `CREATE TABLE public.t (${idColumn}, k1 INTEGER, k2 VARCHAR(5), v INTEGER, w VARCHAR(10), ts TIMESTAMP)`,
  ]);
  for (const statement of planLedger('public.t', rule, await columns())) {
    await warehouse.transact([warehouse.dialect.render(statement)]);
  }
}

async function load(rule: MergeRule, contents: readonly (readonly Row[])[]): Promise<void> {
  await warehouse.transact((await batchOf(rule, contents)).statements);
}

async function endOf(statement: StatementRef): Promise<StatementStatus> {
  for (;;) {
    const status = await warehouse.describe(statement);
    if (status.state !== 'running') return status;
    await new Promise(setImmediate);
  }
}

async function batchOf(rule: MergeRule, contents: readonly (readonly Row[])[]): Promise<StatementBatch> {
  jobs += 1;
  const jobId = ulid(jobs, new Uint8Array(16));
  const files = await Promise.all(
    contents.map(async (rows, n) => {
      const lines = rows.map((one) => `${JSON.stringify(one)}\n`).join('');
      const info = await objects.write({ bucket: 'lake', key: `t/${jobs}-${n}.json` }, lines);
      if (info === undefined) throw new Error('the store refused an unconditional write');
      return loadFileOf(info, 0);
    }),
  );
  const manifest = { bucket: 'millrace', key: `${jobId}.manifest` };
  await objects.write(
    manifest,
    renderManifest(files.map(({ url, identity }) => ({ url, size: identity.size }))),
  );
  const attempt: Attempt = { jobId, attempt: 1, fence: jobs };
  const plan = planLoad({
    target: 'public.t',
    rule,
    tableColumns: await columns(),
    attempt,
    loadedAt: 0,
    files,
    manifestUrl: `s3://millrace/${jobId}.manifest`,
    fileListManifestUrl: '',
    iamRole: 'default',
    copyOptions: "JSON 'auto'",
    lockTimeoutMs: 10_000,
    statementTimeoutMs: 0,
    maxStatementBytes: 100_000,
  });
  return {
    name: statementNameOf('dev', 'public.t', attempt),
    clientToken: jobId,
    statements: plan.map((statement) => warehouse.dialect.render(statement)),
  };
}

async function columns(): Promise<readonly TableColumn[]> {
  const found = await warehouse.describeTable('public.t');
  if (found === undefined) throw new Error('public.t is not there');
  return found;
}

/** What the table must hold: computed from all rows at once, but for what the order of jobs decides by definition. */
function model(rule: MergeRule, given: readonly (readonly Row[][])[]): string[] {
  const jobRows = given.map((files) => files.flat());
  if (rule.mode === 'append') return jobRows.flat().map(toText).sort();
  const isDead = ({ op }: Row): boolean => rule.tombstone !== null && op === 'D';
  const hasNullKey = ({ k1, k2 }: Row): boolean => k1 === null || k2 === null;
  const table = new Map<string, Row>();
  const appended: Row[] = [];
  const groups = rule.mode === 'upsert' ? [jobRows.flat()] : jobRows;
  for (const rows of groups) {
    const firstOfJob = new Map<string, Row>();
    for (const one of rows) {
      if (hasNullKey(one)) {
        appended.push(one);
        continue;
      }
      const key = JSON.stringify([one.k1, one.k2]);
      const other = firstOfJob.get(key);
      if (other === undefined || compareVersions(one, other, rule) > 0) firstOfJob.set(key, one);
    }
    for (const [key, one] of firstOfJob) if (!table.has(key)) table.set(key, one);
  }
  return [...table.values(), ...appended]
    .filter((one) => !isDead(one))
    .map(toText)
    .sort();
}

/** The total order: `latestBy` with NULL lowest, then a tombstone above others, then the remaining columns. */
function compareVersions(a: Row, b: Row, rule: MergeRule): number {
  const later = rule.latestBy.length === 0 ? 0 : compareValues(a.ts, b.ts);
  if (later !== 0) return later;
  if (rule.tombstone !== null && (a.op === 'D') !== (b.op === 'D')) return a.op === 'D' ? 1 : -1;
  const remaining = [
    compareValues(a.v, b.v),
    compareValues(a.w, b.w),
    rule.latestBy.length === 0 ? compareValues(a.ts, b.ts) : 0,
  ];
  return remaining.find((order) => order !== 0) ?? 0;
}

function compareValues(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}

function toText({ k1, k2, v, w, ts }: SqlRow | Row): string {
  return JSON.stringify([k1, k2, v, w, ts]);
}
