import { createHash } from 'node:crypto';
import aggregation from 'aws-kinesis-agg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KplAggregate, type PackedRecord } from './kpl-aggregate.ts';
import type { UserRecord } from './kpl-format.ts';
import { readAggregate } from './read-aggregate.ts';

/** The other implementation, as far as it is used here: its own types lean on two packages more. */
interface OtherCodec {
  RecordAggregator: new () => {
    addUserRecord(record: { partitionKey: string; explicitHashKey?: string; data: Buffer }): void;
    build(): { partitionKey: string; ExplicitHashKey?: string; data: Buffer };
  };
  deaggregateSync(
    record: { data: string; sequenceNumber: string; partitionKey: string },
    checksCheckums: boolean,
    done: (error: Error | undefined, records: readonly OtherRecord[]) => void,
  ): void;
}
interface OtherRecord {
  readonly partitionKey: string;
  readonly explicitPartitionKey?: string;
  readonly subSequenceNumber: number;
  readonly data: string;
}
const other = aggregation as unknown as OtherCodec;

const MEBIBYTE = 1_048_576;

/**
 * It keeps its tables in plain objects: keys that look like array indices change places there, and `__proto__` is no key
 * at all. What it writes of such keys is wrong, and no reader can tell.
 */
const isSafeForOther = (key: string): boolean => !/^\d+$/u.test(key) && key !== '__proto__';
const anyKey = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }),
  fc.constantFrom('a', 'é', '日本語', '\u{1F600}', '0', '10', '2', '__proto__', 'constructor', '\0', ' '),
  fc.string({ minLength: 256, maxLength: 256, unit: 'grapheme-ascii' }),
);
const anyData = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  { weight: 1, arbitrary: fc.constant(new Uint8Array()) },
  { weight: 1, arbitrary: fc.integer({ min: 120, max: 40_000 }).map((size) => new Uint8Array(size).fill(7)) },
);
const anyHashKey = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String);
const recordsOf = (key: fc.Arbitrary<string>, hashKey: fc.Arbitrary<string>) =>
  fc.array(
    fc
      .record(
        { partitionKey: key, data: anyData, explicitHashKey: hashKey },
        { requiredKeys: ['partitionKey', 'data'] },
      )
      .map((record): UserRecord => record),
    { minLength: 1, maxLength: 60 },
  );

describe('records of ours', () => {
  it('are read by aws-kinesis-agg', () => {
    fc.assert(
      fc.property(
        recordsOf(anyKey, anyHashKey),
        fc.integer({ min: 1_000, max: MEBIBYTE }),
        (records, maxBytes) => {
          const read = pack(records, maxBytes).flatMap(readByOther);
          // Of a record without a hash key it tells the first that any record has: an absent index reads as 0 there.
          const told = read.map((one, at) =>
            records[at]?.explicitHashKey === undefined ? { ...one, explicitHashKey: undefined } : one,
          );
          expect(told).toEqual(records.map(plainly));
        },
      ),
    );
  });

  it('are what aws-kinesis-agg writes, byte for byte', () => {
    fc.assert(
      fc.property(
        recordsOf(
          anyKey.filter(isSafeForOther),
          anyHashKey.map((key) => `${key}`),
        ),
        (records) => {
          // Its hash keys live in a plain object too: with one of them there is one order only.
          const [hashKey] = records.flatMap(({ explicitHashKey }) => explicitHashKey ?? []);
          const alike = records.map((record) =>
            record.explicitHashKey === undefined || hashKey === undefined
              ? record
              : { ...record, explicitHashKey: hashKey },
          );
          const [ours, ...rest] = pack(alike, 16 * MEBIBYTE);
          fc.pre(rest.length === 0 && alike.length > 1);
          expect(Buffer.compare(Buffer.from(ours?.data ?? []), writeByOther(alike))).toBe(0);
        },
      ),
    );
  });
});

describe('records of aws-kinesis-agg', () => {
  it('are read by us', () => {
    fc.assert(
      fc.property(recordsOf(anyKey.filter(isSafeForOther), anyHashKey), (records) => {
        // Two hash keys that are array indices would change places, see above.
        const safe = records.map(({ explicitHashKey, ...record }) =>
          explicitHashKey === undefined || explicitHashKey.length < 11
            ? record
            : { ...record, explicitHashKey },
        );
        expect(readAggregate(writeByOther(safe))?.map(plainly)).toEqual(safe.map(plainly));
      }),
    );
  });

  it('are read by us up to 1 MiB', () => {
    const records = [
      { partitionKey: 'a', data: Buffer.alloc(500_000, 1) },
      { partitionKey: 'b', data: Buffer.alloc(548_000, 2) },
    ];
    const read = readAggregate(writeByOther(records));
    expect(read?.map(({ data }) => data.length)).toEqual([500_000, 548_000]);
    expect(read?.map(({ data }) => digestOf(data))).toEqual(records.map(({ data }) => digestOf(data)));
  });
});

it('one record of 1 MiB comes back from either', () => {
  const record = { partitionKey: 'größe', data: Buffer.alloc(MEBIBYTE, 0x41) };
  const small = { partitionKey: 'größe', data: Buffer.from('{}') };
  const packed = pack([record, small, small], 2 * MEBIBYTE);
  expect(packed).toHaveLength(1);
  const byOther = packed.flatMap(readByOther);
  expect(byOther.map(({ data }) => data.length)).toEqual(
    [record, small, small].map((one) => hex(one.data).length),
  );
  expect(packed.flatMap(({ data }) => readAggregate(data)?.map((one) => digestOf(one.data)))).toEqual(
    [record, small, small].map(({ data }) => digestOf(data)),
  );
});

function pack(records: readonly UserRecord[], maxBytes: number): PackedRecord[] {
  const aggregate = new KplAggregate({ maxBytes });
  const packed: (PackedRecord | undefined)[] = [];
  for (const record of records) {
    if (aggregate.add(record)) continue;
    packed.push(aggregate.finish());
    aggregate.add(record);
  }
  packed.push(aggregate.finish());
  return packed.filter((one) => one !== undefined);
}

interface Plainly {
  readonly partitionKey: string;
  readonly explicitHashKey: string | undefined;
  readonly data: string;
}

function plainly({ partitionKey, explicitHashKey, data }: UserRecord): Plainly {
  return { partitionKey, explicitHashKey, data: hex(data) };
}

function readByOther({ partitionKey, explicitHashKey, data }: PackedRecord): Plainly[] {
  const read: Plainly[] = [];
  const record = { data: Buffer.from(data).toString('base64'), sequenceNumber: '1', partitionKey };
  other.deaggregateSync(record, true, (error, records) => {
    if (error) throw error;
    read.push(
      ...records.map((one, at) => {
        const isPlain = one.subSequenceNumber === undefined;
        if (!isPlain) expect(one.subSequenceNumber).toBe(at);
        return {
          partitionKey: one.partitionKey,
          // Kinesis keeps no explicit hash keys: of a plain record the place alone is left of it.
          explicitHashKey: isPlain ? explicitHashKey : one.explicitPartitionKey,
          data: hex(Buffer.from(one.data, 'base64')),
        };
      }),
    );
  });
  return read;
}

function writeByOther(records: readonly UserRecord[]): Buffer {
  const aggregator = new other.RecordAggregator();
  for (const { data, ...keys } of records) aggregator.addUserRecord({ ...keys, data: Buffer.from(data) });
  return aggregator.build().data;
}

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const digestOf = (data: Uint8Array): string => createHash('md5').update(data).digest('hex');
