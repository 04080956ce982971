import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineWriter, parseCopyOptions, type RowValue } from '@millrace/core';
import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore } from '@millrace/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * What is said of a value before it is written to a chunk, held against what COPY does with the chunk: nothing that COPY
 * loads is rejected, and what COPY refuses is.
 */

const OPTIONS = "CSV DATEFORMAT 'auto' TIMEFORMAT 'auto'";
const TYPES = [
  'VARCHAR(5)',
  'CHAR(4)',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'DECIMAL(5,2)',
  'DECIMAL(18,0)',
  'REAL',
  'DOUBLE PRECISION',
  'BOOLEAN',
  'DATE',
  'TIMESTAMP',
  'TIMESTAMPTZ',
  'SUPER',
];

const at = { bucket: 'lake', key: 'rows.csv' };
const directory = mkdtempSync(join(tmpdir(), 'millrace-fit-'));
const objects = new MemoryObjectStore();
let engine: RedshiftLocal;
let warehouse: EmbeddedRedshift;
beforeAll(async () => {
  engine = await RedshiftLocal.open({ path: join(directory, 'w.duckdb'), objects, database: 'dev' });
  warehouse = new EmbeddedRedshift(engine, { onCompletion: () => {} });
  const tables = TYPES.map((type, n) => `CREATE TABLE public.t${n} (v ${type})`);
  await warehouse.transact(tables);
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true, force: true });
});

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', '"', ',', '\n', '1'), maxLength: 8 }),
  fc.constantFrom(
    ...['0', '-1', '+5', '32767', '32768', '-32769', '2147483648', '9223372036854775808', '1.5', '999.99'],
    ...[
      '1000',
      '1e3',
      '1e-3',
      '.5',
      '5.',
      'NaN',
      'inf',
      '1e999',
      '3.5e38',
      't',
      'Yes',
      'TRUE',
      'on',
      'maybe',
    ],
    ...['2026-02-28', '2026-02-29', '2024-02-29', '2026-13-01', '0000-01-01', '2026-01-01T00:00:00Z'],
    ...[
      '2026-01-01 24:00:00',
      '2026-01-01T23:59:59.123+02:00',
      '2026-01-01T10:00:60Z',
      '2026-01-01T10:00:00-23:59',
      '2026-01-01T10:00:00+16',
      '2026-01-01T10:00:00-1559',
      '2026-01-01T10:00:00+02:75',
      '20260101',
      'yesterday',
    ],
    ...['1700000000', '1700000000000', '{"a":1}', '[1,', '"x"', 'nul', 'null', ''],
  ),
);
const value: fc.Arbitrary<RowValue> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: fc.integer({ min: -40_000, max: 40_000 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom<RowValue>(1e21, 5e-7, 2 ** 31, 2 ** 53, 123.456, -1_000) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom<RowValue>(new Date(0), { a: [1, null] }, ['x'], 10n ** 19n, 7n) },
);

async function isLoaded(table: string, row: RowValue): Promise<boolean> {
  const lines = new LineWriter();
  lines.writeRow([row]);
  await objects.write(at, Buffer.concat(lines.pieces()));
  try {
    await warehouse.transact([
      `COPY ${table} FROM 's3://${at.bucket}/${at.key}' IAM_ROLE default ${OPTIONS}`,
    ]);
    return true;
  } catch {
    return false;
  }
}

describe('a value that COPY', () => {
  it.each(TYPES.map((type, n) => [type, n] as const))(
    'loads as %s is not rejected, and no other',
    async (_, n) => {
      const table = `public.t${n}`;
      const [column] = (await warehouse.describeTable(table)) ?? [];
      const check = column && warehouse.dialect.checkOf?.(column, parseCopyOptions(OPTIONS));
      if (check === undefined) throw new Error(`nothing is known of ${column?.type}`);
      await fc.assert(
        fc.asyncProperty(value, async (row) => {
          const loaded = await isLoaded(table, row);
          const problem = check(row);
          // Formats of dates that are not looked into are left to COPY: those are the only ones it may refuse then.
          const isLeft =
            /DATE|TIME/u.test(TYPES[n] ?? '') && problem === undefined && /\d/u.test(String(row));
          if (!isLeft) expect({ row, problem, loaded }).toMatchObject({ loaded: problem === undefined });
          else if (loaded) expect(problem).toBeUndefined();
        }),
        { numRuns: 30 },
      );
    },
  );
});
