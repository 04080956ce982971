import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KplAggregate } from './kpl-aggregate.ts';
import { KPL_MAGIC, type UserRecord } from './kpl-format.ts';
import { readAggregate } from './read-aggregate.ts';

const KEY_A = [0x0a, 1, 0x61];
const RECORD_OF_A = [0x1a, 5, 0x08, 0, 0x1a, 1, 0x78];

describe('an aggregate', () => {
  it('may have its tables behind the records, and fields that nobody knows', () => {
    const later = [0x2a, 2, 1, 2];
    expect(read([...RECORD_OF_A, ...later, ...KEY_A])).toEqual([['a', 'x']]);
    const withTag = [0x1a, 11, 0x08, 0, 0x1a, 1, 0x79, 0x22, 4, 0x0a, 2, 0x6b, 0x6b];
    expect(read([...KEY_A, ...withTag])).toEqual([['a', 'y']]);
    const fixed = [0x1a, 19, 0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0x35, 1, 2, 3, 4, 0x08, 0, 0x1a, 1, 0x7a];
    expect(read([...KEY_A, ...fixed])).toEqual([['a', 'z']]);
  });

  it('may write numbers longer than needed', () => {
    expect(read([...KEY_A, 0x1a, 7, 0x08, 0x80, 0x80, 0, 0x1a, 1, 0x78])).toEqual([['a', 'x']]);
  });

  it('takes the last of a field that stands twice, as protocol buffers have it', () => {
    expect(read([...KEY_A, 0x0a, 1, 0x62, 0x1a, 10, 0x08, 0, 0x08, 1, 0x1a, 1, 0x78, 0x1a, 1, 0x79])).toEqual(
      [['b', 'y']],
    );
  });
});

describe('a record is left as it is when', () => {
  const cases: Readonly<Record<string, Uint8Array>> = {
    'it is empty': new Uint8Array(),
    'it is the magic alone': KPL_MAGIC,
    'it is shorter than a checksum': Buffer.concat([KPL_MAGIC, Buffer.alloc(16)]),
    'it begins otherwise': Buffer.from('{"id":"1","type":"page.viewed","data":{}}'),
    'its checksum is wrong': flipped(sealed([...KEY_A, ...RECORD_OF_A])),
    'it has no records': sealed(KEY_A),
    'a record points behind the table': sealed([...KEY_A, 0x1a, 5, 0x08, 1, 0x1a, 1, 0x78]),
    'a record points behind the table of hash keys': sealed([
      ...KEY_A,
      0x1a,
      7,
      0x08,
      0,
      0x10,
      0,
      0x1a,
      1,
      0x78,
    ]),
    'a record has no key': sealed([...KEY_A, 0x1a, 3, 0x1a, 1, 0x78]),
    'a record has no data': sealed([...KEY_A, 0x1a, 2, 0x08, 0]),
    'a length leads out of the message': sealed([...KEY_A, 0x1a, 0x7f, 0x08, 0]),
    'data leads out of its record': sealed([...KEY_A, 0x1a, 5, 0x08, 0, 0x1a, 9, 0x78]),
    'a number does not end': sealed([...KEY_A, 0x1a, 0xff]),
    'a number is too long': sealed([...KEY_A, 0x1a, ...Array<number>(12).fill(0x80), 1]),
    'it has groups': sealed([...KEY_A, 0x0b, ...RECORD_OF_A, 0x0c]),
  };
  for (const [name, data] of Object.entries(cases)) {
    it(name, () => expect(readAggregate(data)).toBeNull());
  }

  it('any byte of it has changed, or its end is missing', () => {
    const whole = packed([
      { partitionKey: 'a', data: Buffer.from('one') },
      { partitionKey: 'b', data: Buffer.from('two'), explicitHashKey: '12' },
    ]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ mask;
        expect(readAggregate(changed)).toBeNull();
        expect(readAggregate(whole.subarray(0, at))).toBeNull();
      }),
    );
  });

  it('a right checksum seals any bytes: nothing but null or records comes of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (message) => {
        const records = readAggregate(sealed([...message]));
        if (records !== null) expect(records.length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('reads bytes that lie somewhere within others', () => {
  const whole = packed([
    { partitionKey: 'a', data: Buffer.from('one') },
    { partitionKey: 'a', data: Buffer.from('two') },
  ]);
  const around = Buffer.concat([Buffer.alloc(7, 1), whole, Buffer.alloc(9, 2)]);
  const within = new Uint8Array(around.buffer, around.byteOffset + 7, whole.length);
  expect(readAggregate(within)?.map(({ data }) => Buffer.from(data).toString())).toEqual(['one', 'two']);
});

function sealed(message: readonly number[]): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([KPL_MAGIC, bytes, createHash('md5').update(bytes).digest()]);
}

function flipped(data: Buffer): Buffer {
  const last = data.length - 1;
  return Buffer.concat([data.subarray(0, last), Buffer.from([(data[last] ?? 0) ^ 1])]);
}

function packed(records: readonly UserRecord[]): Buffer {
  const aggregate = new KplAggregate({ maxBytes: 100_000 });
  for (const record of records) aggregate.add(record);
  return Buffer.from(aggregate.finish()?.data ?? []);
}

function read(message: readonly number[]): (readonly [string, string])[] | undefined {
  return readAggregate(sealed(message))?.map(({ partitionKey, data }) => [
    partitionKey,
    Buffer.from(data).toString(),
  ]);
}
