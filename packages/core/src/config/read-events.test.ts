import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig, parseConfigText } from './parse-config.ts';

const doc = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8');

describe('events in a configuration', () => {
  it('are as the guide shows them', () => {
    const [, text = ''] = /```json\n(\{\n {2}"targets".*?)```/su.exec(doc) ?? [];
    const { targets, events } = parseConfigText(text, { source: 'docs' });
    expect(targets.get('public.views')?.rule).toMatchObject({ mode: 'insert-only', key: ['id'] });
    expect(targets.get('public.pages')?.rule).toMatchObject({
      mode: 'upsert',
      key: ['url'],
      latestBy: ['last_seen'],
    });
    expect(events?.transforms.types).toEqual(['page.viewed']);
    expect(events).toMatchObject({
      stream: { kind: 'embedded', path: '.millrace/stream' },
      consumer: { maxAgeMs: 30_000, compression: 'zstd' },
    });
  });

  const views = { fact: 'public.views', columns: { id: '$.id' } };

  it.each<[string, object, string]>([
    [
      'a target that is not there',
      { 'a.b': [{ fact: 'public.view', columns: { id: '$.id' } }] },
      "'public.view' is not a target",
    ],
    [
      'a dimension in a fact table',
      { a: [{ dimension: 'public.views', columns: { id: '$.id' } }] },
      'is in mode insert-only',
    ],
    [
      'a key that is left out',
      { a: [views, { fact: 'public.views', columns: { url: '$.data.url' } }] },
      "lacks 'id', by which rows of public.views are merged",
    ],
    [
      'a column twice',
      { a: [{ fact: 'public.views', columns: { id: '$.id', ID: '$.id' } }] },
      "names 'id' twice",
    ],
    [
      'no path',
      { a: [{ fact: 'public.views', columns: { id: '$.id', url: '$.data..url' } }] },
      "'$.data..url' is not a path into an event",
    ],
    [
      'a constant',
      { a: [{ fact: 'public.views', columns: { id: 'x' } }] },
      'is not a path into an event; write $.id',
    ],
    ['no list', { a: { fact: 'public.views' } }, 'is not a list of rows'],
    ['no row', { a: [] }, 'is not a list of rows'],
    ['a word that is nearly right', { a: [{ fact: 'public.views', colums: {} }] }, "did you mean 'columns'?"],
  ])('are refused for %s', (_, events, sentence) => {
    const config = { targets: { 'public.views': { mode: 'insert-only', key: 'id' } }, events };
    const mapped = { ...events, kept: [views] };
    expect(() => parseConfig({ ...config, events: mapped }, { source: 'test' })).toThrow(sentence);
  });

  it.each<[string, object, string]>([
    ['format', { format: { kind: 'csv' } }, 'holds for no file: only events feed the target'],
    ['move', { after: 'move' }, "'move' needs a prefix that files come from"],
  ])('have targets to which %s says nothing', (_, target, sentence) => {
    const config = { targets: { 'public.views': target }, events: { a: [views] } };
    expect(() => parseConfig(config, { source: 'test' })).toThrow(sentence);
  });

  it('leave targets alone that nothing feeds: they need to say where their files come from', () => {
    const config = {
      targets: { 'public.views': {}, 'public.other': { mode: 'append' } },
      events: { a: [views] },
    };
    expect(() => parseConfig(config, { source: 'test' })).toThrow('targets["public.other"].from: is missing');
  });

  it('may feed a target that files feed too, and then it says all of itself', () => {
    const both = { mode: 'insert-only', key: 'id', from: 's3://lake/views/', format: { kind: 'parquet' } };
    const { targets, control } = parseConfig(
      { targets: { 'public.views': both }, events: { a: [views] } },
      { source: 'test' },
    );
    const target = targets.get('public.views');
    const chunk = `${control.key}loads/public.views/0123456789abcdef/x.csv.zst`;
    expect(target?.copyFor({ bucket: control.bucket, key: chunk })).toMatchObject({
      format: 'csv',
      options: expect.stringContaining('ZSTD'),
      columnList: '0123456789abcdef',
    });
    expect(target?.copyFor({ bucket: 'lake', key: 'views/a.parquet' })).toMatchObject({ format: 'parquet' });
  });
});
