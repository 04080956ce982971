import { afterEach, expect, it } from 'vitest';
import { LaneOnDataApi } from './lane-on-data-api.ts';
import { openDataApi, WORKGROUP } from './open-data-api.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(...options: Parameters<typeof openDataApi>): ReturnType<typeof openDataApi> {
  const opened = await openDataApi(...options);
  closing.push(opened.close);
  return opened;
}

/** Each says what is wrong, where, and what to do; none is tried again as if it were the moment's fault. */
it.each([
  [
    'a cluster that is not there',
    { cluster: 'analytics' },
    { address: { cluster: 'analytisc' } },
    'warehouse-missing',
  ],
  ['a workgroup that is not there', { cluster: 'analytics' }, { address: WORKGROUP }, 'warehouse-missing'],
  ['a database that is not there', {}, { database: 'prod' }, 'database-missing'],
  [
    'credentials that nobody knows',
    { credentials: [{ accessKeyId: 'known', secretAccessKey: 'secret' }] },
    {},
    'credentials-refused',
  ],
  [
    'a key with the wrong secret',
    { credentials: [{ accessKeyId: 'test', secretAccessKey: 'another' }] },
    {},
    'credentials-refused',
  ],
])('%s is a matter of configuration', async (_, server, options, code) => {
  const { warehouse } = await open({ server: { ...server, limits: { callsPerSecond: {} } }, options });
  await expect(warehouse.describeTable('public.cities')).rejects.toMatchObject({
    class: 'config',
    code,
    hint: expect.stringMatching(/^(?:correct|renew) /u),
  });
});

it('a target whose table was dropped holds its lane, and loads when the table is back', async () => {
  const lane = await LaneOnDataApi.open();
  closing.push(() => lane.close());
  await lane.arrive('1.csv');
  await lane.api.warehouse.transact(['DROP TABLE public.cities']);
  expect(await lane.advance()).toMatchObject({ kind: 'held', code: 'target-table-missing' });
  await lane.api.warehouse.transact(['CREATE TABLE public.cities (id INTEGER NOT NULL, name VARCHAR(40))']);
  await lane.drained();
  expect(await lane.ids()).toEqual([1]);
});

it('a statement that is too long for the Data API holds the lane, and says what to lower', async () => {
  const lane = await LaneOnDataApi.open();
  closing.push(() => lane.close());
  // Twelve hundred columns with names of a hundred bytes: no list of them fits into 100 KB.
  const columns = Array.from({ length: 1_200 }, (_, n) => `${'c'.repeat(95)}${n} VARCHAR(8)`);
  await lane.api.engine.runBatch([
    'DROP TABLE public.cities',
    `CREATE TABLE public.cities (${columns.join(', ')})`,
  ]);
  await lane.arrive('1.csv');
  expect(await lane.advance()).toMatchObject({ kind: 'held', code: 'batch-too-large' });
  expect(await lane.lane()).toMatchObject({
    state: { reason: expect.stringMatching(/COPY .* bytes.*maxFiles/u) },
  });
});
