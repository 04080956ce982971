import { expect, it } from 'vitest';
import {
  append,
  csv,
  defineConfig,
  delimited,
  directory,
  fixedwidth,
  insertOnly,
  json,
  local,
  parquet,
  sqlite,
  upsert,
} from './define-config.ts';
import { parseConfig } from './parse-config.ts';

it('says in TypeScript what JSON says', () => {
  const config = defineConfig({
    warehouse: local({ path: 'w.duckdb', maxLoads: 2 }),
    objects: directory(),
    tracker: sqlite({ path: 't.db' }),
    targets: {
      'public.flights': append({
        from: 's3://lake/flights/',
        format: csv({ header: true }),
        freshness: '30s',
      }),
      'public.airports': upsert({
        key: 'iata',
        latestBy: ['updated_at'],
        from: 's3://lake/airports/',
        format: json(),
      }),
      'public.events': insertOnly({
        key: 'id',
        from: [{ prefix: 's3://lake/events/', match: '*.parquet' }],
        format: parquet(),
      }),
      'public.legacy': append({ from: 's3://lake/l/', format: delimited({ escape: true }), after: 'tag' }),
      'public.host': append({ from: 's3://lake/h/', format: fixedwidth({ widths: { a: 1, b: 2 } }) }),
    },
  });
  const written = {
    warehouse: { kind: 'local', path: 'w.duckdb', maxLoads: 2 },
    objects: { kind: 'directory' },
    tracker: { kind: 'sqlite', path: 't.db' },
    targets: {
      'public.flights': {
        mode: 'append',
        from: 's3://lake/flights/',
        format: { kind: 'csv', header: true },
        freshness: '30s',
      },
      'public.airports': {
        mode: 'upsert',
        key: 'iata',
        latestBy: ['updated_at'],
        from: 's3://lake/airports/',
        format: { kind: 'json' },
      },
      'public.events': {
        mode: 'insert-only',
        key: 'id',
        from: [{ prefix: 's3://lake/events/', match: '*.parquet' }],
        format: { kind: 'parquet' },
      },
      'public.legacy': {
        mode: 'append',
        from: 's3://lake/l/',
        format: { kind: 'delimited', escape: true },
        after: 'tag',
      },
      'public.host': {
        mode: 'append',
        from: 's3://lake/h/',
        format: { kind: 'fixedwidth', widths: { a: 1, b: 2 } },
      },
    },
  };
  expect(config).toEqual(written);
  expect(parseConfig(config, { source: 'ts' }).targets.size).toBe(5);
});
