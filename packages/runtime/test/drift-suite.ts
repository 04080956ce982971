import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

type Row = Readonly<Record<string, unknown>>;

/** Two files of each shape come while those of the old shape still come: `id` tells them apart. */
const SHAPES: Readonly<Record<string, (id: number) => Row>> = {
  old: (id) => ({ id, city: 'Rome', price: 1.5 }),
  added: (id) => ({ id, city: 'Oslo', price: 2, carrier: 'DHL' }),
  missing: (id) => ({ id, price: 3 }),
  longer: (id) => ({ id, city: 'Amsterdam', price: 4 }),
  otherType: (id) => ({ id, city: 'Bonn', price: 'cheap' }),
  renamed: (id) => ({ id, town: 'Lima', price: 6 }),
};

const FORMATS = {
  csv: {
    format: { kind: 'csv', header: true },
    write: (rows: readonly Row[]): string =>
      [Object.keys(rows[0] ?? {}).join(','), ...rows.map((row) => Object.values(row).join(','))].join('\n'),
  },
  json: {
    format: { kind: 'json' },
    write: (rows: readonly Row[]): string => rows.map((row) => JSON.stringify(row)).join('\n'),
  },
} as const;

/** A file of each shape in turn, between files of the old one, while the loader runs. */
async function putAll(project: TestProject, write: (rows: readonly Row[]) => string): Promise<void> {
  let id = 0;
  for (let round = 0; round < 2; round += 1) {
    for (const [name, shape] of Object.entries(SHAPES)) {
      for (const [what, make] of [
        ['old', SHAPES.old],
        [name, shape],
      ] as const) {
        id += 1;
        const rows = [make?.(id * 10) ?? {}, make?.(id * 10 + 1) ?? {}];
        project.put(`orders/${String(id).padStart(2, '0')}-${what}`, write(rows));
      }
      await sleep(60);
    }
  }
}

/** The rows of the files of a shape as the table has them, without their ids; each once. */
async function seen(millrace: Millrace): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const rows = await rowsOf(millrace, 'SELECT * FROM public.orders ORDER BY id');
  const names = Object.keys(SHAPES);
  const found: Record<string, Map<string, unknown>> = {};
  for (const { id, ...row } of rows) {
    const nth = Math.floor(Number(id) / 10) - 1;
    const name = nth % 2 === 0 ? 'old' : (names[Math.floor(nth / 2) % names.length] ?? '');
    found[name] ??= new Map();
    // Warehouses write JSON with blanks, or without.
    const rescued = typeof row._rescued === 'string' ? { _rescued: JSON.parse(row._rescued) as unknown } : {};
    found[name].set(JSON.stringify(row), { ...row, ...rescued });
  }
  return Object.fromEntries(Object.entries(found).map(([name, one]) => [name, [...one.values()]]));
}

const FILES = 24;

/**
 * Files of every shape that may come, while those of the old shape still come: per policy the table that there has to be.
 *
 * @param options `warehouse`: as a configuration names it; a new and empty one each time.
 */
