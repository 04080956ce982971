import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type LoadPlanInput,
  ledgerOf,
  loadFileOf,
  type MergeRule,
  type PartitionJob,
  planAbandon,
  planLedger,
  planLoad,
  planPrune,
  type Statement,
  type TableColumn,
} from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { RedshiftDialect } from './redshift-dialect.ts';

const GOLDEN = join(dirname(fileURLToPath(import.meta.url)), '..', 'golden');
/** `UPDATE_GOLDEN=1 npx vitest run packages/redshift` writes the files anew: read their diff. */
const isUpdating = process.env.UPDATE_GOLDEN !== undefined;

const COLUMNS: readonly TableColumn[] = [
  { name: 'id', type: 'bigint', isNullable: false, isIdentity: true },
  { name: 'iata', type: 'character varying(8)', isNullable: false, isIdentity: false },
  { name: 'Größe "x"', type: 'numeric(8,2)', isNullable: true, isIdentity: false },
  { name: 'extra', type: 'super', isNullable: true, isIdentity: false },
  { name: 'updated_at', type: 'timestamp without time zone', isNullable: true, isIdentity: false },
];

/** What a target with provenance has beside them. */
const FILLED: readonly TableColumn[] = [
  { name: '_loaded_at', type: 'timestamp without time zone', isNullable: true, isIdentity: false },
  { name: '_job_id', type: 'character varying(26)', isNullable: true, isIdentity: false },
];

const APPEND: MergeRule = {
  mode: 'append',
  key: [],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: null,
  onRewrite: 'quarantine',
};
const UPSERT: MergeRule = {
  ...APPEND,
  mode: 'upsert',
  key: ['iata'],
  latestBy: ['updated_at'],
  onRewrite: 'reload',
};

const FILES = [
  loadFileOf({ bucket: 'lake', key: "flights/a 'b'+%\\ü.csv", etag: '"e1"', size: 12 }, 0),
  loadFileOf({ bucket: 'lake', key: 'flights/b.csv', etag: 'e2', size: 34 }, 1),
];

const PRUNE = {
  horizonAt: Date.UTC(2026, 7, 23),
  voidedBefore: Date.UTC(2026, 7, 22),
  fence: 7,
  lockTimeoutMs: 60_000,
};

const OLD_JOBS = ['01JC0000000000000000000000', '01JC0000000000000000000001'];
const REPLACE: MergeRule = { ...APPEND, provenance: true, onRewrite: 'replace' };
const REPLACES: Partial<LoadPlanInput> = {
  tableColumns: [...COLUMNS, ...FILLED],
  // The first one is the new version; of the survivor it does not matter when it was written.
  files: FILES.map((file, nth) => ({ ...file, writtenAt: 2_000 - nth * 1_000 })),
  replaces: {
    jobIds: OLD_JOBS,
    receipts: 2,
    rows: 5,
    survivorIds: FILES.slice(1).map(({ id }) => id),
    outdatedIds: ['0'.repeat(32)],
  },
};

const PARTITION: MergeRule = { ...APPEND, mode: 'replace-partition', onRewrite: 'reload' };
const PARTITION_JOB: PartitionJob = {
  url: "s3://lake/airports/dt=2026-11-20 'x'/",
  name: "dt=2026-11-20 'x'/",
  id: 'a'.repeat(32),
  rows: [{ column: '_partition', value: "s3://lake/airports/dt=2026-11-20 'x'/" }],
  generation: 3,
  receipts: 2,
  replacedRows: 5,
  survivorIds: [],
  outdatedIds: [],
  absentIds: [],
};
const PARTITION_TABLE: readonly TableColumn[] = [
  ...COLUMNS,
  { name: '_partition', type: 'character varying(1200)', isNullable: true, isIdentity: false },
];
const BY_COLUMNS: PartitionJob = {
  ...PARTITION_JOB,
  rows: [
    { column: 'updated_at', value: '2026-11-20' },
    { column: 'iata', value: 'SKP' },
  ],
};

const { receipts: RECEIPTS } = ledgerOf('public.airports');

function input(rule: MergeRule, change: Partial<LoadPlanInput> = {}): LoadPlanInput {
  return {
    target: 'public.airports',
    rule,
    tableColumns: COLUMNS,
    attempt: { jobId: '01JD0000000000000000000000', attempt: 1, fence: 7 },
    loadedAt: Date.UTC(2026, 10, 21, 12, 0, 1, 500),
    files: FILES,
    manifestUrl: 's3://millrace/jobs/public.airports/01JD0000000000000000000000/1/manifest.json',
    fileListManifestUrl:
      's3://millrace/jobs/public.airports/01JD0000000000000000000000/1/files-manifest.json',
    iamRole: 'default',
    copyOptions: "CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF",
    lockTimeoutMs: 60_000,
    statementTimeoutMs: 900_000,
    maxStatementBytes: 100_000,
    ...change,
  };
}

