import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type LoadPlanInput,
  ledgerOf,
  loadFileOf,
  type MergeRule,
  planAbandon,
  planLedger,
  planLoad,
  planPrune,
  type Statement,
  type TableColumn,
} from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { PostgresDialect } from './postgres-dialect.ts';
import { fitName } from './quote.ts';
import { readCopy } from './render-copy.ts';

const GOLDEN = join(dirname(fileURLToPath(import.meta.url)), '..', 'golden');
/** `UPDATE_GOLDEN=1 npx vitest run packages/postgres/src` writes the files anew: read their diff. */
const isUpdating = process.env.UPDATE_GOLDEN !== undefined;

const dialect = new PostgresDialect();
const COLUMNS: readonly TableColumn[] = [
  { name: 'id', type: 'bigint', isNullable: false, isIdentity: true },
  { name: 'iata', type: 'character varying(8)', isNullable: false, isIdentity: false },
  { name: 'Größe "x"', type: 'numeric(8,2)', isNullable: true, isIdentity: false },
  { name: 'extra', type: 'json', isNullable: true, isIdentity: false },
  { name: 'updated_at', type: 'timestamp without time zone', isNullable: true, isIdentity: false },
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
  tombstone: { column: 'op', equals: "D'" },
  columns: ['iata', 'Größe "x"', 'extra', 'updated_at', 'op'],
  onRewrite: 'reload',
};
const FILES = [
  loadFileOf({ bucket: 'lake', key: "flights/a 'b'+%\\ü.csv", etag: '"e1"', size: 12 }, 0),
  loadFileOf({ bucket: 'lake', key: 'flights/b.csv', etag: 'e2', size: 34 }, 1),
];
const ATTEMPT = { jobId: '01JD0000000000000000000000', attempt: 1, fence: 7 };

function planOf(rule: MergeRule, change: Partial<LoadPlanInput> = {}): readonly Statement[] {
  return planLoad({
    target: 'public.airports',
    rule,
    tableColumns: COLUMNS,
    attempt: ATTEMPT,
    loadedAt: Date.UTC(2026, 10, 21, 12, 0, 1, 500),
    files: FILES,
    manifestUrl: 's3://millrace/jobs/public.airports/01JD0000000000000000000000-1-manifest.json',
    fileListManifestUrl:
      's3://millrace/jobs/public.airports/01JD0000000000000000000000-1-files-manifest.json',
    iamRole: 'default',
    copyOptions: "FORMAT CSV IGNOREHEADER 1 GZIP TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF",
    lockTimeoutMs: 60_000,
    statementTimeoutMs: 900_000,
    maxStatementBytes: dialect.maxStatementBytes,
    ...change,
  });
}

const CASES: Readonly<Record<string, readonly Statement[]>> = {
  append: planOf(APPEND),
  'append-many-files': planOf(APPEND, { maxStatementBytes: 100 }),
  'upsert-tombstones': planOf(UPSERT),
  'insert-only': planOf({ ...APPEND, mode: 'insert-only', key: ['iata'], onRewrite: 'reload' }),
  abandon: planAbandon('public.airports', ATTEMPT, { lockTimeoutMs: 60_000 }),
  ledger: planLedger('public.airports', UPSERT, COLUMNS),
  prune: planPrune('public.airports', {
    fileIds: FILES.map(({ id }) => id),
    horizonAt: Date.UTC(2026, 7, 23),
    voidedBefore: Date.UTC(2026, 7, 22),
    fence: 7,
    lockTimeoutMs: 60_000,
  }),
};

describe('the SQL of', () => {
  it.each(Object.entries(CASES))('%s is what it was', (name, statements) => {
    const sql = `${statements.map((statement) => dialect.render(statement)).join(';\n\n')};\n`;
    const path = join(GOLDEN, `${name}.sql`);
    if (isUpdating) {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, sql);
    }
    expect(sql).toBe(readFileSync(path, 'utf8'));
  });
});

it('writes into the SQL what a COPY reads, and finds it there again', () => {
  const sql = dialect.render({
    kind: 'copy',
    into: { schema: 'public', name: 't' },
    columns: ['a "b"'],
    manifestUrl: "s3://millrace/it's\\here\n.json",
    iamRole: '',
    options: "FORMAT CSV NULL AS 'it''s -- \\\\N'",
  });
  expect(readCopy(sql)).toEqual({
    source: { manifest: "s3://millrace/it's\\here\n.json", options: "FORMAT CSV NULL AS 'it''s -- \\\\N'" },
    command: 'COPY "public"."t" ("a ""b""") FROM STDIN',
  });
  expect(readCopy('COPY t FROM STDIN')).toBeUndefined();
});

it('refuses options that COPY has not here when a job is planned, too', () => {
  const plan = planOf(APPEND, { copyOptions: 'FORMAT PARQUET' });
  expect(() => plan.map((statement) => dialect.render(statement))).toThrow(
    'PARQUET is not supported with PostgreSQL',
  );
});

it('keeps the ledgers of targets apart whose names PostgreSQL would cut to the same', () => {
  const long = 'a_schema_with_a_long_name.a_table_with_a_name_that_is_rather_long';
  const [one, other] = [ledgerOf(`${long}_1`).receipts, ledgerOf(`${long}_2`).receipts];
  expect(one.name.slice(0, 63)).toBe(other.name.slice(0, 63));
  expect(fitName(one.name)).not.toBe(fitName(other.name));
  expect(fitName(one.name)).toHaveLength(63);
  expect(dialect.render({ kind: 'summarise-receipts', receipts: one })).toContain(`"${fitName(one.name)}"`);
});
