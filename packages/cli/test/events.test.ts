import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlRow } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  cleanUp,
  newFolder,
  type Running,
  readMillrace,
  runMillrace,
  startMillrace,
  until,
} from './run-millrace.ts';

afterEach(cleanUp);

const CONFIG = {
  targets: { 'public.views': {}, 'public.pages': { key: 'url' } },
  events: {
    'page.viewed': [
      { fact: 'public.views', columns: { id: '$.id', url: '$.data.url', at: '$.time' } },
      { dimension: 'public.pages', columns: { url: '$.data.url', last_seen: '$.time' } },
    ],
  },
};
const TABLES = `
  CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(200), at TIMESTAMP);
  CREATE TABLE public.pages (url VARCHAR(200), last_seen TIMESTAMP);`;

async function newProject(config: object = {}): Promise<string> {
  const cwd = await newFolder();
  await mkdir(join(cwd, 'migrations'));
  await writeFile(join(cwd, 'migrations', '0001_tables.sql'), TABLES);
  await writeFile(join(cwd, 'millrace.config.json'), JSON.stringify({ ...CONFIG, ...config }));
  return cwd;
}

const event = (id: string, url = '/home') => ({
  id,
  type: 'page.viewed',
  time: '2026-01-01T00:00:00Z',
  data: { url },
});

async function urlOf(up: Running): Promise<string> {
  const address = (): string | undefined => /events are taken at (\S+)/u.exec(up.output().stderr)?.[1];
  await until(() => address() !== undefined, { what: () => `an address; it said ${up.output().stderr}` });
  return address() ?? '';
}

