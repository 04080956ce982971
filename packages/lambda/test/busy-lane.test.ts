import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { Stage, told } from './stage.ts';

const QUEUE = 'orders_queue';
const ORDERS = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
const row = (id: number): string => `${id},a,2026-11-21 00:00:00\n`;
const INTAKES = 400;
const PER_SECOND = 200;

it(`a lane gets on while ${PER_SECOND} invocations a second let files in, each a container of its own`, async () => {
  const documents = { [QUEUE]: queueDocument({ table: 'public.orders', merges: false }) };
  const stage = await Stage.open({ tables: ORDERS, documents });
  const objects = [];
  for (let id = 0; id < INTAKES; id += 1) objects.push(await stage.put(`${id}.csv`, row(id)));
  const containers = Array.from({ length: 10 }, () => stage.container());
  const sweeps = stage.container();
  const startedAt = Date.now();
  const underWay: Promise<unknown>[] = [];
  for (const [at, object] of objects.entries()) {
    const dueAt = startedAt + (at * 1_000) / PER_SECOND;
    await pause(Math.max(0, dueAt - Date.now()));
    underWay.push((containers[at % 10] as (typeof containers)[0]).microbatchLoader(told(QUEUE, [object])));
    // Freshness would be a minute: time flies, so that jobs run while files come.
    if (at % 50 === 49) {
      stage.skip(61_000);
      stage.hold(sweeps.sweeper());
    }
  }
  const answers = await Promise.all(underWay);
  const tookMs = Date.now() - startedAt;
  await stage.quiet();
  const loadedMeanwhile = stage.told.filter(({ kind }) => kind === 'table-loaded').length;
  await stage.drain(sweeps);
  expect(answers).toEqual(Array(INTAKES).fill({ batchItemFailures: [] }));
  expect(loadedMeanwhile).toBeGreaterThan(0);
  expect(await stage.rows('SELECT count(*), count(DISTINCT id) FROM public.orders')).toEqual([
    [INTAKES, INTAKES],
  ]);
  expect(stage.log.of('error')).toEqual([]);
  expect(tookMs).toBeLessThan(25_000);
});
