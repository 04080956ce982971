import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip, constants as zlib, zstdCompress } from 'node:zlib';
import { LineWriter } from '@millrace/core';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { median, secondsOf, sideBySide } from '../side-by-side.ts';

const ROWS = 400_000;
const COLUMNS =
  'id VARCHAR(40) NOT NULL, at TIMESTAMP NOT NULL, url VARCHAR(200), who VARCHAR(40), n INTEGER, price DECIMAL(10,2)';

interface Codec {
  readonly ending: string;
  readonly pack: (bytes: Buffer) => Promise<Buffer>;
}

const gzipAt = (level: number): Codec => ({
  ending: '.gz',
  pack: (bytes) => promisify<Buffer, object, Buffer>(gzip)(bytes, { level }),
});
const zstdAt = (level: number): Codec => ({
  ending: '.zst',
  pack: (bytes) =>
    promisify<Buffer, object, Buffer>(zstdCompress)(bytes, {
      params: { [zlib.ZSTD_c_compressionLevel]: level },
    }),
});
const CODECS: Readonly<Record<string, Codec>> = {
  none: { ending: '', pack: async (bytes) => bytes },
  'gzip 1': gzipAt(1),
  'gzip 6': gzipAt(6),
  'zstd 1': zstdAt(1),
  'zstd 3': zstdAt(3),
  'zstd 9': zstdAt(9),
};

/** What packing a chunk costs, what it saves, and how fast the packed chunk is loaded by a lane. */
export async function measureCompression({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const plain = makeChunk();
  const names = Object.keys(CODECS);
  const sizes = new Map<string, number>();
  const objects = join(directory, 'objects');
  for (const [index, name] of names.entries()) {
    const { ending, pack } = CODECS[name] as Codec;
    const packed = await pack(plain);
    sizes.set(name, packed.length);
    mkdirSync(join(objects, 'lake', `c${index}`), { recursive: true });
    writeFileSync(join(objects, 'lake', `c${index}`, `chunk.csv${ending}`), packed);
  }
  const packing = await sideBySide(
    rounds,
    Object.fromEntries(
      names.map((name) => [name, () => cpuSecondsOf(() => (CODECS[name] as Codec).pack(plain))]),
    ),
  );
  const loading = await sideBySide(
    rounds,
    Object.fromEntries(
      names.map((name, index) => [name, (round: number) => load(index, { directory, objects, round })]),
    ),
  );
  return names.map((name): Figure => {
    const packedBytes = sizes.get(name) ?? Number.NaN;
    const cpu = median(packing[name] ?? []);
    return {
      name: `chunk packed with ${name}`,
      value: plain.length / packedBytes,
      unit: '× smaller',
      bound: null,
      detail:
        `${formatNumber(plain.length / 1e6)} MB to ${formatNumber(packedBytes / 1e6)} MB, ` +
        `${formatNumber((cpu * 1e9) / plain.length)} ns of processor time a byte, ` +
        `loaded at ${formatNumber(ROWS / median(loading[name] ?? []))} rows/s`,
    };
  });
}

async function load(
  index: number,
  { directory, objects, round }: { directory: string; objects: string; round: number },
): Promise<number> {
  const prefix = `c${index}/`;
  const lane = await BenchLane.open({
    directory: join(directory, `lane-${index}-${round}`),
    objects,
    target: 'public.views',
    columns: COLUMNS,
    definition: {
      mode: 'append',
      from: `s3://lake/${prefix}`,
      format: { kind: 'csv' },
      copy: "TIMEFORMAT 'auto'",
    },
  });
  const announced = await lane.announced(prefix);
  const seconds = await secondsOf(() => lane.load(announced));
  expectRows(await lane.countRows(), ROWS);
  await lane.close();
  return seconds;
}

/** Of the whole process: packing runs in threads beside. */
async function cpuSecondsOf(body: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Rows as the consumer makes them of page views: ids that differ, urls and visitors that come again. */
function makeChunk(): Buffer {
  const writer = new LineWriter();
  for (let n = 0; n < ROWS; n += 1) {
    const page = (n * 31) % 977;
    writer.writeRow([
      `${(n * 2_654_435_761) % 4_294_967_296}-${n.toString(36)}`,
      new Date(1.7e12 + n * 37).toISOString(),
      `/products/${page}/reviews`,
      `visitor-${(n * 17) % 4999}`,
      n,
      ((n * 7) % 10_000) / 100,
    ]);
  }
  return Buffer.concat(writer.pieces());
}
