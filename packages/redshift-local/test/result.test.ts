import { expect, it } from 'vitest';
import { openEngine, rowsOf } from './open-engine.ts';

it.each([
  ["interval '1 day'", '1 day'],
  ["interval '14 months'", '1 year 2 mons'],
  ["interval '0 seconds'", '00:00:00'],
  ["timestamp '2024-03-02 10:00' - timestamp '2024-03-01 12:30:00.5'", '21:29:59.5'],
  ["timestamp '2024-01-01' - timestamp '2024-01-03 01:00'", '-2 days -01:00:00'],
])('tells an interval as PostgreSQL does: %s', async (expression, text) => {
  const session = (await openEngine()).session();
  expect(await session.execute(`select ${expression} as i`)).toMatchObject({
    columns: [{ name: 'i', type: 'interval' }],
    rows: [[text]],
  });
  expect(await rowsOf(session, `select (${expression}) is null`)).toEqual([[false]]);
});
