import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamContract } from '@millrace/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedStream } from './embedded-stream.ts';
import { EmbeddedStreamReader } from './embedded-stream-reader.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-stream-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const DAY = 24 * 60 * 60 * 1_000;
const options = { shards: 1, retentionMs: 7 * DAY };

streamContract('EmbeddedStream', async () => {
  let port = await EmbeddedStream.open(directory, { ...options, shards: 3 });
  const opened = {
    get port() {
      return port;
    },
    reshard: async () => {
      await port.close();
      port = await EmbeddedStream.open(directory, { ...options, shards: 2 });
    },
    close: () => port.close(),
  };
  // The suite takes the port once: what stands for it follows a reopening.
  const live = {
    put: (entries: Parameters<EmbeddedStream['put']>[0]) => port.put(entries),
    shards: () => port.shards(),
    read: (shard: string, read: Parameters<EmbeddedStream['read']>[1]) => port.read(shard, read),
  };
  return { port: live, reshard: opened.reshard, close: opened.close };
});

const entry = (text: string) => ({ partitionKey: 'k', data: Buffer.from(text) });
const segments = (shard = '1-0') =>
  readdirSync(join(directory, shard)).map((name) => join(directory, shard, name));

async function textsOf(stream: Pick<EmbeddedStream, 'read'>, shard = '1-0', after: string | null = null) {
  const texts: string[] = [];
  let from = after;
  for (;;) {
    const page = await stream.read(shard, { after: from });
    if (page.records.length === 0) return texts;
    texts.push(...page.records.map(({ data }) => Buffer.from(data).toString()));
    from = page.records.at(-1)?.position ?? null;
  }
}

