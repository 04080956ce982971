import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CopyBench, column, numeric, openBench, varchar } from './copy-fixture.ts';

let bench: CopyBench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const TWO = [column('id', { name: 'integer' }, { isNullable: false }), column('name', varchar(5))];

async function parquet(key: string, select: string): Promise<{ url: string; size: number }> {
  const path = join(bench.directory, 'made.parquet');
  await bench.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  const bytes = readFileSync(path);
  return { url: bench.put(key, bytes), size: bytes.length };
}

describe('COPY of Parquet', () => {
  it('maps columns by position and keeps to a list', async () => {
    await bench.table(TWO);
    await parquet('in/1', "SELECT 1::INT AS x, 'a' AS y");
    await parquet('in/2', "SELECT 2::BIGINT AS p, 'b' AS q UNION ALL SELECT 3, NULL");
    expect(await bench.copy("COPY t FROM 's3://b/in/' PARQUET")).toBe(3);
    expect(await bench.rows()).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, null],
    ]);
    expect(
      await bench.copy(`COPY t (id) FROM '${(await parquet('ids', 'SELECT 9::INT')).url}' PARQUET`),
    ).toBe(1);
  });

  it.each([
    ['a wrong number of columns', 'SELECT 1::INT', 'Unmatched number of columns'],
    ['types that do not go together', "SELECT 'x', 'y'", 'incompatible Parquet schema'],
    ['a text that is too long', "SELECT 1::INT, 'toolong'", 'does not fit'],
    ['a number that is too big', "SELECT 3000000000::BIGINT, 'x'", 'does not fit'],
    ['NULL in NOT NULL', "SELECT NULL::INT, 'x'", 'Missing data for not-null field'],
  ])('refuses %s', async (_what, select, reason) => {
    await bench.table(TWO);
    await parquet('in/1', "SELECT 1::INT, 'ok'");
    await parquet('in/2', select);
    await expect(bench.copy("COPY t FROM 's3://b/in/' PARQUET")).rejects.toThrow('Load into table');
    expect(bench.errors).toHaveLength(1);
    expect(bench.errors[0]).toMatchObject({ fileName: 's3://b/in/2' });
    expect(bench.errors[0]?.errorReason).toContain(reason);
    expect(await bench.rows()).toEqual([]);
  });

  it('names every file that is empty or no Parquet', async () => {
    await bench.table(TWO);
    await parquet('in/1', "SELECT 1::INT, 'ok'");
    bench.put('in/2', '');
    bench.put('in/3', 'PAR1 is how it begins, but not how it ends');
    await expect(bench.copy("COPY t FROM 's3://b/in/' PARQUET")).rejects.toThrow('Load into table');
    expect(bench.errors.map(({ fileName }) => fileName)).toEqual(['s3://b/in/2', 's3://b/in/3']);
  });

  it('needs the size of every file in a manifest', async () => {
    await bench.table(TWO);
    const { url, size } = await parquet('f', "SELECT 1::INT, 'ok'");
    const copy = (entry: object): Promise<number> =>
      bench.copy(`COPY t FROM '${bench.manifest('m', [entry])}' PARQUET MANIFEST`);
    expect(await copy({ url, meta: { content_length: size } })).toBe(1);
    await expect(copy({ url })).rejects.toThrow('Missing meta.content_length');
    await expect(copy({ url, meta: { content_length: size + 1 } })).rejects.toThrow('invalid content_length');
  });

  it('takes numbers, times and nested values', async () => {
    await bench.table([
      column('a', numeric(8, 2)),
      column('b', { name: 'timestamp' }),
      column('c', { name: 'super' }),
      column('d', { name: 'double precision' }),
    ]);
    const { url } = await parquet(
      'f',
      "SELECT 1.25::DECIMAL(10,2), TIMESTAMP '2024-01-05 10:00:00', {'k': [1, 2]}, 1.5::FLOAT",
    );
    await bench.copy(`COPY t FROM '${url}' PARQUET`);
    expect(await bench.rows()).toEqual([['1.25', '2024-01-05 10:00:00', '{"k":[1,2]}', 1.5]]);
  });
});
