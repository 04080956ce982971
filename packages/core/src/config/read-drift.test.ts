import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import { parseConfig } from './parse-config.ts';

const CSV = { kind: 'csv', header: true };

function read(target: Readonly<Record<string, unknown>>) {
  const own = { mode: 'append', from: 's3://lake/t/', format: CSV, ...target };
  return parseConfig({ targets: { t: own } }, { source: 'test' }).targets.get('public.t');
}

function complaint(target: Readonly<Record<string, unknown>>): string {
  try {
    read(target);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe('drift', () => {
  it('is nothing that anybody looks for, unless a target says so', () => {
    expect(read({})?.drift).toBeUndefined();
    expect(read({ drift: { policy: 'freeze' } })?.drift).toBeUndefined();
  });

  it('is a word, or says more', () => {
    const defaults = { maxColumns: 500, headroom: 2 };
    expect(read({ drift: 'evolve' })?.drift).toEqual({ evolves: true, rescues: false, ...defaults });
    expect(read({ drift: 'rescue' })?.drift).toEqual({ evolves: false, rescues: true, ...defaults });
    expect(
      read({ drift: { policy: 'evolve', misfits: 'rescue', maxColumns: 9, headroom: 1 } })?.drift,
    ).toEqual({
      evolves: true,
      rescues: true,
      maxColumns: 9,
      headroom: 1,
    });
    expect(read({ drift: 'rescue' })?.rule.rescues).toBe(true);
  });

  it.each([
    ['needs files that name their columns', { format: { kind: 'csv' } }],
    ['needs files that name their columns', { format: { kind: 'csv', header: 2 } }],
    ['needs files that name their columns', { format: { kind: 'delimited', header: true } }],
    ['needs files that name their columns', { format: { kind: 'json', jsonpaths: 's3://lake/paths.json' } }],
    ['needs files that name their columns', { copy: 'ENCODING UTF16' }],
    [
      'needs files that name their columns',
      {
        format: undefined,
        from: [
          { prefix: 's3://lake/a/', format: CSV },
          { prefix: 's3://lake/b/', format: { kind: 'csv' } },
        ],
      },
    ],
    ["columns: says what the files have, and drift 'evolve' reads it from them", { columns: ['id'] }],
    ["'replace' loads files of several shapes in one job", { provenance: true, onRewrite: 'replace' }],
    ["'misfits' has no meaning with policy 'rescue'", { drift: { policy: 'rescue', misfits: 'rescue' } }],
    ['drift', { drift: { policy: 'evolve', headroom: 0.5 } }],
    ['drift', { drift: 'follow' }],
  ])('says: %s', (sentence, target) => {
    expect(complaint({ drift: 'evolve', ...target })).toContain(sentence);
  });
});
