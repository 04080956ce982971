import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/parse-config.ts';
import { compileRoutes, explainRoutes, prefixesOf, routesOf } from './route.ts';

const format = { kind: 'csv' } as const;
const config = parseConfig(
  {
    targets: {
      flights: {
        mode: 'append',
        from: ['s3://lake/flights/', { prefix: 's3://lake/old/', match: '*.csv' }],
        format,
      },
      delays: { mode: 'append', from: 's3://lake/flights/', format },
      everything: { mode: 'append', from: 's3://drop/', format },
      orders: { mode: 'append', from: 's3://shop/in/orders/', format, after: 'move' },
      raw: { mode: 'append', from: 's3://shop/_raw/', format },
      own: { mode: 'append', from: 's3://other/millrace', format },
    },
    control: 's3://drop/millrace/',
  },
  { source: 'test' },
);
const routes = compileRoutes(config);
const targetsOf = (bucket: string, key: string): readonly string[] => routesOf(routes, { bucket, key });

describe('routesOf', () => {
  it('names every target that takes an object, once', () => {
    expect(targetsOf('lake', 'flights/2026/a.csv')).toEqual(['public.flights', 'public.delays']);
    expect(targetsOf('lake', 'old/a.csv')).toEqual(['public.flights']);
    expect(targetsOf('lake', 'old/a.json')).toEqual([]);
    expect(targetsOf('other-lake', 'flights/a.csv')).toEqual([]);
  });

  it.each([
    ['drop', 'unloads/a.csv', 'UNLOAD'],
    ['drop', 'folder/', "folder's mark"],
    ['drop', 'millrace/jobs/a/manifest.json', "is Millrace's own"],
    ['drop', '2026/_SUCCESS', "begin with '_' or '.'"],
    ['drop', '_temporary/0/part-0.csv', "begin with '_' or '.'"],
    ['drop', 'a/.part-0.csv.crc', "begin with '_' or '.'"],
    ['elsewhere', 'a.csv', 'no target'],
  ])('takes nothing at s3://%s/%s and says why', (bucket, key, why) => {
    expect(explainRoutes(routes, { bucket, key })).toEqual({
      targets: [],
      refusal: expect.stringContaining(why),
    });
  });

  it('takes names with a mark in the middle, behind a prefix that ends within a name, and in the prefix itself', () => {
    expect(targetsOf('drop', 'a_b/c.d.csv')).toEqual(['public.everything']);
    expect(targetsOf('other', 'millrace_1.csv')).toEqual(['public.own']);
    expect(targetsOf('shop', '_raw/a.csv')).toEqual(['public.raw']);
    expect(targetsOf('drop', 'x/unloads/a.csv')).toEqual(['public.everything']);
  });

  it('never takes what was moved away after loading', () => {
    expect(config.targets.get('public.orders')?.after).toEqual({
      kind: 'move',
      to: 's3://shop/in/processed/orders/',
    });
    expect(targetsOf('shop', 'in/orders/a.csv')).toEqual(['public.orders']);
    const [all] = compileRoutes(
      parseConfig({ targets: { x: { mode: 'append', from: 's3://shop/', format } } }, { source: 't' }),
    );
    const closed = routes[0]?.closed ?? [];
    expect(
      routesOf(all ? [{ ...all, closed }] : [], { bucket: 'shop', key: 'in/processed/orders/a.csv' }),
    ).toEqual([]);
  });
});

it('lists each place once, and none within another', () => {
  const nested = parseConfig(
    {
      targets: {
        a: { mode: 'append', from: ['s3://lake/x/', 's3://lake/x/y/', 's3://lake/z/'], format },
        b: { mode: 'append', from: 's3://lake/x/', format },
        c: { mode: 'append', from: 's3://other/x/', format },
      },
    },
    { source: 'test' },
  );
  expect(prefixesOf(compileRoutes(nested))).toEqual([
    { bucket: 'lake', prefix: 'x/' },
    { bucket: 'lake', prefix: 'z/' },
    { bucket: 'other', prefix: 'x/' },
  ]);
});
