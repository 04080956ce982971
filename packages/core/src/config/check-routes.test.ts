import { describe, expect, it } from 'vitest';
import { ConfigError, sentenceOf } from './config-error.ts';
import { parseConfig } from './parse-config.ts';

/** The sentences about a document with these targets, each an append of CSV. */
function complaints(
  targets: Record<string, Record<string, unknown>>,
  top: Record<string, unknown> = {},
): readonly string[] {
  const complete = Object.entries(targets).map(([name, target]) => [
    name,
    { mode: 'append', format: { kind: 'csv' }, ...target },
  ]);
  try {
    parseConfig({ ...top, targets: Object.fromEntries(complete) }, { source: 'test' });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(sentenceOf);
    throw error;
  }
  return [];
}

describe('routes', () => {
  it('may lead one file to several targets that leave it where it is', () => {
    expect(complaints({ a: { from: 's3://lake/x/' }, b: { from: 's3://lake/x/', after: 'tag' } })).toEqual(
      [],
    );
  });

  it.each(['move', 'delete'])("may not overlap when a target ends with '%s'", (after) => {
    const processedPrefix = after === 'move' ? { processedPrefix: 's3://archive/a/' } : {};
    const [sentence, ...others] = complaints({
      a: { from: 's3://lake/x/', after, ...processedPrefix },
      b: { from: 's3://lake/x/y/' },
    });
    expect(others).toEqual([]);
    expect(sentence).toContain('targets.b.from: s3://lake/x/y/ overlaps with s3://lake/x/ of public.a');
    expect(sentence).toContain("choose 'keep' or 'tag'");
  });

  it('do not overlap when their patterns share no key, or their buckets differ', () => {
    expect(
      complaints({
        a: { from: { prefix: 's3://lake/x/', match: '*.csv' }, after: 'delete' },
        b: { from: { prefix: 's3://lake/x/', match: '*.json' }, after: 'delete' },
        c: { from: { prefix: 's3://pond/x/', match: '*.csv' }, after: 'delete' },
      }),
    ).toEqual([]);
  });

  it('are checked also for targets that have other problems', () => {
    expect(
      complaints({
        a: { from: 's3://lake/x/', after: 'delete', copy: 'NOLOAD' },
        b: { from: 's3://lake/x/' },
      }),
    ).toEqual([expect.stringContaining('NOLOAD'), expect.stringContaining('overlaps')]);
  });

  it('may not be written twice in one target', () => {
    expect(complaints({ a: { from: ['s3://lake/x/', 's3://lake/x/'] } })).toEqual([
      'targets.a.from[1]: s3://lake/x/ is there twice; delete one of them',
    ]);
  });

  it('may not begin where nothing is ever taken', () => {
    expect(
      complaints(
        { a: { from: 's3://lake/unloads/x/' }, b: { from: 's3://own/m/jobs/' } },
        { control: 's3://own/m/' },
      ),
    ).toEqual([
      expect.stringContaining("targets.a.from: takes no file: 'unloads/' is kept"),
      expect.stringContaining("targets.b.from: takes no file: s3://own/m/ is Millrace's own"),
    ]);
  });
});

describe('a move', () => {
  it('may not lead into a route', () => {
    expect(complaints({ a: { from: 's3://drop/', after: 'move' } })).toEqual([
      expect.stringContaining(
        'loaded files would be moved to s3://drop/processed/, from where this target loads files',
      ),
    ]);
    expect(
      complaints({
        a: { from: 's3://lake/x/', after: 'move', processedPrefix: 's3://pond/y/z/' },
        b: { from: 's3://pond/y/' },
      }),
    ).toEqual([expect.stringContaining('from where public.b loads files')]);
  });

  it('may lead below a route whose pattern takes nothing there', () => {
    expect(complaints({ a: { from: { prefix: 's3://drop/', match: '*.csv' }, after: 'move' } })).toEqual([]);
  });

  it("may lead neither into Millrace's own prefix nor where another target moves its files", () => {
    const processedPrefix = 's3://archive/p/';
    expect(
      complaints({
        a: { from: 's3://lake/x/', after: 'move', processedPrefix: 's3://millrace/p/' },
        b: { from: 's3://lake/y/', after: 'move', processedPrefix },
        c: { from: 's3://lake/z/', after: 'move', processedPrefix },
      }),
    ).toEqual([
      expect.stringContaining(
        'targets.a.processedPrefix: s3://millrace/p/ overlaps with s3://millrace/, which is',
      ),
      expect.stringContaining(
        'targets.c.processedPrefix: files of public.c and of public.b could be moved onto each other',
      ),
    ]);
  });
});
