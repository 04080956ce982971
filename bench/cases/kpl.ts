import { KplAggregate, readAggregate, type UserRecord } from '@millrace/aws/kinesis';
import aggregation from 'aws-kinesis-agg';
import type { BenchSettings } from '../bench-settings.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { median, type Seconds, secondsOf, sideBySide } from '../side-by-side.ts';

/** The other implementation, as far as it is used here: its own types lean on two packages more. */
interface OtherCodec {
  RecordAggregator: new () => {
    aggregateRecords(
      records: readonly UserRecord[],
      flushes: boolean,
      done: (error: Error | null, packed?: { data: Buffer }) => void,
    ): void;
  };
  deaggregateSync(
    record: { data: string; sequenceNumber: string; partitionKey: string },
    checksChecksums: boolean,
    done: (error: Error | undefined, records: readonly { data: string }[]) => void,
  ): void;
}
const other = aggregation as unknown as OtherCodec;

const RECORDS = 200_000;
/** Passes over them in a round: what is compiled while it runs needs some to be at its speed. */
const PASSES = 4;
const KEYS = 100;
/** The other takes no limit but this one. */
const MAX_BYTES = 1_048_576 - 20;
/**
 * Bytes of a record. Aggregation is for small ones: of larger ones both codecs spend their time in the same MD5 (and in
 * base64, to read them), whatever is around it.
 */
const SIZES = [
  { bytes: 24, encodeBound: { atLeast: 2 }, decodeBound: { atLeast: 4 } },
  { bytes: 65, encodeBound: { atLeast: 2 }, decodeBound: null },
  { bytes: 500, encodeBound: null, decodeBound: null },
] as const;

/** The codec of aggregated records against aws-kinesis-agg: the same records in, the same bytes out. */
export async function measureKpl({ rounds }: BenchSettings): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { bytes, encodeBound, decodeBound } of SIZES) {
    const records = Array.from({ length: RECORDS }, (_, at) => ({
      partitionKey: `key-${at % KEYS}`,
      data: Buffer.alloc(bytes, 0x41 + (at % 26)),
    }));
    const encoded = await sideBySide(rounds, {
      ours: () => timed(RECORDS, () => sum(pack(records), ({ count }) => count)),
      other: () => timed(RECORDS, () => packByOther(records)),
    });
    figures.push(ratio(`KPL encode, ${bytes}-byte records`, { ...encoded, bound: encodeBound }));
    // As a Lambda gets it, to the bytes of every record: what a consumer has and what it wants.
    const texts = pack(records).map(({ data }) => data.toString('base64'));
    const decoded = await sideBySide(rounds, {
      ours: () => timed(RECORDS, () => sum(texts, unpack)),
      other: () => timed(RECORDS, () => sum(texts, unpackByOther)),
    });
    figures.push(ratio(`KPL decode, ${bytes}-byte records`, { ...decoded, bound: decodeBound }));
  }
  return figures;
}

function pack(records: readonly UserRecord[]): { data: Buffer; count: number }[] {
  const aggregate = new KplAggregate({ maxBytes: MAX_BYTES });
  const packed: { data: Buffer; count: number }[] = [];
  const finish = (): void => {
    const { data, count } = aggregate.finish() ?? { data: Buffer.alloc(0), count: 0 };
    packed.push({ data: Buffer.from(data.buffer, data.byteOffset, data.length), count });
  };
  for (const record of records) {
    if (aggregate.add(record)) continue;
    finish();
    aggregate.add(record);
  }
  finish();
  return packed;
}

/** It does not say how many it packed: those that it was given, when there is no error. */
function packByOther(records: readonly UserRecord[]): number {
  let packed = 0;
  new other.RecordAggregator().aggregateRecords(records, true, (error, one) => {
    if (error !== null) throw error;
    packed += one?.data.length ?? 0;
  });
  return packed > 0 ? records.length : 0;
}

function unpack(text: string): number {
  const records = readAggregate(Buffer.from(text, 'base64')) ?? [];
  return sum(records, ({ data }) => Math.sign(data.length));
}

function unpackByOther(text: string): number {
  let count = 0;
  other.deaggregateSync({ data: text, sequenceNumber: '1', partitionKey: 'a' }, true, (error, records) => {
    if (error) throw error;
    count += sum(records, ({ data }) => Math.sign(Buffer.from(data, 'base64').length));
  });
  return count;
}

function timed(expected: number, work: () => number): Promise<Seconds> {
  return secondsOf(async () => {
    for (let pass = 0; pass < PASSES; pass += 1) {
      const done = work();
      if (done !== expected) throw new Error(`${done} records instead of ${expected}`);
    }
  });
}

function sum<T>(values: readonly T[], numberOf: (value: T) => number): number {
  let total = 0;
  for (const value of values) total += numberOf(value);
  return total;
}

function ratio(
  name: string,
  { ours, other, bound }: { ours: readonly Seconds[]; other: readonly Seconds[]; bound: Figure['bound'] },
): Figure {
  const [mine, its] = [median(ours), median(other)];
  const perSecond = (seconds: Seconds): string => `${formatNumber((PASSES * RECORDS) / seconds)} records/s`;
  return {
    name,
    value: its / mine,
    unit: '× aws-kinesis-agg',
    bound,
    detail: `${perSecond(mine)} against ${perSecond(its)}`,
  };
}
