import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from './config-schema.ts';

/** The JSON Schema itself, written out and read back as an editor would. */
const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(configJsonSchema())));

const accepts = (target: unknown, rest: Record<string, unknown> = {}): boolean =>
  schema.safeParse({ targets: { t: target }, ...rest }).success;

const append = { mode: 'append', from: 's3://lake/a/', format: { kind: 'csv' } };
const upsert = { ...append, mode: 'upsert', key: ['id'], latestBy: 'at' };

describe('the JSON Schema', () => {
  it('accepts what editors are to accept', () => {
    expect(accepts(append)).toBe(true);
    expect(accepts({ ...append, from: ['s3://a/', { prefix: 's3://b/', match: '*.csv' }] })).toBe(true);
    expect(accepts({ ...upsert, tombstone: { column: 'op', equals: 'D' }, nullKeys: 'append' })).toBe(true);
    expect(accepts({ ...append, mode: 'insert-only', key: 'id', format: { kind: 'parquet' } })).toBe(true);
    expect(accepts({ ...append, columns: ['größe', '_id'], format: { kind: 'csv', delimiter: '\t' } })).toBe(
      true,
    );
    expect(accepts(append, { $schema: 'x.json', warehouse: { kind: 'local' }, sweep: '5m' })).toBe(true);
  });

  it.each<[string, unknown]>([
    ['an unknown key', { ...append, fresness: '5s' }],
    ["another mode's key", { ...append, latestBy: 'at' }],
    ['a missing key', { ...append, mode: 'upsert', key: 'id' }],
    ['a bad duration', { ...append, freshness: '5 sec' }],
    ['a bad size', { ...append, maxBytes: 5 }],
    ['a bad address', { ...append, from: 'lake/a/' }],
    ['an unknown format', { ...append, format: { kind: 'orc' } }],
    ["another format's key", { ...append, format: { kind: 'parquet', header: true } }],
    ['a quoted column', { ...upsert, key: '"id"' }],
    ['a long delimiter', { ...append, format: { kind: 'csv', delimiter: '||' } }],
    ['an unknown word', { ...append, after: 'moved' }],
  ])('marks %s', (_, target) => {
    expect(accepts(target)).toBe(false);
  });
});
