import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { Stage, told } from './stage.ts';

const QUEUE = 'orders_queue';
const TARGET = 'public.orders';
const ORDERS = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
const row = (id: number): string => `${id},a,2026-11-21 00:00:00\n`;
/** A machine that is busy with other things makes fewer, all of them while the lane works. */
const INTAKES_PER_SECOND = 200;
const MAX_UNDER_WAY = 4;
const ROUNDS = 3;

it('a lane gets on, and no file is slept through, while 200 intakes a second move it', async () => {
  const documents = { [QUEUE]: queueDocument({ table: TARGET, merges: false }) };
  const stage = await Stage.open({ tables: ORDERS, documents });
  const container = stage.container();
  const { tracker } = (await container.composition.catalog.ofQueue(QUEUE)).site.loader;
  let isOver = false;
  let intakes = 0;
  const failed: unknown[] = [];
  // What every intake writes to the lane, whatever it brings: notifications of files that are known, too.
  const crowd = async (): Promise<void> => {
    const underWay = new Set<Promise<unknown>>();
    for (const startedAt = Date.now(); !isOver; intakes += 1) {
      const write = tracker
        .addArrivals(TARGET, 1)
        .catch((error: unknown) => void failed.push(error))
        .finally(() => underWay.delete(write));
      underWay.add(write);
      if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
      await pause(Math.max(0, startedAt + (intakes * 1_000) / INTAKES_PER_SECOND - Date.now()));
    }
    await Promise.all(underWay);
  };
  const crowded = crowd();
  onTestFinished(async () => {
    isOver = true;
    await crowded;
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const objects = [
      await stage.put(`${round}-a.csv`, row(round)),
      await stage.put(`${round}-b.csv`, row(round)),
    ];
    expect(await container.microbatchLoader(told(QUEUE, objects))).toEqual({ batchItemFailures: [] });
    stage.skip(61_000);
    await container.sweeper();
    await stage.settleDown(container);
  }
  const loadedMeanwhile = await stage.rows('SELECT count(*) FROM public.orders');
  const intakesMeanwhile = intakes;
  isOver = true;
  await crowded;
  await stage.drain(container);
  expect(loadedMeanwhile).toEqual([[2 * ROUNDS]]);
  expect(intakesMeanwhile).toBeGreaterThan(20 * ROUNDS);
  expect(await stage.rows('SELECT count(*) FROM public.orders')).toEqual([[2 * ROUNDS]]);
  expect(await stage.lane(container, TARGET)).toMatchObject({
    state: { kind: 'idle' },
    loadedFiles: 2 * ROUNDS,
  });
  expect(failed).toEqual([]);
  expect(stage.log.of('error')).toEqual([]);
  expect(await stage.quiet()).toEqual([]);
});
