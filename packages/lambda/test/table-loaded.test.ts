import { describe, expect, it } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { Stage, told } from './stage.ts';

const ORDERS = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
const QUEUE = 'orders_queue';
const DOCUMENTS = { [QUEUE]: queueDocument({ table: 'public.orders', merges: false }) };
const row = (id: number): string => `${id},a,2026-11-21 00:00:00\n`;

describe('a load', () => {
  it('is told by one line of the log, one event, and metrics', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS, env: { EVENT_BUS: 'loads' } });
    const container = stage.container();
    const objects = [await stage.put('1.csv', row(1)), await stage.put('2.csv', row(2))];
    const from = stage.now();
    await container.microbatchLoader(told(QUEUE, objects));
    const until = stage.now();
    await stage.drain(container);
    expect(stage.bus).toHaveLength(1);
    const [event] = stage.bus;
    expect(event).toMatchObject({ Source: 'millrace', DetailType: 'TableLoaded', EventBusName: 'loads' });
    const detail = JSON.parse(event?.Detail ?? '');
    expect(detail).toEqual({
      target: 'public.orders',
      database: 'dev',
      job: expect.stringMatching(/^[0-9A-Z]{26}$/u),
      rows: 2,
      files: 2,
      bytes: 2 * row(1).length,
      newestArrivalAt: expect.any(String),
      durationMs: expect.any(Number),
    });
    const arrivedAt = Date.parse(detail.newestArrivalAt);
    expect(arrivedAt).toBeGreaterThanOrEqual(from);
    expect(arrivedAt).toBeLessThanOrEqual(until);
    expect(stage.log.lines.filter(({ message }) => message === 'table loaded')).toMatchObject([
      { fields: detail },
    ]);
    expect(stage.metrics.filter((line) => 'FilesLoaded' in line)).toMatchObject([
      { target: 'public.orders', FilesLoaded: 2 },
    ]);
  });

  it('is told again when the bus did not take the event, and only then', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    stage.busRefuses = 1;
    await container.microbatchLoader(told(QUEUE, [await stage.put('1.csv', row(1))]));
    await stage.drain(container);
    expect(stage.bus).toHaveLength(1);
    expect(stage.log.of('error')).toEqual([]);
  });

  it('stays loaded when the bus takes nothing: the log has the event', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    stage.busRefuses = 1_000;
    await container.microbatchLoader(told(QUEUE, [await stage.put('1.csv', row(1))]));
    await stage.drain(container);
    expect(await stage.rows('SELECT id FROM public.orders')).toEqual([[1]]);
    expect(await stage.quiet()).toEqual([]);
    expect(stage.log.of('error')).toMatchObject([
      {
        message: 'TableLoaded events were not sent',
        fields: { events: [{ target: 'public.orders', files: 1 }] },
      },
    ]);
  });
});
