import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import type { MillraceConfig } from './millrace-config.ts';
import { parseConfig } from './parse-config.ts';

const FORMAT = { kind: 'csv' };
const APPEND = { mode: 'append', from: 's3://lake/a/', format: FORMAT, group: 'g' };
const TOMBSTONES = {
  mode: 'upsert',
  key: 'id',
  latestBy: 'at',
  tombstone: { column: 'op', equals: 'D' },
  format: FORMAT,
  group: 'g',
};

function read(targets: Readonly<Record<string, unknown>>, warehouse?: unknown): MillraceConfig {
  return parseConfig({ targets, ...(warehouse === undefined ? {} : { warehouse }) }, { source: 'test' });
}

function complaint(targets: Readonly<Record<string, unknown>>): string {
  try {
    read(targets);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing';
}

describe('a group', () => {
  it('is known to all of its targets, in the order of their names', () => {
    const { targets } = read({
      z: { ...APPEND, from: 's3://lake/z/' },
      b: { ...APPEND, from: 's3://lake/b/' },
      c: { ...APPEND, from: 's3://lake/c/', group: undefined },
    });
    expect(targets.get('public.z')?.group).toEqual({ name: 'g', members: ['public.b', 'public.z'] });
    expect(targets.get('public.b')?.group).toEqual({ name: 'g', members: ['public.b', 'public.z'] });
    expect(targets.get('public.c')?.group).toBeUndefined();
  });

  it('fits into one transaction of the warehouse, or is refused with what it takes', () => {
    const three = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [name, { ...TOMBSTONES, from: `s3://lake/${name}/` }]),
    );
    expect(complaint(three)).toContain(
      "a job of 'g' would have 50 statements (public.a 15, public.b 15, public.c 15, 5 for all), and the warehouse takes 40",
    );
    const { c: _, ...two } = three;
    expect(read(two).targets.size).toBe(2);
    const url = 'postgres://localhost/db';
    expect(read(three, { kind: 'postgres', url }).targets.size).toBe(3);
  });

  it.each([
    ["'g' has no other target", { a: APPEND }],
    [
      "a target with onRewrite 'replace' does loads anew",
      {
        a: { ...APPEND, provenance: true, onRewrite: 'replace' },
        b: { ...APPEND, from: 's3://lake/b/' },
      },
    ],
    [
      "drift: parts files by their columns, and 'g' loads those that belong together",
      {
        a: { ...APPEND, format: { kind: 'json' }, drift: 'evolve' },
        b: { ...APPEND, from: 's3://lake/b/' },
      },
    ],
    [
      "group: has no meaning in mode 'replace-partition'",
      { a: { ...APPEND, mode: 'replace-partition', partition: 'dt={dt}/' } },
    ],
    ['is not a name; write letters, digits, - and _', { a: { ...APPEND, group: 'a b' } }],
  ])('says: %s', (sentence, targets) => {
    expect(complaint(targets)).toContain(sentence);
  });
});
