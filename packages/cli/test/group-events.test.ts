import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LoadError, type SqlRow } from '@millrace/core';
import { afterEach, expect, it } from 'vitest';
import { ControlClient } from '../src/control/control-client.ts';
import { readControlFile } from '../src/control/control-file.ts';
import {
  cleanUp,
  newFolder,
  type Running,
  readMillrace,
  runMillrace,
  startUp,
  until,
} from './run-millrace.ts';

/** Facts and their dimension, made out of the same events: whoever reads sees both or neither, also over kills. */

afterEach(cleanUp);

const CONFIG = {
  consumer: { maxAge: '50ms', compression: 'none' },
  targets: {
    'public.views': { group: 'web', freshness: '100ms' },
    'public.pages': { group: 'web', freshness: '3s', key: 'url' },
  },
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

/** One statement sees one state: each event has a page of its own, so that either without the other shows. */
const HALVES = `SELECT COUNT(*) AS facts, COUNT(DISTINCT v.id) AS ids,
    SUM(CASE WHEN p.url IS NULL THEN 1 ELSE 0 END) AS without_page,
    (SELECT COUNT(*) FROM public.pages) AS pages
  FROM public.views v LEFT JOIN public.pages p ON p.url = v.url`;

interface Seen {
  readonly facts: number;
  readonly ids: number;
  readonly halves: number;
}

function toSeen([row]: readonly SqlRow[]): Seen {
  const [facts, pages] = [Number(row?.facts), Number(row?.pages)];
  return { facts, ids: Number(row?.ids), halves: Number(row?.without_page ?? 0) + Math.abs(pages - facts) };
}

function unlessStarting(error: unknown): undefined {
  if (!(error instanceof LoadError && error.code === 'starting')) throw error;
}

async function urlOf(up: Running): Promise<string> {
  const address = (): string | undefined => /events are taken at (\S+)/u.exec(up.output().stderr)?.[1];
  await until(() => address() !== undefined, { what: () => `an address; it said ${up.output().stderr}` });
  return address() ?? '';
}

it('become visible together, over HTTP and two kills', { timeout: 90_000 }, async () => {
  const cwd = await newFolder();
  await mkdir(join(cwd, 'migrations'));
  await writeFile(join(cwd, 'migrations', '0001_tables.sql'), TABLES);
  await writeFile(join(cwd, 'millrace.config.json'), JSON.stringify(CONFIG));
  let acknowledged = 0;
  const seen: Seen[] = [];

  async function post(url: string): Promise<void> {
    const events = Array.from({ length: 20 }, (_, n) => ({
      id: `e${acknowledged + n}`,
      type: 'page.viewed',
      time: '2026-01-01T00:00:00Z',
      data: { url: `/${acknowledged + n}` },
    }));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(events) });
    expect(response.status).toBe(202);
    acknowledged += events.length;
  }

  /** Reads again and again until so many facts are there. */
  async function watch(facts: number): Promise<void> {
    const address = readControlFile(join(cwd, '.millrace', 'up.json'));
    if (address === undefined) throw new Error('up does not serve');
    const client = new ControlClient(address);
    await until(
      async () => {
        const rows = await client.query(HALVES).catch(unlessStarting);
        if (rows === undefined) return false;
        const now = toSeen(rows.rows);
        seen.push(now);
        return now.facts >= facts;
      },
      { what: () => `${facts} facts; seen were ${JSON.stringify(seen.at(-1))}` },
    );
  }

  for (let round = 0; round < 3; round += 1) {
    const up = await startUp(cwd, ['--http-port', '0']);
    const url = await urlOf(up);
    const before = acknowledged;
    const watched = watch(before + 100);
    for (let request = 0; request < 10; request += 1) {
      await post(url);
      await pause(40);
    }
    await watched;
    await post(url);
    // In the middle of what was posted last, wherever that is.
    up.process.kill(round < 2 ? 'SIGKILL' : 'SIGTERM');
    await up.ended;
  }
  expect(await runMillrace(['up', '--until-idle'], { cwd })).toMatchObject({ code: 0 });
  seen.push(toSeen(await readMillrace<SqlRow[]>(['query', HALVES], { cwd })));
  expect(seen.at(-1)).toEqual({ facts: 660, ids: 660, halves: 0 });
  expect(seen.filter(({ halves }) => halves > 0)).toEqual([]);
  expect(new Set(seen.map(({ facts }) => facts)).size).toBeGreaterThan(3);
});