/** What docs/load-modes.md shows: a plain table, one file. */
function example(rule: Partial<MergeRule>, change: Partial<LoadPlanInput> = {}): readonly Statement[] {
  const column = (name: string, type: string): TableColumn => ({
    name,
    type,
    isNullable: true,
    isIdentity: false,
  });
  return planLoad(
    input(
      { ...UPSERT, ...rule },
      {
        tableColumns: [
          column('iata', 'character varying(4)'),
          column('name', 'character varying(60)'),
          column('updated_at', 'timestamp without time zone'),
          ...(rule.provenance === true ? FILLED : []),
        ],
        ...change,
        files: [
          loadFileOf(
            {
              bucket: 'lake',
              key: 'airports/2026-11-21.csv.gz',
              etag: 'c0ffee',
              size: 4711,
              writtenAt: Date.UTC(2026, 10, 21, 12),
            },
            0,
          ),
        ],
      },
    ),
  );
}

const CASES: Readonly<Record<string, () => readonly Statement[]>> = {
  append: () => planLoad(input(APPEND)),
  'append-reloads-rewrites': () =>
    planLoad(input({ ...APPEND, onRewrite: 'reload', columns: ['iata', 'extra'] })),
  'append-provenance': () =>
    planLoad(input({ ...APPEND, provenance: true }, { tableColumns: [...COLUMNS, ...FILLED] })),
  'append-replaces': () => planLoad(input(REPLACE, REPLACES)),
  'append-replaces-many-files': () => planLoad(input(REPLACE, { ...REPLACES, maxStatementBytes: 500 })),
  replacement: () => [
    { kind: 'select-job-receipts', receipts: RECEIPTS, jobIds: OLD_JOBS, horizonAt: null },
    { kind: 'select-job-receipts', receipts: RECEIPTS, jobIds: OLD_JOBS, horizonAt: PRUNE.horizonAt },
    { kind: 'count-job-rows', target: { schema: 'public', name: 'airports' }, jobIds: OLD_JOBS },
  ],
  'append-many-files': () => planLoad(input(APPEND, { maxStatementBytes: 500 })),
  upsert: () => planLoad(input(UPSERT)),
  'upsert-composite-null-keys': () =>
    planLoad(
      input(
        { ...UPSERT, key: ['iata', 'Größe "x"'], nullKeys: 'append' },
        { iamRole: 'arn:aws:iam::123456789012:role/copy' },
      ),
    ),
  'upsert-only-keys': () =>
    planLoad(input({ ...UPSERT, key: ['iata'], latestBy: ['iata'], columns: ['iata'] })),
  'upsert-provenance': () =>
    planLoad(input({ ...UPSERT, provenance: true }, { tableColumns: [...COLUMNS, ...FILLED] })),
  'insert-only-provenance': () =>
    planLoad(
      input(
        { ...UPSERT, mode: 'insert-only', latestBy: [], provenance: true },
        { tableColumns: [...COLUMNS, ...FILLED] },
      ),
    ),
  'upsert-tombstones': () => planLoad(input({ ...UPSERT, tombstone: { column: 'op', equals: 'D' } })),
  'insert-only': () => planLoad(input({ ...UPSERT, mode: 'insert-only', latestBy: [] })),
  partition: () => planLoad(input(PARTITION, { tableColumns: PARTITION_TABLE, partition: PARTITION_JOB })),
  'partition-provenance': () =>
    planLoad(
      input(
        { ...PARTITION, provenance: true },
        { tableColumns: [...PARTITION_TABLE, ...FILLED], partition: PARTITION_JOB },
      ),
    ),
  'partition-by-columns': () =>
    planLoad(input({ ...PARTITION, columns: ['iata', 'extra'] }, { partition: BY_COLUMNS })),
  'partition-emptied': () => planLoad(input(PARTITION, { partition: BY_COLUMNS, files: [] })),
  'partition-look': () => [
    {
      kind: 'select-partition',
      receipts: RECEIPTS,
      partition: { id: PARTITION_JOB.id, url: PARTITION_JOB.url },
    },
  ],
  abandon: () =>
    planAbandon(
      'public.airports',
      { jobId: '01JD0000000000000000000000', attempt: 1, fence: 7 },
      { lockTimeoutMs: 60_000 },
    ),
  reconcile: () => [
    { kind: 'page-receipts', receipts: RECEIPTS, after: null, before: null, limit: 10_000 },
    {
      kind: 'page-receipts',
      receipts: RECEIPTS,
      after: "s3://lake/flights/a 'b'+%\\ü.csv",
      before: 's3://lake/flights0',
      limit: 10_000,
    },
    {
      kind: 'page-receipts',
      receipts: RECEIPTS,
      after: null,
      before: null,
      etags: FILES.map(({ identity }) => identity.etag),
      limit: 10_000,
    },
    { kind: 'select-receipts', receipts: RECEIPTS, keyIds: FILES.map(({ keyId }) => keyId) },
    { kind: 'summarise-receipts', receipts: RECEIPTS },
  ],
  prune: () => planPrune('public.airports', { ...PRUNE, fileIds: FILES.map(({ id }) => id) }),
  horizon: () => [
    { kind: 'page-receipts', receipts: RECEIPTS, after: null, before: null, loadedBefore: 0, limit: 1_000 },
    { kind: 'select-horizon', receipts: RECEIPTS },
  ],
  'append-many-files-written': () =>
    planLoad(
      input(APPEND, { files: FILES.map((file) => ({ ...file, writtenAt: 1_000 })), maxStatementBytes: 500 }),
    ),
  'example-append': () => example({ mode: 'append', key: [], latestBy: [], onRewrite: 'quarantine' }),
  'example-upsert': () => example({}),
  'example-upsert-tombstones': () => example({ tombstone: { column: 'op', equals: 'D' } }),
  'example-insert-only': () => example({ mode: 'insert-only', latestBy: [] }),
  'example-replace': () =>
    example(
      { mode: 'append', key: [], latestBy: [], provenance: true, onRewrite: 'replace' },
      {
        replaces: {
          jobIds: ['01JC0000000000000000000000'],
          receipts: 1,
          rows: 42,
          survivorIds: [],
          outdatedIds: ['0'.repeat(32)],
        },
      },
    ),
  'example-replace-partition': () =>
    example(
      { mode: 'replace-partition', key: [], latestBy: [], columns: ['iata', 'name'] },
      {
        partition: {
          ...PARTITION_JOB,
          url: 's3://lake/airports/dt=2026-11-21/',
          name: 'dt=2026-11-21/',
          rows: [{ column: 'updated_at', value: '2026-11-21' }],
          generation: 2,
        },
      },
    ),
  ledger: () =>
    planLedger('public.airports', { ...UPSERT, tombstone: { column: 'op', equals: 'D' } }, COLUMNS),
};

