import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, describe, expect, it } from 'vitest';
import { failuresOf, rowsOf, statusOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const TABLES = 'CREATE TABLE public.orders (id BIGINT, city VARCHAR(5), price DECIMAL(8,2));';

function project(drift: unknown, target: Readonly<Record<string, unknown>> = {}) {
  return projects.make({
    tables: TABLES,
    targets: {
      'public.orders': {
        mode: 'append',
        from: 's3://lake/orders/',
        format: { kind: 'csv', header: true },
        freshness: '1s',
        drift,
        ...target,
      },
    },
  });
}

const ROWS = 'SELECT * FROM public.orders ORDER BY id';

describe('evolve', () => {
  it('adds what files have, widens what is too short, and still takes files of the old shape', async () => {
    const one = project('evolve');
    one.put('orders/1.csv', 'id,city,price\n1,Rome,1.50\n');
    one.put('orders/2.csv', 'id,city,price,carrier,paid,at\n2,Amsterdam,2,DHL,true,2026-01-02 03:04:05\n');
    one.put('orders/3.csv', 'price,id\n3.25,3\n');
    await one.drain(async (millrace) => {
      expect(await rowsOf(millrace, ROWS)).toEqual([
        { id: 1, city: 'Rome', price: '1.50', carrier: null, paid: null, at: null },
        { id: 2, city: 'Amsterdam', price: '2.00', carrier: 'DHL', paid: true, at: '2026-01-02 03:04:05' },
        { id: 3, city: null, price: '3.25', carrier: null, paid: null, at: null },
      ]);
      expect(await failuresOf(millrace)).toEqual([]);
      expect(await statusOf(millrace, 'public.orders')).toMatchObject({ loaded: 3, waiting: 0 });
    });
  });
});

describe('rescue', () => {
  it('loads each row without what does not fit, which is kept beside it', async () => {
    const one = project('rescue');
    one.put('orders/1.csv', 'id,city,price\n1,Rome,1.50\n');
    one.put('orders/2.csv', 'id,city,price,carrier\n2,Amsterdam,cheap,DHL\n3,Oslo,3,\n');
    await one.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toEqual([]);
      expect(await rowsOf(millrace, ROWS)).toEqual([
        { id: 1, city: 'Rome', price: '1.50', _rescued: null },
        { id: 2, city: null, price: null, _rescued: '{"city":"Amsterdam","price":"cheap","carrier":"DHL"}' },
        { id: 3, city: 'Oslo', price: '3.00', _rescued: null },
      ]);
    });
  });
});

/** The rows of a query, as a Parquet file that has `pages` packed. */
async function parquetOf(
  folder: string,
  sql: string,
  pages: 'zstd' | 'gzip' | 'snappy',
): Promise<Uint8Array> {
  const path = join(folder, 'rows.parquet');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION ${pages})`);
  connection.closeSync();
  return readFileSync(path);
}

describe('Parquet', () => {
  const PARQUET = { format: { kind: 'parquet' } };

  it('evolve: takes the types from the footer, and the widths from the values', async () => {
    const one = project('evolve', PARQUET);
    const put = async (name: string, sql: string, pages: 'zstd' | 'gzip' | 'snappy'): Promise<void> => {
      one.put(`orders/${name}.parquet`, await parquetOf(one.directory, sql, pages));
    };
    await put('1', "SELECT 1::BIGINT AS id, 'Rome' AS city, 1.50::DECIMAL(8,2) AS price", 'snappy');
    await put(
      '2',
      "SELECT 2.25::DECIMAL(8,2) AS price, 'Amsterdam' AS city, 2::BIGINT AS id, 7::INTEGER AS n, true AS paid",
      'zstd',
    );
    await put(
      '3',
      "SELECT 3::BIGINT AS id, DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05.123456' AS at",
      'gzip',
    );
    await one.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toEqual([]);
      const none = { n: null, paid: null, day: null, at: null };
      expect(await rowsOf(millrace, ROWS)).toEqual([
        { id: 1, city: 'Rome', price: '1.50', ...none },
        { id: 2, city: 'Amsterdam', price: '2.25', ...none, n: 7, paid: true },
        { id: 3, city: null, price: null, ...none, day: '2026-01-02', at: '2026-01-02 03:04:05.123456' },
      ]);
    });
  });

  it('rescue: rows are loaded as JSON, without what does not fit', async () => {
    const one = project('rescue', PARQUET);
    const sql =
      "SELECT i::BIGINT AS id, 'Oslo' AS city, CASE i WHEN 1 THEN '2.5' ELSE 'cheap' END AS price, [i, 2] AS list FROM range(1, 3) AS t(i)";
    one.put('orders/1.parquet', await parquetOf(one.directory, sql, 'snappy'));
    await one.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toEqual([]);
      expect(await rowsOf(millrace, ROWS)).toEqual([
        { id: 1, city: 'Oslo', price: '2.50', _rescued: '{"list":[1,2]}' },
        { id: 2, city: 'Oslo', price: null, _rescued: '{"price":"cheap","list":[2,2]}' },
      ]);
    });
  });
});