export function driftSuite(name: string, { warehouse }: { warehouse?: () => Promise<unknown> } = {}): void {
  describe.each(['csv', 'json'] as const)(
    `on ${name}, files of %s that drift while others still come`,
    (kind) => {
      const { format, write } = FORMATS[kind];
      const projects = new TestProjects();
      afterEach(() => projects.removeAll());

      async function load(drift: unknown, ask: (millrace: Millrace) => Promise<void>): Promise<void> {
        const project = projects.make({
          ...(warehouse === undefined ? {} : { config: { warehouse: await warehouse() } }),
          tables: 'CREATE TABLE public.orders (id BIGINT, city VARCHAR(5), price DECIMAL(8,2));',
          targets: {
            'public.orders': { mode: 'append', from: 's3://lake/orders/', format, freshness: '100ms', drift },
          },
        });
        const millrace = await project.open();
        try {
          await millrace.start();
          await putAll(project, write);
          const { held } = await millrace.untilIdle();
          expect(held).toEqual([]);
          await ask(millrace);
          const status = await statusOf(millrace, 'public.orders');
          // Nothing is lost: what is not loaded is quarantined, with a reason and a way out.
          expect(status).toMatchObject({ waiting: 0, loading: 0 });
          expect(status.loaded + status.quarantined).toBe(FILES);
          const failures = await millrace.failures({});
          expect(failures).toHaveLength(status.quarantined);
          for (const failure of failures) expect(failure.hint).not.toBeNull();
          expect(project.defects).toEqual([]);
        } finally {
          await millrace.stop();
        }
      }

      it('evolve: columns are added and widened; a value of another type puts its file aside', async () => {
        await load('evolve', async (millrace) => {
          const none = { carrier: null, town: null };
          expect(await seen(millrace)).toEqual({
            old: [{ city: 'Rome', price: '1.50', ...none }],
            added: [{ city: 'Oslo', price: '2.00', carrier: 'DHL', town: null }],
            missing: [{ city: null, price: '3.00', ...none }],
            longer: [{ city: 'Amsterdam', price: '4.00', ...none }],
            renamed: [{ city: null, price: '6.00', carrier: null, town: 'Lima' }],
          });
          const failures = await millrace.failures({});
          expect(failures.map(({ url }) => /[a-zA-Z]+$/u.exec(url)?.[0])).toEqual(['otherType', 'otherType']);
          expect(failures[0]).toMatchObject({ column: 'price', rawValue: 'cheap' });
        });
      });

      it('rescue: every row is loaded, what does not fit is beside it', async () => {
        await load('rescue', async (millrace) => {
          expect(await seen(millrace)).toEqual({
            old: [{ city: 'Rome', price: '1.50', _rescued: null }],
            added: [{ city: 'Oslo', price: '2.00', _rescued: { carrier: 'DHL' } }],
            missing: [{ city: null, price: '3.00', _rescued: null }],
            longer: [{ city: null, price: '4.00', _rescued: { city: 'Amsterdam' } }],
            otherType: [{ city: 'Bonn', price: null, _rescued: { price: 'cheap' } }],
            renamed: [{ city: null, price: '6.00', _rescued: { town: 'Lima' } }],
          });
          expect(await millrace.failures({})).toEqual([]);
        });
      });

      it('evolve, and rescue what no column can take', async () => {
        await load(
          { policy: 'evolve', misfits: 'rescue', maxColumns: 4, headroom: 1.5 },
          async (millrace) => {
            const none = { carrier: null, _rescued: null };
            expect(await seen(millrace)).toEqual({
              old: [{ city: 'Rome', price: '1.50', ...none }],
              added: [{ city: 'Oslo', price: '2.00', carrier: 'DHL', _rescued: null }],
              missing: [{ city: null, price: '3.00', ...none }],
              longer: [{ city: 'Amsterdam', price: '4.00', ...none }],
              otherType: [{ city: 'Bonn', price: null, carrier: null, _rescued: { price: 'cheap' } }],
              // The fifth column is one too many.
              renamed: [{ city: null, price: '6.00', carrier: null, _rescued: { town: 'Lima' } }],
            });
          },
        );
      });

      if (warehouse === undefined)
        it('freeze: COPY refuses what does not fit, file by file', async () => {
          await load('freeze', async (millrace) => {
            const rows = await seen(millrace);
            expect(rows.old).toEqual([{ city: 'Rome', price: '1.50' }]);
            expect(Object.keys(rows)).not.toContain('longer');
            expect(Object.keys(rows)).not.toContain('otherType');
            // By names a missing value is NULL; fields of CSV have a place and no name.
            if (kind === 'json') expect(rows.missing).toEqual([{ city: null, price: '3.00' }]);
            else expect(Object.keys(rows)).toEqual(['old', 'renamed']);
          });
        });
    },
  );
}
