import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { BenchSettings } from '../bench-settings.ts';
import { type LoadResult, sendRequests } from '../events/send-requests.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { median, sideBySide } from '../side-by-side.ts';

const CONNECTIONS = 32;
const SECONDS = 2;
const EVENT_BYTES = 500;
const BATCHES = [1, 100] as const;

/**
 * Events over HTTP, answered when they are on the disk, against a bare fastify route that parses the same body and drops it.
 * The servers are processes of their own.
 */
export async function measureProducer({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const servers = { millrace: await start(['millrace', directory]), bare: await start(['bare']) };
  try {
    const figures: Figure[] = [];
    for (const batch of BATCHES) figures.push(await measureBatch(batch, { servers, rounds }));
    return figures;
  } finally {
    for (const { process } of Object.values(servers)) process.kill('SIGTERM');
  }
}

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
}

async function measureBatch(
  batch: number,
  { servers, rounds }: { servers: Readonly<Record<'millrace' | 'bare', Server>>; rounds: number },
): Promise<Figure> {
  const results: Record<'millrace' | 'bare', LoadResult[]> = { millrace: [], bare: [] };
  const load = (name: 'millrace' | 'bare') => async (round: number) => {
    const request = requestsOf(batch);
    const { port } = servers[name];
    const result = await sendRequests({ port, request, connections: CONNECTIONS, seconds: SECONDS });
    if (round > 0) results[name].push(result);
    return 1 / result.requestsPerSecond;
  };
  const taken = await sideBySide(rounds, { millrace: load('millrace'), bare: load('bare') });
  const [ours, bare] = [1 / median(taken.millrace), 1 / median(taken.bare)];
  const of = (name: 'millrace' | 'bare', pick: (result: LoadResult) => number): number =>
    median(results[name].map(pick));
  const words = (name: 'millrace' | 'bare'): string =>
    `p99 ${formatNumber(of(name, ({ p99Ms }) => p99Ms))} ms, sender ${formatNumber(of(name, ({ senderCores }) => senderCores))} cores`;
  return {
    name: `durable events of ${EVENT_BYTES} bytes, ${batch === 1 ? 'one' : batch} a request`,
    value: ours / bare,
    unit: '× bare fastify',
    bound: { atLeast: 0.6 },
    detail:
      `${formatNumber(ours * batch)} events/s (${words('millrace')}) against ` +
      `${formatNumber(bare * batch)} parsed and dropped (${words('bare')})`,
  };
}

/** Every event with an id of its own. */
function requestsOf(batch: number): () => Buffer {
  let sent = 0;
  const run = `${process.pid}-${Date.now()}`;
  const eventOf = (): string => {
    sent += 1;
    const event = {
      id: `${run}-${String(sent).padStart(9, '0')}`,
      type: 'page.viewed',
      time: '2026-01-01T00:00:00Z',
      data: { url: '/products/4711', referrer: 'https://example.org/', duration: 12.5, text: '' },
    };
    event.data.text = 'x'.repeat(EVENT_BYTES - JSON.stringify(event).length);
    return JSON.stringify(event);
  };
  return () => {
    const body = batch === 1 ? eventOf() : `[${Array.from({ length: batch }, eventOf).join(',')}]`;
    const head = `POST /v1/events HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
    return Buffer.from(`${head}\r\n\r\n${body}`);
  };
}

async function start(args: readonly string[]): Promise<Server> {
  const script = join(import.meta.dirname, '..', 'events', 'serve-producer.ts');
  const child = spawn(process.execPath, ['--conditions=source', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, port: Number(port.toString().trim()) };
}
