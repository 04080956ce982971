import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUrls, endOf, mergeByUrl, startOf } from './url-order.ts';

/** Characters of every length in UTF-8, and those around the surrogates. */
const character = fc.constantFrom(
  '',
  '!',
  '/',
  '0',
  'a',
  'z',
  'é',
  '日',
  '\u{d7ff}',
  '\u{e000}',
  '\u{ffff}',
  '😀',
  '\u{10ffff}',
);
const text = fc.array(character, { maxLength: 6 }).map((characters) => characters.join(''));

const bytesOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('the order of URLs', () => {
  it('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUrls(a, b))).toBe(bytesOrder(a, b));
      }),
    );
  });

  it('has the end of a prefix right behind all that begin with it', () => {
    fc.assert(
      fc.property(text, text, text, (before, rest, other) => {
        const prefix = `s3://${before}/`;
        const end = endOf(prefix);
        expect(compareUrls(prefix + rest, end)).toBeLessThan(0);
        expect(compareUrls(startOf(prefix), prefix + rest)).toBeLessThan(0);
        const isBetween = compareUrls(other, prefix) >= 0 && compareUrls(other, end) < 0;
        expect(isBetween).toBe(other.startsWith(prefix));
      }),
    );
  });

  it('ends a prefix whose last character has no next one', () => {
    expect(endOf('s3://a\u{10ffff}')).toBe('s3://b');
    expect(endOf('s3://\u{d7ff}')).toBe('s3://\u{e000}');
  });
});

describe('two streams side by side', () => {
  it('give each URL once, in order, with what both say of it', async () => {
    const urls = fc.uniqueArray(text, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(urls, urls, async (lefts, rights) => {
        const seen = [];
        const streams = [lefts, rights].map((stream) => from(stream.toSorted(bytesOrder)));
        const options = { urlOfLeft: idOf, urlOfRight: idOf };
        for await (const joined of mergeByUrl(streams[0] ?? from([]), streams[1] ?? from([]), options))
          seen.push(joined);
        const all = [...new Set([...lefts, ...rights])].sort(bytesOrder);
        expect(seen).toEqual(
          all.map((url) => ({
            url,
            left: lefts.includes(url) ? url : undefined,
            right: rights.includes(url) ? url : undefined,
          })),
        );
      }),
    );
  });

  it('are read no further than one element ahead, and closed when the reader stops', async () => {
    const read: string[] = [];
    let closed = 0;
    async function* endless(name: string): AsyncGenerator<string> {
      try {
        for (let n = 1_000; ; n += 1) {
          read.push(`${name}${n}`);
          yield `${n}`;
        }
      } finally {
        closed += 1;
      }
    }
    const options = { urlOfLeft: idOf, urlOfRight: idOf };
    for await (const { url } of mergeByUrl(endless('l'), endless('r'), options)) if (url === '1002') break;
    expect(closed).toBe(2);
    expect(read.length).toBe(6);
  });
});

const idOf = (url: string): string => url;

async function* from(urls: readonly string[]): AsyncGenerator<string> {
  yield* urls;
}
