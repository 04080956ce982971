import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashKeyOf, isHashKeyText, toHashKey } from './hash-key.ts';
import { KplAggregate } from './kpl-aggregate.ts';
import { KPL_MAGIC } from './kpl-format.ts';
import { readAggregate } from './read-aggregate.ts';

const data = (text: string): Buffer => Buffer.from(text);

describe('KplAggregate', () => {
  it('gives nothing of nothing, and begins anew when it was finished', () => {
    const aggregate = new KplAggregate({ maxBytes: 1_000 });
    expect(aggregate.finish()).toBeUndefined();
    for (const text of ['one', 'two']) aggregate.add({ partitionKey: text, data: data(text) });
    expect(aggregate.finish()?.count).toBe(2);
    expect(aggregate.count).toBe(0);
    for (const text of ['three', 'four']) aggregate.add({ partitionKey: text, data: data(text) });
    const second = aggregate.finish();
    expect(readAggregate(second?.data ?? data(''))?.map(({ partitionKey }) => partitionKey)).toEqual([
      'three',
      'four',
    ]);
    expect(aggregate.finish()).toBeUndefined();
  });

  it('sends a single record plain, with its own keys', () => {
    const aggregate = new KplAggregate({ maxBytes: 1_000 });
    const record = { partitionKey: 'k', data: data('one'), explicitHashKey: '7' };
    aggregate.add(record);
    expect(aggregate.finish()).toEqual({ ...record, count: 1 });
  });

  it('wraps a single record that looks like an aggregate itself', () => {
    const aggregate = new KplAggregate({ maxBytes: 1_000 });
    const lookalike = Buffer.concat([KPL_MAGIC, data('and whatever comes')]);
    aggregate.add({ partitionKey: 'k', data: lookalike });
    const packed = aggregate.finish();
    expect(packed?.partitionKey).toBe('a');
    expect(readAggregate(packed?.data ?? data(''))?.map((one) => Buffer.from(one.data))).toEqual([lookalike]);
  });

  it('goes where its first record goes', () => {
    const aggregate = new KplAggregate({ maxBytes: 1_000 });
    aggregate.add({ partitionKey: 'first', data: data('1') });
    aggregate.add({ partitionKey: 'second', data: data('2') });
    const packed = aggregate.finish();
    expect(packed?.partitionKey).toBe('a');
    expect(toHashKey(packed?.explicitHashKey ?? '')).toBe(hashKeyOf({ partitionKey: 'first' }));
    aggregate.add({
      partitionKey: 'first',
      data: data('1'),
      explicitHashKey: '340282366920938463463374607431768211455',
    });
    aggregate.add({ partitionKey: 'second', data: data('2') });
    expect(aggregate.finish()?.explicitHashKey).toBe('340282366920938463463374607431768211455');
  });

  it('never grows beyond its limits, and says its size to the byte', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ key: fc.string({ minLength: 1, unit: 'binary' }), size: fc.nat(700) })),
        fc.integer({ min: 200, max: 2_000 }),
        fc.integer({ min: 1, max: 9 }),
        (records, maxBytes, maxCount) => {
          const aggregate = new KplAggregate({ maxBytes, maxCount });
          for (const { key, size } of records) {
            const record = { partitionKey: key, data: Buffer.alloc(size) };
            if (aggregate.add(record)) continue;
            const { count, byteLength } = aggregate;
            const packed = aggregate.finish();
            expect(packed?.count).toBe(count);
            expect(count).toBeLessThanOrEqual(maxCount);
            if (count > 1) {
              expect(packed?.data.length).toBe(byteLength);
              expect(byteLength).toBeLessThanOrEqual(maxBytes);
            }
            expect(aggregate.add(record)).toBe(true);
          }
        },
      ),
    );
  });
});

describe('hash keys', () => {
  it('compare as texts as their numbers do', () => {
    const anyNumber = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
    fc.assert(
      fc.property(anyNumber, anyNumber, (a, b) => {
        expect(toHashKey(String(a)) < toHashKey(String(b))).toBe(a < b);
      }),
    );
  });

  it('of a partition key are the MD5 of its UTF-8 bytes', () => {
    expect(hashKeyOf({ partitionKey: 'abc' })).toBe('900150983cd24fb0d6963f7d28e17f72');
    expect(hashKeyOf({ partitionKey: 'é' })).toBe('66ddcd97cfdeabb2f6fb8a999b4bc76f');
  });

  it('are decimal numbers below 2^128', () => {
    expect(['0', '1', '340282366920938463463374607431768211455'].every(isHashKeyText)).toBe(true);
    const wrong = [
      '',
      '-1',
      '01',
      '1.5',
      '0x1',
      ' 1',
      '340282366920938463463374607431768211456',
      '9'.repeat(39),
    ];
    expect(wrong.filter(isHashKeyText)).toEqual([]);
  });
});
