import { describe, expect, it } from 'vitest';
import type { MergeRule } from '../load/merge-rule.ts';
import { Transforms } from './apply-transforms.ts';
import { type CompiledMapping, compileMapping, type RowMapping } from './mapping.ts';
import { dimension, fact, reject, type Transform } from './transform.ts';

const RULE: MergeRule = {
  mode: 'insert-only',
  key: ['id'],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: null,
  onRewrite: 'reload',
};
const RULES = new Map<string, MergeRule>([
  ['public.facts', RULE],
  ['public.dims', { ...RULE, mode: 'upsert', key: ['k'], latestBy: ['at'] }],
  ['public.listed', { ...RULE, columns: ['id', 'a'] }],
]);
const EVENT = {
  id: 'e1',
  type: 't',
  time: '2026-01-01T00:00:00Z',
  data: { url: '/x', items: [{ sku: 's' }], n: 0 },
};

function apply(transform: Transform) {
  return new Transforms(new Map([['t', transform]]), RULES).apply(EVENT);
}

function map(...mappings: RowMapping[]) {
  const applied = new Transforms(new Map([['t', compileMapping(mappings)]]), RULES).apply(EVENT);
  if (applied.kind === 'rejected') throw new Error(applied.problem.reason);
  return applied.rows.map(({ shape, values }) =>
    Object.fromEntries(shape.list.columns.map((column, at) => [column, values[at]])),
  );
}

describe('a mapping', () => {
  it('takes values from wherever they are; what is not there is NULL', () => {
    const columns = {
      id: '$.id',
      url: '$.data.url',
      sku: '$.data.items[0].sku',
      n: '$["data"]["n"]',
      none: '$.data.items[7].sku',
      deep: '$.data.url.x.y',
      method: '$.data.items.map',
      made: '$.data.constructor',
    };
    expect(map({ kind: 'fact', target: 'public.facts', columns })).toEqual([
      {
        id: 'e1',
        url: '/x',
        sku: 's',
        n: 0,
        none: undefined,
        deep: undefined,
        method: undefined,
        made: undefined,
      },
    ]);
  });

  it('of an event that is not of its type is not used', () => {
    const applied = new Transforms(new Map(), RULES).apply(EVENT);
    expect(applied).toMatchObject({ kind: 'rejected', problem: { code: 'event-type-unknown' } });
  });
});

describe('a transform', () => {
  it('makes one row, several, or none', () => {
    const row = fact('Public.Facts', { ID: 'e1', a: 1 });
    expect(apply(() => row)).toMatchObject({
      rows: [{ shape: { target: 'public.facts', list: { columns: ['a', 'id'] } } }],
    });
    expect(apply(() => [row, dimension('public.dims', { k: 1, at: 2 })])).toMatchObject({ kind: 'rows' });
    expect(apply(() => [])).toEqual({ kind: 'rows', rows: [] });
  });

  it.each<[string, Transform, string]>([
    ['refuses', () => reject('why'), 'event-refused'],
    [
      'throws',
      () => {
        throw new Error('oops');
      },
      'transform-failed',
    ],
    ['returns nothing', (() => undefined) as unknown as Transform, 'transform-invalid'],
    ['returns a promise', (async () => []) as unknown as Transform, 'transform-invalid'],
    ['makes a row of no target', () => fact('public.nowhere', { id: 1 }), 'target-unknown'],
    ['leaves the key out', () => fact('public.facts', { a: 1 }), 'row-invalid'],
    ['has NULL in the key', () => fact('public.facts', { id: null }), 'key-missing'],
    ['leaves out what is latest', () => dimension('public.dims', { k: 1 }), 'row-invalid'],
    ['names a column twice', () => fact('public.facts', { id: 1, Id: 2 }), 'row-invalid'],
    [
      'names a column that the target does not list',
      () => fact('public.listed', { id: 1, b: 1 }),
      'row-invalid',
    ],
    [
      'has something in the key that is no text',
      () => [fact('public.facts', { id: { toString: 1 } }), fact('public.facts', { id: 1 })],
      'transform-invalid',
    ],
    [
      'makes two rows of one key',
      () => [fact('public.facts', { id: 1 }), fact('public.facts', { id: 1 })],
      'key-repeated',
    ],
  ])('that %s has its event rejected', (_, transform, code) => {
    expect(apply(transform)).toMatchObject({ kind: 'rejected', problem: { code } });
  });

  it('of a dimension whose columns its target lists has all of them in every row', () => {
    const rules = new Map([
      ['public.dims', { ...RULE, mode: 'upsert' as const, key: ['k'], columns: ['k', 'b', 'c'] }],
    ]);
    const byType = new Map<string, Transform | CompiledMapping>([
      [
        't',
        compileMapping([
          { kind: 'dimension', target: 'public.dims', columns: { k: '$.id', c: '$.data.url' } },
        ]),
      ],
      ['u', () => dimension('public.dims', { K: 'e1', B: 'x' })],
    ]);
    const transforms = new Transforms(byType, rules);
    const rowsOf = (type: string) => {
      const applied = transforms.apply({ ...EVENT, type });
      if (applied.kind === 'rejected') throw new Error(applied.problem.reason);
      return applied.rows.map(({ shape, values }) => [shape.list.columns, values]);
    };
    expect(rowsOf('t')).toEqual([
      [
        ['b', 'c', 'k'],
        [undefined, '/x', 'e1'],
      ],
    ]);
    expect(rowsOf('u')).toEqual([
      [
        ['b', 'c', 'k'],
        ['x', undefined, 'e1'],
      ],
    ]);
  });

  it('that makes up columns without end is stopped', () => {
    let n = 0;
    const transforms = new Transforms(
      new Map([['t', () => fact('public.facts', { id: 1, [`c${n++}`]: 1 })]]),
      RULES,
    );
    const kinds = Array.from({ length: 300 }, () => transforms.apply(EVENT).kind);
    expect(kinds.filter((kind) => kind === 'rows')).toHaveLength(200);
    expect(kinds.at(-1)).toBe('rejected');
  });

  it('shares the shape of rows that name the same columns in another order', () => {
    const transforms = new Transforms(
      new Map([['t', () => [fact('public.facts', { id: 1, a: 1 }), fact('public.facts', { a: 2, id: 2 })]]]),
      RULES,
    );
    const applied = transforms.apply(EVENT);
    if (applied.kind === 'rejected') throw new Error(applied.problem.reason);
    const [one, other] = applied.rows;
    expect(one?.shape.list).toEqual(other?.shape.list);
    expect([one?.values, other?.values]).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });
});
