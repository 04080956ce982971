import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileIdOf, identityOf, keyIdOf, parseUrl, shortHash, urlOf } from './identity.ts';

const object = { bucket: 'lake', key: 'a b/ü+%.csv', etag: '"abc"', size: 3 };

describe('a file', () => {
  it('is the same however its ETag was quoted', () => {
    expect(fileIdOf(identityOf(object))).toBe(fileIdOf(identityOf({ ...object, etag: 'abc' })));
  });

  it('is another one with another key, other bytes or another size', () => {
    const changes = [{ bucket: 'x' }, { key: 'a b/ü .csv' }, { etag: 'abd' }, { size: 4 }];
    const ids = changes.map((change) => fileIdOf(identityOf({ ...object, ...change })));
    expect(new Set([fileIdOf(identityOf(object)), ...ids]).size).toBe(5);
  });

  it('shares the id of its place with its other versions only', () => {
    expect(keyIdOf(object)).toBe(keyIdOf({ ...object }));
    expect(keyIdOf(object)).not.toBe(keyIdOf({ ...object, key: 'other' }));
    expect(keyIdOf(object)).not.toBe(fileIdOf(identityOf(object)));
  });

  it('keeps its address through a URL, whatever the key', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9.-]{3,20}$/u), fc.string({ unit: 'binary' }), (bucket, key) => {
        expect(parseUrl(urlOf({ bucket, key }))).toEqual({ bucket, key });
      }),
    );
  });

  it('refuses what is no address, with a way out', () => {
    expect(() => parseUrl('https://lake/x')).toThrow(/'https:\/\/lake\/x' is not an object's address/u);
  });

  it('hashes lists of parts, not their concatenation', () => {
    expect(shortHash(['ab', 'c'])).not.toBe(shortHash(['a', 'bc']));
  });
});
