import { afterEach, describe, expect, it } from 'vitest';
import { type OpenedDataApi, openDataApi } from '../../test/redshift/open-data-api.ts';

let opened: OpenedDataApi | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

describe('a result', () => {
  it('keeps every digit of a BIGINT, and of nothing that only looks like one', async () => {
    opened = await openDataApi();
    const text = '{"longValue":1234567890123456789}';
    const { rows } = await opened.warehouse.query(
      `SELECT 9223372036854775807::BIGINT AS largest, (-9223372036854775807)::BIGINT AS least,
  9007199254740991::BIGINT AS safe, 5::BIGINT AS small, '${text}'::VARCHAR AS text, 1.50::DECIMAL(8, 2) AS price,
  TRUE AS flag, 0.5::FLOAT8 AS half`,
    );
    expect(rows).toEqual([
      {
        largest: 9_223_372_036_854_775_807n,
        least: -9_223_372_036_854_775_807n,
        safe: 9_007_199_254_740_991,
        small: 5,
        text,
        price: '1.50',
        flag: true,
        half: 0.5,
      },
    ]);
  });

  it('is read over all of its pages, in order', async () => {
    opened = await openDataApi({ server: { limits: { callsPerSecond: {}, pageBytes: 2_000 } } });
    const numbers = Array.from({ length: 1_000 }, (_, n) => `(${n})`).join(', ');
    await opened.warehouse.transact([
      'CREATE TABLE numbers (n INTEGER)',
      `INSERT INTO numbers VALUES ${numbers}`,
    ]);
    const { rows } = await opened.warehouse.query('SELECT n FROM numbers ORDER BY n');
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  });

  it('shows every column, whatever the names are', async () => {
    opened = await openDataApi();
    const { columns, rows } = await opened.warehouse.query('SELECT 1 AS a, 2 AS a_2, 3 AS a, 4 AS a');
    expect(columns).toEqual(['a', 'a_2', 'a_3', 'a_4']);
    expect(rows).toEqual([{ a: 1, a_2: 2, a_3: 3, a_4: 4 }]);
  });
});