describe('an embedded stream', () => {
  it('keeps what it has stored over a restart, and goes on behind it', async () => {
    for (const text of ['a', 'b', 'c']) {
      const stream = await EmbeddedStream.open(directory, options);
      await stream.put([entry(text)]);
      await stream.close();
    }
    const stream = await EmbeddedStream.open(directory, options);
    expect(await textsOf(stream)).toEqual(['a', 'b', 'c']);
    await stream.close();
  });

  it.each([1, 7, 8, 12, 17])('cuts off a record of which the last %i bytes are missing', async (missing) => {
    const before = await EmbeddedStream.open(directory, options);
    await before.put([entry('whole')]);
    await before.put([entry('torn')]);
    await before.close();
    const [file = ''] = segments();
    truncateSync(file, statSync(file).size - missing);
    const after = await EmbeddedStream.open(directory, options);
    await after.put([entry('next')]);
    expect(await textsOf(after)).toEqual(['whole', 'next']);
    await after.close();
  });

  it('never gives a place twice: who had seen a record that was cut off misses nothing', async () => {
    const before = await EmbeddedStream.open(directory, options);
    await before.put([entry('whole')]);
    await before.put([entry('torn')]);
    const seen = await before.read('1-0', { after: null });
    await before.close();
    const [file = ''] = segments();
    truncateSync(file, statSync(file).size - 1);
    const after = await EmbeddedStream.open(directory, options);
    await after.put([entry('next'), entry('and next')]);
    const last = seen.records.at(-1)?.position ?? null;
    expect(await textsOf(after, '1-0', last)).toEqual(['next', 'and next']);
    expect((await after.read('1-0', { after: last })).isGap).toBe(false);
    await after.close();
  });

  it('begins anew behind a segment of which not even the header was written', async () => {
    const before = await EmbeddedStream.open(directory, options);
    await before.put([entry('a')]);
    await before.close();
    writeFileSync(join(directory, '1-0', '0000000002.log'), 'MR');
    const after = await EmbeddedStream.open(directory, options);
    await after.put([entry('b')]);
    expect(await textsOf(after)).toEqual(['a', 'b']);
    await after.close();
  });

  it('keeps what it cuts off behind damage in the last segment, and says so', async () => {
    const before = await EmbeddedStream.open(directory, options);
    for (const text of ['first', 'second', 'third']) await before.put([entry(text)]);
    await before.close();
    const [file = ''] = segments();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('second');
    bytes.write('XXXX', at);
    writeFileSync(file, bytes);
    const told: unknown[] = [];
    const after = await EmbeddedStream.open(directory, { ...options, onError: (error) => told.push(error) });
    expect(told).toEqual([
      expect.objectContaining({ code: 'stream-damaged', hint: expect.stringContaining('.cut-') }),
    ]);
    const kept = segments().find((path) => path.includes('.cut-')) ?? '';
    expect(readFileSync(kept, 'latin1')).toContain('third');
    await after.put([entry('next')]);
    expect(await textsOf(after)).toEqual(['first', 'next']);
    await after.close();
  });

  it('keeps a last segment whose header is damaged', async () => {
    const before = await EmbeddedStream.open(directory, options);
    await before.put([entry('first')]);
    const { records } = await before.read('1-0', { after: null });
    await before.close();
    const [file = ''] = segments();
    const bytes = readFileSync(file);
    bytes.write('XXXX', 0);
    writeFileSync(file, bytes);
    const told: unknown[] = [];
    const after = await EmbeddedStream.open(directory, { ...options, onError: (error) => told.push(error) });
    expect(told).toHaveLength(1);
    expect(readFileSync(`${file}.cut-0`, 'latin1')).toContain('first');
    // Who had read of it misses nothing of what comes.
    await after.put([entry('next')]);
    expect(await textsOf(after, '1-0', records[0]?.position ?? null)).toEqual(['next']);
    await after.close();
  });

  it('tells where a closed segment is damaged', async () => {
    const stream = await EmbeddedStream.open(directory, { ...options, segmentBytes: 40 });
    for (const text of ['first', 'second', 'third']) await stream.put([entry(text.repeat(10))]);
    await stream.close();
    const [file = ''] = segments();
    truncateSync(file, statSync(file).size - 3);
    const reader = new EmbeddedStreamReader(directory);
    await expect(textsOf(reader)).rejects.toMatchObject({
      code: 'stream-damaged',
      message: expect.stringContaining(file),
    });
    await reader.close();
  });

  it('is read by another process while it is written, and half a record is nothing yet', async () => {
    const stream = await EmbeddedStream.open(directory, options);
    const reader = new EmbeddedStreamReader(directory);
    await stream.put([entry('a')]);
    expect(await textsOf(reader)).toEqual(['a']);
    const { records } = await reader.read('1-0', { after: null });
    await stream.put([entry('b')]);
    const page = await reader.read('1-0', { after: records[0]?.position ?? null });
    expect(page.records).toHaveLength(1);
    const [file = ''] = segments();
    appendFileSync(file, Buffer.from([30, 0, 0, 0, 1, 2, 3]));
    expect(await reader.read('1-0', { after: page.records[0]?.position ?? null })).toMatchObject({
      records: [],
    });
    await reader.close();
    await stream.close();
  });

  it('gives another process nothing that is not on the disk', async () => {
    const stream = await EmbeddedStream.open(directory, options);
    const synced: number[] = [];
    let isBroken = false;
    const reader = new EmbeddedStreamReader(directory, {
      sync: async (file) => {
        if (isBroken) throw Object.assign(new Error('the disk is gone'), { code: 'EIO' });
        synced.push((await file.stat()).size);
      },
    });
    await stream.put([entry('a')]);
    expect(await textsOf(reader)).toEqual(['a']);
    const [file = ''] = segments();
    expect(synced).toEqual([statSync(file).size]);
    // Nothing new: nothing is to be put there.
    expect(await textsOf(reader)).toEqual(['a']);
    expect(synced).toHaveLength(1);
    isBroken = true;
    await stream.put([entry('b')]);
    const { records } = await reader.read('1-0', { after: null, maxRecords: 1 });
    const after = records[0]?.position ?? null;
    await expect(reader.read('1-0', { after })).rejects.toMatchObject({ code: 'stream-failed' });
    isBroken = false;
    expect(await textsOf(reader, '1-0', after)).toEqual(['b']);
    await reader.close();
    await stream.close();
  });

  it('is written by one process at a time', async () => {
    const stream = await EmbeddedStream.open(directory, options);
    await expect(EmbeddedStream.open(directory, options)).rejects.toMatchObject({ code: 'state-in-use' });
    await stream.close();
  });

  it('removes closed segments by age, and tells a reader who comes too late', async () => {
    let now = Date.now();
    const clock = { ...options, retentionMs: 2 * DAY, now: () => now };
    const stream = await EmbeddedStream.open(directory, clock);
    await stream.put([entry('old')]);
    const seen = await stream.read('1-0', { after: null });
    const { position = '' } = seen.records[0] ?? {};
    now += 3 * DAY;
    await stream.put([entry('unread')]);
    now += 3 * DAY;
    await stream.put([entry('new')]);
    await stream.put([entry('newer')]);
    expect(await textsOf(stream)).toEqual(['new', 'newer']);
    expect((await stream.read('1-0', { after: position })).isGap).toBe(true);
    expect((await stream.read('1-0', { after: null })).isGap).toBe(false);
    await stream.close();
  });

  it('does not take a consumer that has read everything for late', async () => {
    let now = Date.now();
    const stream = await EmbeddedStream.open(directory, { ...options, retentionMs: 2 * DAY, now: () => now });
    await stream.put([entry('old')]);
    const { records } = await stream.read('1-0', { after: null });
    now += 5 * DAY;
    await stream.put([entry('new')]);
    await stream.put([entry('newer')]);
    const page = await stream.read('1-0', { after: records[0]?.position ?? null });
    expect(page).toMatchObject({ isGap: false });
    expect(page.records).toHaveLength(2);
    await stream.close();
  });

  it('refuses more than may wait for the disk, and records that are too large', async () => {
    const stream = await EmbeddedStream.open(directory, { ...options, maxPendingBytes: 1_000 });
    const results = await stream.put(Array.from({ length: 20 }, () => entry('x'.repeat(100))));
    const codes = results.map((result) => (result.kind === 'failed' ? result.error.code : 'stored'));
    expect(codes.slice(0, 5)).toEqual(Array(5).fill('stored'));
    expect(codes.slice(-5)).toEqual(Array(5).fill('stream-busy'));
    const [later] = await stream.put([entry('small')]);
    expect(later?.kind).toBe('stored');
    const [large] = await stream.put([entry('x'.repeat(1024 * 1024))]);
    expect(large).toMatchObject({ kind: 'failed', error: { code: 'record-too-large', class: 'usage' } });
    await stream.close();
  });
});