describe('the Redshift dialect renders', () => {
  const dialect = new RedshiftDialect();

  it.each(Object.keys(CASES))('%s as its golden file says', (name) => {
    const plan = CASES[name]?.() ?? [];
    const sql = `${plan.map((statement) => dialect.render(statement)).join(';\n\n')};\n`;
    const file = join(GOLDEN, `${name}.sql`);
    if (isUpdating) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(file, sql);
    }
    expect(existsSync(file), `golden/${name}.sql is there`).toBe(true);
    expect(sql).toBe(readFileSync(file, 'utf8'));
  });

  it('has no golden file without a case', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(
      Object.keys(CASES)
        .map((name) => `${name}.sql`)
        .sort(),
    );
  });

  it('what docs/load-modes.md shows', () => {
    const page = readFileSync(join(GOLDEN, '..', '..', '..', 'docs', 'load-modes.md'), 'utf8');
    const shown = [...page.matchAll(/```sql\n([\s\S]*?)```/gu)].map(([, sql]) => sql);
    const rendered = Object.entries(CASES)
      .filter(([name]) => name.startsWith('example-'))
      .map(
        ([, plan]) =>
          `${plan()
            .map((statement) => dialect.render(statement))
            .join(';\n\n')};\n`,
      );
    expect(shown).toEqual(rendered);
  });

  it('keeps the limits of the Data API for the longest plan', () => {
    const plan = planLoad(input({ ...UPSERT, tombstone: { column: 'op', equals: 'D' } }));
    expect(plan.length).toBeLessThanOrEqual(dialect.maxStatements);
  });

  it('lists 5,000 files with 1,000-byte keys by an object, within the limits', () => {
    const files = Array.from({ length: 5_000 }, (_, n) =>
      loadFileOf({ bucket: 'lake', key: `${'k'.repeat(990)}/${n}`, etag: 'e', size: 1 }, 0),
    );
    const rendered = planLoad(input(APPEND, { files })).map((statement) => dialect.render(statement));
    expect(rendered.some((sql) => sql.includes('files-manifest.json'))).toBe(true);
    for (const sql of rendered) expect(Buffer.byteLength(sql)).toBeLessThanOrEqual(dialect.maxStatementBytes);
  });

  it('names a column that is missing, and those that are there', () => {
    expect(() => planLoad(input({ ...UPSERT, key: ['iato'] }))).toThrow(
      /column 'iato' is not a column of public.airports/u,
    );
  });
});
