import { describe, expect, it } from 'vitest';
import { chunkKeyOf, chunkMetadataOf, readChunkKey, rejectsKeyOf, sealedRejectsOf } from './chunk-key.ts';

const CONTROL = { bucket: 'lake', key: 'millrace/' };
const NAME = { target: 'public.views', columns: '0123456789abcdef' };

describe('the key of a chunk', () => {
  it('says whose rows it holds, and in which columns', () => {
    const at = chunkKeyOf(CONTROL, NAME, { id: '01ID', ending: '.zst' });
    expect(at).toEqual({ bucket: 'lake', key: 'millrace/loads/public.views/0123456789abcdef/01ID.csv.zst' });
    expect(readChunkKey(CONTROL, at)).toEqual(NAME);
    expect(readChunkKey({ bucket: 'lake', key: '' }, { bucket: 'lake', key: at.key.slice(9) })).toEqual(NAME);
  });

  it.each([
    ['another bucket', { bucket: 'other', key: 'millrace/loads/public.views/0123456789abcdef/a.csv' }],
    ['outside of the control prefix', { bucket: 'lake', key: 'loads/public.views/0123456789abcdef/a.csv' }],
    ['an unload', { bucket: 'lake', key: 'millrace/unloads/public.views/0123456789abcdef/a.csv' }],
    ['no list of columns', { bucket: 'lake', key: 'millrace/loads/public.views/a.csv' }],
    ['no schema', { bucket: 'lake', key: 'millrace/loads/views/0123456789abcdef/a.csv' }],
    ['a folder more', { bucket: 'lake', key: 'millrace/loads/public.views/0123456789abcdef/b/a.csv' }],
    ['rejects', rejectsKeyOf(CONTROL, '01ID')],
  ])('is not that of %s', (_, at) => {
    expect(readChunkKey(CONTROL, at)).toBeUndefined();
  });

  it('has its parts in the metadata too, as far as there is room', () => {
    const list = { columns: ['id', 'größe'] };
    expect(chunkMetadataOf({ target: 'public.views', list })).toEqual({
      'millrace-target': 'public.views',
      'millrace-columns': 'id,gr%C3%B6%C3%9Fe',
    });
    const wide = { columns: Array.from({ length: 300 }, (_, n) => `column_${n}`) };
    expect(Object.keys(chunkMetadataOf({ target: 'public.views', list: wide }))).toEqual(['millrace-target']);
  });
});

it('rejects have one place before their seal and one behind it', () => {
  expect(sealedRejectsOf(CONTROL, rejectsKeyOf(CONTROL, '01ID'))).toEqual({
    bucket: 'lake',
    key: 'millrace/rejects/01ID.ndjson',
  });
  expect(sealedRejectsOf(CONTROL, { bucket: 'lake', key: 'millrace/loads/a.b/c/d.csv' })).toBeUndefined();
});
