import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { openEventStream } from '../src/events/open-event-stream.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** From the stream to rows: what is sent is there once, whatever it becomes and however often it is sent. */

const TABLES = `
  CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(200), at TIMESTAMP, props SUPER);
  CREATE TABLE public.pages (url VARCHAR(200), last_seen TIMESTAMP, title VARCHAR(200));`;

const MAPPED = {
  'page.viewed': [
    { fact: 'public.views', columns: { id: '$.id', url: '$.data.url', at: '$.time', props: '$.data.props' } },
    { dimension: 'public.pages', columns: { url: '$.data.url', last_seen: '$.time' } },
  ],
  'page.titled': [
    { dimension: 'public.pages', columns: { url: '$.data.url', title: '$.data.title', last_seen: '$.time' } },
  ],
};
const TARGETS = { 'public.views': {}, 'public.pages': { key: 'url' } };

const projects = new TestProjects();
afterEach(() => projects.removeAll());

function newProject(config: Readonly<Record<string, unknown>> = {}) {
  return projects.make({ tables: TABLES, targets: TARGETS, config: { events: MAPPED, ...config } });
}

interface Sent {
  readonly id: string;
  readonly type?: string;
  readonly time?: string;
  readonly data?: unknown;
}

/** What a producer does with events that it has checked. */
async function send(project: TestProject, events: readonly (Sent | string)[]): Promise<void> {
  const { events: config } = parseConfig({ targets: TARGETS, events: MAPPED }, { source: 'test' });
  if (config === null) throw new Error('the test has events');
  const { stream, close } = await openEventStream(config, {
    directory: project.directory,
    onError: (_, error) => {
      throw error;
    },
  });
  const results = await stream.put(
    events.map((event) => ({
      partitionKey: typeof event === 'string' ? 'raw' : event.id,
      data: Buffer.from(
        typeof event === 'string'
          ? event
          : JSON.stringify({ type: 'page.viewed', time: '2026-01-01T00:00:00Z', data: {}, ...event }),
      ),
    })),
  );
  expect(results.filter(({ kind }) => kind !== 'stored')).toEqual([]);
  await close();
}

describe('events', () => {
  it('become a fact and a dimension', async () => {
    const project = newProject();
    await send(project, [
      { id: 'a', data: { url: '/x', props: { tags: ['1', 'b"c'], n: 1.5 } } },
      { id: 'b', time: '2026-01-02T00:00:00Z', data: { url: '/x' } },
      { id: 'c', data: { url: 'a,"quoted"\nurl\\ ' } },
    ]);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT id, url, props.n AS n FROM public.views ORDER BY id')).toEqual([
        { id: 'a', url: '/x', n: '1.5' },
        { id: 'b', url: '/x', n: null },
        { id: 'c', url: 'a,"quoted"\nurl\\ ', n: null },
      ]);
      expect(await rowsOf(millrace, "SELECT last_seen FROM public.pages WHERE url = '/x'")).toEqual([
        { last_seen: '2026-01-02 00:00:00' },
      ]);
    });
    expect(project.defects).toEqual([]);
  });

  it('that are sent twice, before and after they were loaded, are there once', async () => {
    const project = newProject();
    const events = Array.from({ length: 300 }, (_, n) => ({ id: `e${n}`, data: { url: `/${n % 7}` } }));
    await send(project, [...events, ...events]);
    const counts = 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.views';
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, counts)).toEqual([{ n: 300, ids: 300 }]);
    });
    await send(project, [...events, { id: 'new', data: { url: '/new' } }]);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, counts)).toEqual([{ n: 301, ids: 301 }]);
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.pages')).toEqual([{ n: 8 }]);
    });
  });

  it('of two types fill different columns of one table', async () => {
    const project = newProject();
    await send(project, [
      { id: 'a', data: { url: '/x' } },
      { id: 'b', type: 'page.titled', time: '2026-01-04T00:00:00Z', data: { url: '/x', title: 'Title' } },
      { id: 'c', time: '2026-01-03T00:00:00Z', data: { url: '/x' } },
    ]);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT url, title, last_seen FROM public.pages')).toEqual([
        { url: '/x', title: 'Title', last_seen: '2026-01-04 00:00:00' },
      ]);
      expect(await statusOf(millrace, 'public.pages')).toMatchObject({
        loaded: 2,
        waiting: 0,
        quarantined: 0,
      });
    });
  });

  it('that cannot become rows are kept with the reason, and hold nobody back', async () => {
    const project = newProject();
    await send(project, [
      { id: 'good', data: { url: '/x' } },
      { id: 'unknown', type: 'page.closed' },
      '{"not json',
      { id: 'no key', type: 'page.titled', data: { title: 'lost' } },
      { id: 'nul', data: { url: 'a\0b' } },
    ]);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT id FROM public.views')).toEqual([{ id: 'good' }]);
    });
    const lines: { code: string; event: string }[] = [];
    const bucket = project.loader.settings.control.bucket;
    const files: string[] = [];
    const again = await project.open();
    for await (const { key } of project.loader.objects.list({ bucket, prefix: 'rejects/' })) {
      files.push(key);
      for await (const part of await project.loader.objects.read({ bucket, key })) {
        for (const line of Buffer.from(part).toString().trim().split('\n')) lines.push(JSON.parse(line));
      }
    }
    await again.stop();
    expect(lines.map(({ code }) => code).sort()).toEqual([
      'event-not-json',
      'event-type-unknown',
      'key-missing',
      'value-invalid',
    ]);
    expect(lines.find(({ code }) => code === 'event-not-json')?.event).toBe('{"not json');
    expect(project.defects.map(({ where, error }) => [where, (error as { code: string }).code])).toEqual(
      files.map(() => ['events', 'events-rejected']),
    );
  });

  it('are loaded while the pipeline runs', async () => {
    const project = newProject({ consumer: { maxAge: '50ms' } });
    project.configure({
      targets: { 'public.views': { freshness: '1s' }, 'public.pages': { key: 'url', freshness: '1s' } },
    });
    const millrace = await project.open();
    await millrace.start();
    await send(project, [{ id: 'a', data: { url: '/x' } }]);
    await expect
      .poll(() => rowsOf(millrace, 'SELECT id FROM public.views'), { timeout: 15_000 })
      .toEqual([{ id: 'a' }]);
    await millrace.stop();
    expect(project.defects).toEqual([]);
  });
});

describe('a backup', () => {
  it('has the seals with the tracker: what was consumed since is consumed again', async () => {
    const project = newProject();
    const backup = join(project.directory, 'backup');
    await send(project, [{ id: 'a', data: { url: '/x' } }]);
    await project.drain(async (millrace) => {
      await millrace.backup(backup);
    });
    await send(project, [{ id: 'b', data: { url: '/x' } }]);
    await project.drain(async () => {});
    const state = join(project.directory, '.millrace');
    for (const name of ['tracker.db', 'warehouse.duckdb', 'seals.db']) {
      for (const end of ['', '-wal', '-shm', '.wal']) rmSync(join(state, name + end), { force: true });
      copyFileSync(join(backup, name), join(state, name));
    }
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT id FROM public.views ORDER BY id')).toEqual([
        { id: 'a' },
        { id: 'b' },
      ]);
    });
    expect(project.defects).toEqual([]);
  });
});
