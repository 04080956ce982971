import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, pathOf, problemOfKey, requirePath } from './key-path.ts';

describe('keys as paths', () => {
  it('takes keys as they are', () => {
    for (const key of ['a', 'in/a b+c%20.csv', 'in/日本/é', '~', 'x'.repeat(255), ' /\t/\\']) {
      expect(problemOfKey(key)).toBeUndefined();
      expect(pathOf('/root', { bucket: 'lake', key })).toBe(`/root/lake/${key}`);
    }
  });

  it.each([
    ['', 'empty'],
    ['/a', 'empty'],
    ['a/', 'empty'],
    ['a//b', 'empty'],
    ['.', 'dot'],
    ['a/../b', 'dot'],
    ['../../etc/passwd', 'dot'],
    ['a/.hidden', 'dot'],
    ['a\0b', 'NUL'],
    ['a/\ud800/b', 'Unicode'],
    [`a/${'é'.repeat(128)}`, '255 bytes'],
    [`${'x'.repeat(250)}/`.repeat(5), '1024 bytes'],
  ])('refuses %j: %s', (key, why) => {
    expect(problemOfKey(key)).toContain(why);
    expect(pathOf('/root', { bucket: 'lake', key })).toBeUndefined();
    expect(() => requirePath('/root', { bucket: 'lake', key })).toThrow(
      expect.objectContaining({ code: 'key-unsupported', message: expect.stringContaining(why) }),
    );
  });

  it.each(['', '..', 'a/b', '.millrace'])('refuses the bucket %j', (bucket) => {
    expect(pathOf('/root', { bucket, key: 'a' })).toBeUndefined();
    expect(() => requirePath('/root', { bucket, key: 'a' })).toThrow(
      expect.objectContaining({ code: 'bucket-unsupported' }),
    );
  });

  it('never leads out of the root, whatever the key', () => {
    const hostile = fc.array(fc.constantFrom('..', '.', '/', 'a', '\\', '\0', '%2e', '//'), { maxLength: 8 });
    fc.assert(
      fc.property(hostile, hostile, (bucket, key) => {
        const path = pathOf('/root', { bucket: bucket.join(''), key: key.join('') });
        if (path !== undefined) expect(path).toBe(join('/root', bucket.join(''), key.join('')));
        if (path !== undefined) expect(path.startsWith('/root/')).toBe(true);
      }),
    );
  });

  it('orders keys as their UTF-8 bytes', () => {
    const unit = fc.constantFrom(
      'a',
      'b',
      '/',
      '-',
      'é',
      '\uFFFF',
      '\uE000',
      '\u{10000}',
      '\u{1F600}',
      '\uD7FF',
    );
    const key = fc.array(unit, { maxLength: 5 }).map((units) => units.join(''));
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });
});
