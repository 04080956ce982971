import { randomBytes } from 'node:crypto';
import { constants as zlib, zstdCompressSync } from 'node:zlib';
import {
  ColumnLists,
  type Consumer,
  chunkPacking,
  openShard,
  parseConfig,
  type StreamRecord,
  sealShard,
  TableChecks,
  takeRecords,
} from '@millrace/core';
import { RedshiftDialect } from '@millrace/redshift';
import { MemoryObjectStore, MemorySeals } from '@millrace/testkit';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { median, sideBySide } from '../side-by-side.ts';

const EVENTS = 100_000;
const EVENT_BYTES = 500;
const CHUNK_BYTES = 16_000_000;
const PAGE = 4_000;
/** The pieces of every chunk. */
type Packed = readonly (readonly Uint8Array[])[];

const COLUMNS = { id: '$.id', at: '$.time', url: '$.data.url', who: '$.data.visitor', n: '$.data.n' };
const CONFIG = {
  targets: {
    'public.views': {},
    'public.pages': { mode: 'upsert', key: 'url', latestBy: 'at' },
    'public.visitors': { mode: 'upsert', key: 'who', latestBy: 'at' },
  },
  events: {
    'page.viewed': [
      { fact: 'public.views', columns: COLUMNS },
      { dimension: 'public.pages', columns: { url: '$.data.url', title: '$.data.title', at: '$.time' } },
      {
        dimension: 'public.visitors',
        columns: { who: '$.data.visitor', country: '$.data.country', at: '$.time' },
      },
    ],
  },
};

const columnOf = (name: string, type: string) => ({ name, type, isNullable: true, isIdentity: false });
/** The columns of all three tables: rows are checked against them. */
const TABLE = [
  ...['id', 'url', 'title', 'who', 'country'].map((name) => columnOf(name, 'character varying(200)')),
  columnOf('at', 'timestamp without time zone'),
  columnOf('n', 'integer'),
];

/** Consuming a stream, on one core: events to sealed chunks, against reading their JSON and packing as many bytes alone. */
export async function measureConsume({ rounds }: BenchSettings): Promise<readonly Figure[]> {
  const records = makeRecords();
  const { rows, packed } = await consume(records);
  const bytes = packed.flat().reduce((sum, piece) => sum + piece.length, 0);
  const taken = await sideBySide(rounds, {
    ours: () => cpuSecondsOf(async () => expectRows((await consume(records)).rows, 3 * EVENTS)),
    bare: () => cpuSecondsOf(async () => parseAndPack(records, packed)),
  });
  const [ours, bare] = [median(taken.ours), median(taken.bare)];
  const detail =
    `${formatNumber(EVENTS / ours)} events/s of a core: ${EVENT_BYTES} bytes each, 3 rows of ` +
    `${formatNumber(bytes / rows)} bytes; bare ${formatNumber(EVENTS / bare)}`;
  return [
    {
      name: 'consumer, events of a core',
      value: EVENTS / ours,
      unit: 'events/s',
      bound: { atLeast: 100_000 },
      detail,
    },
    { name: 'consumer', value: bare / ours, unit: '× JSON.parse and zstd', bound: { atLeast: 0.6 }, detail },
  ];
}

async function consume(records: readonly StreamRecord[]): Promise<{ rows: number; packed: Packed }> {
  const { events } = parseConfig(CONFIG, { source: 'bench' });
  if (events === null) throw new Error('the bench has events');
  const objects = new MemoryObjectStore();
  const control = { bucket: 'millrace', key: '' };
  const packed: (readonly Uint8Array[])[] = [];
  const packing = chunkPacking('zstd');
  const consumer: Consumer = {
    stream: 'bench',
    seals: new MemorySeals(),
    objects,
    columnLists: new ColumnLists(objects, control),
    transforms: events.transforms,
    checks: new TableChecks({
      warehouse: { dialect: new RedshiftDialect(), describeTable: async () => TABLE },
      copyOptionsOf: () => "CSV DATEFORMAT 'auto' TIMEFORMAT 'auto'",
      now: Date.now,
    }),
    control,
    packing: {
      ...packing,
      pack: (pieces) => {
        packed.push(pieces);
        return packing.pack(pieces);
      },
    },
    now: Date.now,
    random: () => randomBytes(16),
  };
  let hand = await openShard(consumer, 'a');
  let rows = 0;
  const seal = async (): Promise<void> => {
    const outcome = await sealShard(consumer, hand);
    if (outcome.kind !== 'sealed') throw new Error(`sealing ended ${outcome.kind}`);
    hand = outcome.hand;
    rows += outcome.chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  };
  for (let at = 0; at < records.length; at += PAGE) {
    await takeRecords(consumer, hand, records.slice(at, at + PAGE));
    if (hand.buffer.largestBytes >= CHUNK_BYTES) await seal();
  }
  await seal();
  return { rows, packed };
}

/** What nobody who does this work can leave out: reading the events, and packing the very rows that they become. */
function parseAndPack(records: readonly StreamRecord[], packed: Packed): void {
  let bytes = 0;
  for (const { data } of records) {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
    bytes += (JSON.parse(text) as { id: string }).id.length;
  }
  const params = { [zlib.ZSTD_c_compressionLevel]: 1 };
  for (const pieces of packed) bytes += zstdCompressSync(Buffer.concat(pieces), { params }).length;
  if (bytes === 0) throw new Error('nothing was done');
}

/** CPU of the whole process: packing runs in threads beside. */
async function cpuSecondsOf(body: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function makeRecords(): readonly StreamRecord[] {
  return Array.from({ length: EVENTS }, (_, n) => {
    const data = {
      url: `/path/${(n * 31) % 977}/page`,
      title: `Page number ${(n * 31) % 977}`,
      visitor: `visitor-${(n * 17) % 4999}`,
      country: ['DE', 'US', 'JP', 'BR'][n % 4],
      n,
      rest: '',
    };
    const event = {
      id: `e${n}-${(n * 2_654_435_761) % 4_294_967_296}`,
      type: 'page.viewed',
      time: new Date(1.7e12 + n * 37).toISOString(),
      data,
    };
    const short = JSON.stringify(event).length;
    data.rest = 'abcdefghij klmnop'.repeat(40).slice(0, Math.max(0, EVENT_BYTES - short));
    return {
      partitionKey: event.id,
      data: Buffer.from(JSON.stringify(event)),
      position: String(n).padStart(12, '0'),
      arrivedAt: 1.7e12,
    };
  });
}