async function post(url: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function countViews(cwd: string): Promise<unknown> {
  const sql = 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.views';
  return (await readMillrace<SqlRow[]>(['query', sql], { cwd }))[0];
}

async function stop(up: Running): Promise<void> {
  up.process.kill('SIGTERM');
  expect((await up.ended).code).toBe(0);
}

describe('millrace up with events', () => {
  it('makes rows of what is posted, once for however many times', async () => {
    const cwd = await newProject();
    const up = startMillrace(['up', '--http-port', '0'], { cwd });
    const url = await urlOf(up);
    const events = Array.from({ length: 100 }, (_, n) => event(`e${n}`, `/${n % 3}`));
    expect(await post(url, events)).toEqual({ status: 202, body: { accepted: 100, rejected: [] } });
    expect(await post(url, events)).toEqual({ status: 202, body: { accepted: 100, rejected: [] } });
    expect(await post(url, event('single'))).toEqual({ status: 202, body: { accepted: 1, rejected: [] } });
    await stop(up);
    expect(await runMillrace(['up', '--until-idle'], { cwd })).toMatchObject({ code: 0 });
    expect(await countViews(cwd)).toEqual({ n: 101, ids: 101 });
    const pages = await readMillrace<SqlRow[]>(['query', 'SELECT COUNT(*) AS n FROM pages'], { cwd });
    expect(pages).toEqual([{ n: 4 }]);
  });

  it('runs as three processes, each of which can be away while the others go on', async () => {
    const targets = { 'public.views': { freshness: '1s' }, 'public.pages': { key: 'url', freshness: '1s' } };
    const cwd = await newProject({ targets, consumer: { maxAge: '100ms' } });
    const producer = startMillrace(['up', '--only', 'producer', '--http-port', '0'], { cwd });
    const url = await urlOf(producer);
    // Neither consumer nor loader is there yet.
    expect((await post(url, event('a'))).status).toBe(202);
    const consumer = startMillrace(['up', '--only', 'consumer'], { cwd });
    const loader = startMillrace(['up', '--only', 'loader'], { cwd });
    const loaded = (line: string) => loader.output().stdout.includes(line);
    await until(() => loaded('public.views') && loaded('public.pages'), {
      what: () => `the first rows; ${JSON.stringify([loader.output(), consumer.output()])}`,
    });
    loader.process.kill('SIGKILL');
    await loader.ended;
    expect((await post(url, event('b'))).status).toBe(202);
    consumer.process.kill('SIGKILL');
    await consumer.ended;
    expect((await post(url, event('c'))).status).toBe(202);
    // What was acknowledged is there without the producer that acknowledged it; the others do not miss it.
    producer.process.kill('SIGKILL');
    await producer.ended;
    const consumers = startMillrace(['up', '--only', 'consumer'], { cwd });
    const loaders = startMillrace(['up', '--only', 'loader'], { cwd });
    const rows = async (): Promise<unknown> => countViews(cwd);
    await expect.poll(rows, { timeout: 20_000, interval: 300 }).toEqual({ n: 3, ids: 3 });
    const another = startMillrace(['up', '--only', 'producer', '--http-port', '0'], { cwd });
    expect((await post(await urlOf(another), [event('a'), event('d')])).status).toBe(202);
    await expect.poll(rows, { timeout: 20_000, interval: 300 }).toEqual({ n: 4, ids: 4 });
    for (const part of [another, consumers, loaders]) await stop(part);
  });

  it('lets in whoever has a key, when there are keys', async () => {
    const cwd = await newProject({ producer: { keys: { shop: { env: 'SHOP_KEY' } } } });
    const args = ['up', '--only', 'producer', '--http-port', '0'];
    const without = await runMillrace(args, { cwd });
    expect([without.code, without.stderr]).toEqual([
      2,
      expect.stringContaining('keys.shop: the environment variable SHOP_KEY is not set'),
    ]);
    const key = 'k-0123456789-0123456789';
    const producer = startMillrace(args, { cwd, env: { SHOP_KEY: key } });
    const url = await urlOf(producer);
    expect((await post(url, event('a'))).status).toBe(401);
    const body = JSON.stringify(event('a'));
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(202);
    await stop(producer);
  });

  it.each([
    [['--only', 'producer'], 'a producer needs to know where to listen'],
    [['--only', 'consumer', '--http-port', '1'], 'a consumer takes no events'],
    [['--http-port', 'x'], 'write a number from 0 to 65535'],
    [['--http-host', '::1'], '--http-host says nothing without --http-port'],
    [['--only', 'importer'], 'Allowed choices are producer, consumer, loader'],
  ])('refuses %j', async (args, sentence) => {
    const cwd = await newProject();
    const { code, stderr } = await runMillrace(['up', ...args], { cwd });
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe('millrace transform', () => {
  it('shows what events would become', async () => {
    const cwd = await newProject();
    const lines = [event('e1'), { type: 'page.viewed', data: {} }, { ...event('e3'), type: 'page.closed' }];
    await writeFile(
      join(cwd, 'events.ndjson'),
      `${lines.map((one) => JSON.stringify(one)).join('\n')}\n\nno json\n`,
    );
    const { code, stdout, stderr } = await runMillrace(['transform', '--dry-run', 'events.ndjson'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain(
      'line 1: page.viewed e1\n  public.views  at="2026-01-01T00:00:00Z" id="e1" url="/home"',
    );
    expect(stdout).toContain("rejected, key-missing: 'url' is in the key of public.pages and is NULL");
    expect(stdout).toContain("rejected, event-type-unknown: no transform takes events of type 'page.closed'");
    expect(stdout).toContain('line 5: no type no id\n  rejected, event-not-json');
    expect(stderr).toContain('4 events: 2 rows of 2 tables, 3 rejected');
    const json = await runMillrace(['transform', '--dry-run', 'events.ndjson', '--json'], { cwd });
    expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toEqual({
      line: 1,
      kind: 'rows',
      id: 'e1',
      type: 'page.viewed',
      rows: [
        { target: 'public.views', row: { at: '2026-01-01T00:00:00Z', id: 'e1', url: '/home' } },
        { target: 'public.pages', row: { last_seen: '2026-01-01T00:00:00Z', url: '/home' } },
      ],
    });
  });

  it('runs the functions of a millrace.config.ts', async () => {
    const cwd = await newFolder();
    const text = `
      import { defineConfig, dimension, fact, reject, tables, transform } from 'millrace';
      const typed = tables<{ 'public.lines': { id: string; line: number; sku: string } }>();
      export default defineConfig({
        targets: {
          'public.lines': { mode: 'insert-only', key: ['id', 'line'] },
          'public.skus': { mode: 'upsert', key: 'sku', latestBy: 'seen' },
        },
        events: {
          'order.placed': transform<{ skus: string[] }>(({ id, time, data }) =>
            data.skus.length === 0
              ? reject('an order without lines')
              : data.skus.flatMap((sku, line) => [
                  typed.fact('public.lines', { id, line, sku }),
                  dimension('public.skus', { sku, seen: time }),
                ])),
        },
      });`;
    await writeFile(join(cwd, 'millrace.config.ts'), text);
    const order = (id: string, skus: string[]) =>
      JSON.stringify({ id, type: 'order.placed', data: { skus } });
    await writeFile(join(cwd, 'orders.ndjson'), `${order('a', ['x', 'y'])}\n${order('b', [])}\n`);
    const { stdout, stderr } = await runMillrace(['transform', '--dry-run', 'orders.ndjson'], { cwd });
    expect(stdout).toContain('public.lines  id="a" line=1 sku="y"');
    expect(stdout).toContain('rejected, event-refused: an order without lines');
    expect(stderr).toContain('2 events: 4 rows of 2 tables, 1 rejected');
  });
});
