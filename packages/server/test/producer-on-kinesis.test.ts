import { KinesisStream } from '@millrace/aws/kinesis';
import { EmulatedKinesis } from '@millrace/testkit/aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ProducerMetrics, startServer } from '../src/index.ts';

let kinesis: EmulatedKinesis;
beforeAll(async () => {
  kinesis = await EmulatedKinesis.start();
});
afterAll(() => kinesis.close());

it('events over HTTP are in Kinesis when they are acknowledged, many in a record', async () => {
  await kinesis.createStream('events', 2);
  const metrics = new ProducerMetrics();
  const stream = new KinesisStream(kinesis.client(), {
    streamName: 'events',
    onStored: (record) => metrics.countStored(record),
  });
  const server = await startServer({ stream, metrics });
  const post = async (ids: readonly string[]): Promise<number> => {
    const response = await fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: ids.map((id) => JSON.stringify({ id, type: 'page.viewed', data: { id } })).join('\n'),
    });
    expect(response.status).toBe(202);
    return ((await response.json()) as { accepted: number }).accepted;
  };
  const ids = Array.from({ length: 600 }, (_, at) => `event-${at}`);
  const batches = Array.from({ length: 30 }, (_, at) => ids.slice(at * 20, at * 20 + 20));
  const accepted = await Promise.all(batches.map(post));
  expect(accepted.reduce((sum, count) => sum + count, 0)).toBe(600);

  const stored: string[] = [];
  for (const { id } of await stream.shards()) {
    const { records } = await stream.read(id, { after: null });
    stored.push(
      ...records.map(({ data }) => (JSON.parse(Buffer.from(data).toString()) as { id: string }).id),
    );
  }
  expect(stored.toSorted()).toEqual(ids.toSorted());

  const text = await (await fetch(`${server.url}/metrics`)).text();
  const figureOf = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'mu').exec(text)?.[1]);
  expect(figureOf('millrace_stream_events_per_record_sum')).toBe(600);
  expect(figureOf('millrace_stream_records_total')).toBeLessThan(100);
  expect(figureOf('millrace_stream_buffered_seconds_count')).toBe(figureOf('millrace_stream_records_total'));
  expect(figureOf('millrace_stream_bytes_total')).toBeGreaterThan(600 * 50);
  await server.close();
  await stream.close();
});
