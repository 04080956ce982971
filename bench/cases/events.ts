import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchSettings } from '../bench-settings.ts';
import { sendAtRate } from '../events/send-at-rate.ts';
import { type Figure, formatNumber } from '../figure.ts';

const RATE = 5_000;
const SECONDS = 60;
const FRESHNESS_SECONDS = 5;
const EVENT_BYTES = 500;
const POLL_MS = 200;
/** How long the last events may take before they count as lost. */
const GIVE_UP_MS = 60_000;
/** Memory is compared between here and the end: until then buffers and compiled code grow. */
const WARM_SECONDS = 15;

/** Events from the POST to the row that can be queried, at a steady rate; and the producer's memory while nobody consumes. */
export async function measureEvents({ directory }: BenchSettings): Promise<readonly Figure[]> {
  return [
    await measureFreshness(join(directory, 'whole')),
    ...(await measureMemory(join(directory, 'producer'))),
  ];
}

async function measureFreshness(directory: string): Promise<Figure> {
  const server = await start('serve-pipeline.ts', [directory, `${FRESHNESS_SECONDS}s`]);
  try {
    const sentIn = new Map<number, number>();
    const visible = new Map<number, number>();
    let isSending = true;
    const sending = sendAtRate({
      port: server.port,
      eventsPerSecond: RATE,
      seconds: SECONDS,
      eventOf: (n) => {
        const sentAt = Date.now();
        const tenth = Math.floor(sentAt / 100);
        sentIn.set(tenth, (sentIn.get(tenth) ?? 0) + 1);
        return eventOf(n, sentAt);
      },
    }).finally(() => {
      isSending = false;
    });
    const until = Date.now() + SECONDS * 1_000 + GIVE_UP_MS;
    while (isSending || visible.size < sentIn.size) {
      await pause(POLL_MS);
      const rows = await server.ask();
      const now = Date.now();
      for (const [tenth, amount] of rows) {
        const isOver = (tenth + 2) * 100 < now;
        if (isOver && !visible.has(tenth) && amount === sentIn.get(tenth)) visible.set(tenth, now);
        if (amount > (sentIn.get(tenth) ?? 0)) throw new Error('there are more rows than events');
      }
      if (now > until) throw new Error(`${sentIn.size - visible.size} tenths of a second never became whole`);
    }
    const { sent, lateMs } = await sending;
    // Of all events of a tenth the one that was sent first, and the slowest: never less than what an event took.
    const ages = [...visible].map(([tenth, at]) => (at - tenth * 100) / 1_000).sort((a, b) => a - b);
    const part = (share: number): number => ages[Math.ceil(ages.length * share) - 1] ?? Number.NaN;
    return {
      name: `events, POST to queryable, p99 at ${formatNumber(RATE)}/s`,
      value: part(0.99),
      unit: 's',
      bound: { atMost: FRESHNESS_SECONDS + 1 },
      detail:
        `${formatNumber(sent)} events of ${EVENT_BYTES} bytes in ${SECONDS} s, freshness ${FRESHNESS_SECONDS} s; ` +
        `p50 ${formatNumber(part(0.5))} s, worst ${formatNumber(part(1))} s, looked every ${POLL_MS} ms, sender ${formatNumber(lateMs)} ms late`,
    };
  } finally {
    server.process.kill('SIGTERM');
  }
}

async function measureMemory(directory: string): Promise<readonly Figure[]> {
  const server = await start('serve-producer.ts', ['millrace', directory]);
  try {
    const sizes: number[] = [];
    const timer = setInterval(() => sizes.push(residentBytesOf(server.process)), 1_000);
    const { sent } = await sendAtRate({
      port: server.port,
      eventsPerSecond: RATE,
      seconds: SECONDS,
      eventOf: (n) => eventOf(n, Date.now()),
    });
    clearInterval(timer);
    const early = Math.max(...sizes.slice(0, WARM_SECONDS));
    const late = Math.max(...sizes.slice(-WARM_SECONDS));
    return [
      {
        name: 'producer, memory while nobody consumes',
        value: late / early,
        unit: '× of its first seconds',
        bound: { atMost: 1.2 },
        detail: `${formatNumber(sent)} events in ${SECONDS} s: ${formatNumber(early / 1e6)} MB in the first ${WARM_SECONDS} s, ${formatNumber(late / 1e6)} MB in the last`,
      },
    ];
  } finally {
    server.process.kill('SIGTERM');
  }
}

function eventOf(n: number, sentAt: number): object {
  const event = {
    id: `e${n}`,
    type: 'page.viewed',
    time: new Date(sentAt).toISOString(),
    data: { url: `/products/${n % 997}`, sentAt, text: '' },
  };
  event.data.text = 'x'.repeat(EVENT_BYTES - JSON.stringify(event).length);
  return event;
}

interface Server {
  readonly process: ChildProcess;
  readonly port: number;
  /** Rows by the tenth of a second in which they were sent. */
  readonly ask: () => Promise<readonly (readonly [number, number])[]>;
}

async function start(script: string, args: readonly string[]): Promise<Server> {
  const path = join(import.meta.dirname, '..', 'events', script);
  const child = spawn(process.execPath, ['--conditions=source', path, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended`);
    return value;
  };
  const port = Number(await nextLine());
  const ask = async () => {
    child.stdin.write('?\n');
    return JSON.parse(await nextLine()) as readonly (readonly [number, number])[];
  };
  return { process: child, port, ask };
}

function residentBytesOf({ pid }: ChildProcess): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error('/proc tells no VmRSS: memory is measured on Linux');
  return Number(kibibytes) * 1024;
}
