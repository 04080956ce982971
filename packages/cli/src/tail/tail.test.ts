import { existsSync, readFileSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { StreamWriter } from '@millrace/core';
import { startServer } from '@millrace/server';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Tail, type TailOptions, type TailReport } from './tail.ts';

interface SentEvent {
  readonly id: string;
  readonly type: string;
  readonly log: { readonly path: string; readonly offset: number; readonly cutFrom?: number };
  readonly data: { readonly line: string };
}

let folder: string;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-tail-'));
  at = (name) => join(folder, name);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The producer itself; what it has made durable, in order. */
async function startProducer(
  port = 0,
): Promise<{ url: string; port: number; stored: SentEvent[]; close(): Promise<void> }> {
  const stored: SentEvent[] = [];
  const stream: StreamWriter = {
    put: async (entries) =>
      entries.map(({ data }) => {
        stored.push(JSON.parse(Buffer.from(data).toString()) as SentEvent);
        return { kind: 'stored', shard: 'a' };
      }),
  };
  const server = await startServer({ stream, port });
  onTestFinished(() => server.close());
  return { url: `${server.url}/v1/events`, port: server.port, stored, close: () => server.close() };
}

/** A server that answers as it is told. */
async function startAnswering(
  answer: (events: readonly SentEvent[], reply: ServerResponse, request: IncomingMessage) => void,
): Promise<string> {
  const server = createServer((request, reply) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      answer(
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as SentEvent),
        reply,
        request,
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/events`;
}

function optionsFor(url: string, options: Partial<TailOptions> = {}): TailOptions & { notes: string[] } {
  const notes: string[] = [];
  return {
    patterns: ['*.log'],
    directory: folder,
    statePath: at('state/tail.json'),
    event: { type: 'log.line', source: 'here', parse: 'text' },
    sender: { url, backoffMs: { first: 5, most: 50 } },
    pollMs: 10,
    quietMs: 150,
    onNote: (note) => notes.push(note),
    ...options,
    notes,
  };
}

/** Runs until everything that is there is sent. */
function sendAll(options: TailOptions): Promise<TailReport> {
  return Tail.run({ ...options, untilIdle: true }, new AbortController().signal);
}

function start(options: TailOptions): { stop: () => Promise<TailReport> } {
  const controller = new AbortController();
  const running = Tail.run(options, controller.signal);
  onTestFinished(() => controller.abort());
  return {
    stop: () => {
      controller.abort();
      return running;
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 10) {
    if (waited > 10_000) throw new Error('waited in vain');
    await pause(10);
  }
}

const linesOf = (events: readonly SentEvent[]): string[] => events.map(({ data }) => data.line);
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('tail', () => {
  it('sends each line of each file as an event, and on the next start only what is new', async () => {
    const { url, stored } = await startProducer();
    await writeFile(at('a.log'), text(['one', 'näher "\\', '']));
    await writeFile(at('b.log'), 'uno\nhalf');
    await writeFile(at('old.log.gz'), 'packed\n');
    const options = optionsFor(url, { patterns: ['*.log*', at('a.log')] });
    expect(await sendAll(options)).toEqual({ sent: 4, refused: 0 });
    expect(linesOf(stored).sort()).toEqual(['', 'näher "\\', 'one', 'uno']);
    expect(stored[0]).toMatchObject({
      type: 'log.line',
      source: 'here',
      log: { path: at('a.log'), offset: 0 },
    });
    await appendFile(at('b.log'), ' done\n');
    expect(await sendAll(options)).toEqual({ sent: 1, refused: 0 });
    expect(linesOf(stored).at(-1)).toBe('half done');
    expect(new Set(stored.map(({ id }) => id)).size).toBe(5);
  });

  it('follows a log through rotation by renaming while it runs, and sends its last line without an end', async () => {
    const { url, stored } = await startProducer();
    await writeFile(at('app.log'), text(numbered(0, 3)));
    const tail = start(optionsFor(url, { patterns: ['app.log'] }));
    await until(() => stored.length === 3);
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), text(numbered(3, 5)));
    // Whoever writes has the old file open still.
    await appendFile(at('app.log.1'), 'late\nlast');
    await until(() => stored.length === 7);
    expect(linesOf(stored).sort()).toEqual(['last', 'late', ...numbered(0, 5)].sort());
    const followed = (): number =>
      (JSON.parse(readFileSync(at('state/tail.json'), 'utf8')) as { logs: unknown[] }).logs.length;
    await until(() => followed() === 1);
    expect(await tail.stop()).toEqual({ sent: 7, refused: 0 });
  });

  it('finds a log that was renamed while it did not run, and says what it cannot find', async () => {
    const { url, stored } = await startProducer();
    const options = optionsFor(url, { patterns: ['app.log', 'gone.log'] });
    await writeFile(at('app.log'), text(numbered(0, 3)));
    await writeFile(at('gone.log'), 'bye\n');
    await sendAll(options);
    await appendFile(at('app.log'), text(numbered(3, 5)));
    await rename(at('app.log'), at('app.log.1'));
    await writeFile(at('app.log'), text(numbered(5, 7)));
    await unlink(at('gone.log'));
    expect(await sendAll(options)).toEqual({ sent: 4, refused: 0 });
    expect(linesOf(stored).sort()).toEqual(['bye', ...numbered(0, 7)].sort());
    expect(options.notes).toEqual([
      expect.stringContaining(`${at('gone.log')}, as it was when it was followed last, is gone`),
    ]);
  });

  it('goes on with a log that was away for a while, or that another start did not ask for', async () => {
    const { url, stored } = await startProducer();
    const options = optionsFor(url, { patterns: ['app.log'] });
    await writeFile(at('app.log'), text(numbered(0, 3)));
    await sendAll(options);
    await appendFile(at('app.log'), 'half');
    await writeFile(at('other.log'), 'other\n');
    const others = optionsFor(url, { patterns: ['other.log', 'none.log'] });
    expect(await sendAll(others)).toEqual({ sent: 1, refused: 0 });
    expect(others.notes).toEqual([`${at('none.log')} is not there; it is followed once it is`]);
    await mkdir(at('away'));
    await rename(at('app.log'), at('away/app.log'));
    expect(await sendAll(options)).toEqual({ sent: 0, refused: 0 });
    await rename(at('away/app.log'), at('app.log'));
    await appendFile(at('app.log'), ' a line\n');
    expect(await sendAll(options)).toEqual({ sent: 1, refused: 0 });
    expect(linesOf(stored)).toEqual([...numbered(0, 3), 'other', 'half a line']);
    // Another file in its place, and perhaps with its inode, is sent whole.
    await unlink(at('app.log'));
    await sendAll(options);
    await writeFile(at('app.log'), text(numbered(10, 30)));
    expect(await sendAll(options)).toEqual({ sent: 20, refused: 0 });
  });

  it('follows a log through truncation: copied away and emptied, while it runs and while it does not', async () => {
    const { url, stored } = await startProducer();
    const options = optionsFor(url, { patterns: ['app.log'] });
    await writeFile(at('app.log'), text(numbered(0, 3)));
    const tail = start(options);
    await until(() => stored.length === 3);
    await copyFile(at('app.log'), at('app.log.1'));
    await truncate(at('app.log'), 0);
    await appendFile(at('app.log'), text(numbered(3, 8)));
    await until(() => stored.length === 8);
    await tail.stop();
    await truncate(at('app.log'), 0);
    await appendFile(at('app.log'), text(numbered(8, 20)));
    await sendAll(options);
    expect(linesOf(stored)).toEqual(numbered(0, 20));
    expect(new Set(stored.map(({ id }) => id)).size).toBe(20);
  });

  it('waits while the server is down, and sends in order when it is up', async () => {
    const first = await startProducer();
    await first.close();
    const options = optionsFor(first.url, { patterns: ['app.log'], maxBatchEvents: 10 });
    await writeFile(at('app.log'), text(numbered(0, 40)));
    const tail = start(options);
    await until(() => options.notes.length > 0);
    expect(options.notes[0]).toContain('cannot be reached');
    const second = await startProducer(first.port);
    await until(() => second.stored.length === 40);
    expect(linesOf(second.stored)).toEqual(numbered(0, 40));
    expect(await tail.stop()).toEqual({ sent: 40, refused: 0 });
    expect(options.notes).toEqual([expect.anything(), 'events are taken again']);
  });

  it('cuts a huge line and says so', async () => {
    const { url, stored } = await startProducer();
    await writeFile(at('app.log'), text(['before', '\u0001'.repeat(2_000_000), 'behind']));
    const options = optionsFor(url);
    expect(await sendAll(options)).toEqual({ sent: 3, refused: 0 });
    expect(stored.map(({ data }) => data.line.length)).toEqual([6, 160_000, 6]);
    expect(stored[1]?.log.cutFrom).toBe(2_000_000);
    expect(options.notes).toEqual([expect.stringContaining('has 2000000 bytes')]);
  });

  it('takes lines that are JSON as data, as they stand, and others as text', async () => {
    const { url, stored } = await startProducer();
    await writeFile(at('app.log'), text(['{"a":1,"b":[1.50]}', 'plain', '7']));
    await sendAll(optionsFor(url, { event: { type: 'app', source: 'here', parse: 'json' } }));
    expect(stored.map(({ data }) => data)).toEqual([{ a: 1, b: [1.5] }, { line: 'plain' }, 7]);
  });

  it('begins at the end where it is told to, and sends files that come later whole', async () => {
    const { url, stored } = await startProducer();
    await writeFile(at('a.log'), text(['old']));
    const tail = start(optionsFor(url, { fromEnd: true }));
    await until(() => existsSync(at('state/tail.json')));
    await appendFile(at('a.log'), text(['new']));
    await writeFile(at('b.log'), text(['whole']));
    await until(() => stored.length === 2);
    await tail.stop();
    expect(linesOf(stored).sort()).toEqual(['new', 'whole']);
  });

  it('begins no later file at its end, also when the first start found none', async () => {
    const { url, stored } = await startProducer();
    const options = optionsFor(url, { fromEnd: true });
    await sendAll(options);
    await writeFile(at('a.log'), text(['later']));
    await sendAll(options);
    expect(linesOf(stored)).toEqual(['later']);
  });

  it('lets one process at a time have a state', async () => {
    const { url } = await startProducer();
    const tail = start(optionsFor(url));
    await until(() => existsSync(at('state/tail.json.lock')));
    await expect(sendAll(optionsFor(url))).rejects.toMatchObject({ code: 'tail-running' });
    await tail.stop();
    await sendAll(optionsFor(url));
  });
});

describe('what a server answers', () => {
  it('as too large makes requests smaller, and a line that is too large alone is kept aside', async () => {
    const taken: SentEvent[] = [];
    const url = await startAnswering((events, reply) => {
      const isTooLarge = events.length > 3 || events.some(({ data }) => data.line === 'line 5');
      if (!isTooLarge) taken.push(...events);
      reply.statusCode = isTooLarge ? 413 : 202;
      reply.end(
        isTooLarge ? '<html>too large</html>' : JSON.stringify({ accepted: events.length, rejected: [] }),
      );
    });
    await writeFile(at('app.log'), text(numbered(0, 12)));
    expect(await sendAll(optionsFor(url))).toEqual({ sent: 11, refused: 1 });
    expect(linesOf(taken)).toEqual(numbered(0, 12).filter((line) => line !== 'line 5'));
    expect(await readFile(at('state/tail.json.refused.ndjson'), 'utf8')).toContain('line 5');
  });

  it('of single events is heard: those to be sent again are, those refused are kept aside', async () => {
    const taken: SentEvent[] = [];
    let requests = 0;
    const url = await startAnswering((events, reply) => {
      requests += 1;
      const rejected: object[] = [];
      for (const [index, event] of events.entries()) {
        if (event.data.line === 'line 1') rejected.push({ index, code: 'event-bad', reason: 'bad' });
        else if (requests === 1 && index > 2)
          rejected.push({ index, code: 'stream-busy', reason: 'busy', retry: true });
        else taken.push(event);
      }
      reply.statusCode = 202;
      reply.end(JSON.stringify({ accepted: events.length - rejected.length, rejected }));
    });
    await writeFile(at('app.log'), text(numbered(0, 6)));
    expect(await sendAll(optionsFor(url))).toEqual({ sent: 5, refused: 1 });
    expect(linesOf(taken)).toEqual(['line 0', 'line 2', 'line 3', 'line 4', 'line 5']);
  });

  it('as a page of somebody else, a refused key, or 503 loses nothing', async () => {
    const answers = [
      [200, 'welcome'],
      [400, '<html>bad request</html>'],
      [401, '{"detail":"no known API key"}'],
      [503, '{"detail":"closing"}'],
      [422, '{"rejected":[{"index":0,"code":"event-type-unknown","reason":"no transform takes it"}]}'],
    ] as const;
    const taken: SentEvent[] = [];
    let requests = 0;
    let key: string | undefined;
    const url = await startAnswering((events, reply, { headers }) => {
      key = headers.authorization;
      const [status, body] = answers[requests] ?? [202, '{"accepted":2,"rejected":[]}'];
      if (answers[requests] === undefined) taken.push(...events);
      requests += 1;
      reply.statusCode = status;
      reply.end(body);
    });
    await writeFile(at('app.log'), text(['a', 'b']));
    const options = optionsFor(url);
    const { sent } = await sendAll({ ...options, sender: { ...options.sender, key: 'secret' } });
    expect([sent, linesOf(taken), key]).toEqual([2, ['a', 'b'], 'Bearer secret']);
    expect(options.notes).toHaveLength(6);
  });
});

describe('a line that nobody knows to have arrived', () => {
  it('is sent again under the same id, whatever the batches are', async () => {
    const received: SentEvent[] = [];
    let requests = 0;
    const url = await startAnswering((events, reply) => {
      received.push(...events);
      requests += 1;
      // Stored, and the answer is lost.
      if (requests <= 2) reply.destroy();
      else reply.writeHead(202).end(JSON.stringify({ accepted: events.length, rejected: [] }));
    });
    await writeFile(at('app.log'), text(numbered(0, 20)));
    const controller = new AbortController();
    const options = optionsFor(url);
    const first = Tail.run({ ...options, maxBatchEvents: 15 }, controller.signal);
    await until(() => requests >= 2);
    controller.abort();
    await first;
    await sendAll({ ...options, maxBatchEvents: 7 });
    const byId = new Map(received.map((event) => [event.id, event.data.line]));
    expect(received.length).toBeGreaterThan(20);
    expect([...byId.values()]).toEqual(numbered(0, 20));
  });
});
