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
