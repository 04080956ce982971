import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { failuresOf, rowsOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

type Row = Readonly<Record<string, string>>;

const NAMES = ['city', 'price', 'day', 'paid', 'note', 'extra', 'more'] as const;

/** Values of every kind, right and wrong for their columns; as CSV writes them, without quotes. */
const value = fc.oneof(
  fc.constantFrom(
    'Rome',
    'Amsterdam',
    '1.5',
    '-7',
    '99999999999',
    '2026-02-03',
    '2026-02-30',
    'true',
    'maybe',
    '007',
  ),
  fc.string({ minLength: 1, maxLength: 12 }).map((text) => `x${text.replaceAll(/[^A-Za-zé ]/gu, '_')}y`),
);
const file = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }).chain((names) =>
  fc.array(fc.record(Object.fromEntries(names.map((name) => [name, value]))), {
    minLength: 1,
    maxLength: 3,
  }),
);

const FORMATS = [
  {
    format: { kind: 'csv', header: true },
    write: (rows: readonly Row[]): string =>
      [Object.keys(rows[0] ?? {}).join(','), ...rows.map((row) => Object.values(row).join(','))].join('\n'),
  },
  {
    format: { kind: 'json' },
    write: (rows: readonly Row[]): string => rows.map((row) => JSON.stringify(row)).join('\n'),
  },
];

/** A value of the table as the file may have said it. */
function means(kept: unknown, said: string): boolean {
  if (kept === null || kept === undefined) return false;
  const text = String(kept);
  return text === said || (text !== '' && Number(text) === Number(said));
}

it.each([{ policy: 'rescue' }, { policy: 'evolve', misfits: 'rescue' }])(
  'whatever files hold, each row is loaded once, and each value is in its column or rescued: %j',
  async (drift) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...FORMATS),
        async (files, { format, write }) => {
          const project = projects.make({
            tables:
              'CREATE TABLE public.t (id BIGINT, city VARCHAR(6), price DECIMAL(6,2), day DATE, paid BOOLEAN);',
            targets: { 'public.t': { mode: 'append', from: 's3://lake/t/', format, freshness: '1s', drift } },
          });
          const sent = files.map((rows, nth) =>
            rows.map((row, at) => ({ id: String(nth * 100 + at), ...row })),
          );
          for (const [nth, rows] of sent.entries()) project.put(`t/${nth}`, write(rows));
          await project.drain(async (millrace) => {
            expect(await failuresOf(millrace)).toEqual([]);
            const kept = new Map(
              (await rowsOf(millrace, 'SELECT * FROM public.t')).map((row) => [String(row.id), row]),
            );
            expect(kept.size).toBe(sent.flat().length);
            for (const { id, ...row } of sent.flat() as readonly Row[]) {
              const found = kept.get(String(id));
              const rescued = JSON.parse(String(found?._rescued ?? '{}')) as Record<string, unknown>;
              for (const [name, said] of Object.entries(row)) {
                const isIn = means(found?.[name], said);
                expect([isIn, rescued[name]], `${name} of row ${id}: ${said}`).toEqual(
                  isIn ? [true, undefined] : [false, said],
                );
              }
            }
          });
          project.remove();
        },
      ),
      { numRuns: 8 },
    );
  },
);
