import { afterEach, describe, expect, it } from 'vitest';
import { sendEvents } from './send-events.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** One bad row costs its event, and not the rows that share a chunk with it. */

const TABLES = `
  CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(10) NOT NULL, at TIMESTAMP, n SMALLINT, ok BOOLEAN,
    price DECIMAL(5,2), props SUPER);
  CREATE TABLE public.pages (url VARCHAR(200), last_seen TIMESTAMP);`;
const TARGETS = { 'public.views': {}, 'public.pages': { key: 'url' } };
const COLUMNS = {
  id: '$.id',
  url: '$.data.url',
  at: '$.data.at',
  n: '$.data.n',
  ok: '$.data.ok',
  price: '$.data.price',
  props: '$.data.props',
};
const EVENTS = {
  'page.viewed': [
    { fact: 'public.views', columns: COLUMNS },
    { dimension: 'public.pages', columns: { url: '$.data.url', last_seen: '$.time' } },
  ],
};
const GOOD = { url: '/x', at: '2026-01-01T00:00:00Z', n: 1, ok: true, price: 1.5, props: { a: 1 } };

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const newProject = (targets: Readonly<Record<string, unknown>> = TARGETS) =>
  projects.make({ tables: TABLES, targets, config: { events: EVENTS } });

async function rejectsOf(project: TestProject): Promise<Record<string, string>[]> {
  const millrace = await project.open();
  const { objects, settings } = project.loader;
  const { bucket } = settings.control;
  const lines: Record<string, string>[] = [];
  for await (const { key } of objects.list({ bucket, prefix: 'rejects/' })) {
    for await (const part of await objects.read({ bucket, key })) {
      for (const line of Buffer.from(part).toString().trim().split('\n')) lines.push(JSON.parse(line));
    }
  }
  await millrace.stop();
  return lines;
}

describe('events whose rows do not fit their tables', () => {
  it('are rejected one by one, with column, value and type; all others are loaded', async () => {
    const project = newProject();
    const bad = {
      long: { url: '/éééééé' },
      'not a number': { n: 'many' },
      'out of range': { n: 40_000 },
      'no such day': { at: '2026-02-30' },
      'no such zone': { at: '2026-02-28T10:00:00-23:59' },
      'no boolean': { ok: 'maybe' },
      'too large': { price: 1000 },
      'no JSON': { props: '{"a":' },
      'no url': { url: undefined },
    };
    const good = Array.from({ length: 50 }, (_, n) => ({ id: `good-${n}`, data: GOOD }));
    const all = [...good, ...Object.entries(bad).map(([id, data]) => ({ id, data: { ...GOOD, ...data } }))];
    await sendEvents(project, all);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.views')).toEqual([{ n: 50 }]);
      // The dimension of an event that is rejected is not there either.
      expect(await rowsOf(millrace, 'SELECT url FROM public.pages')).toEqual([{ url: '/x' }]);
      expect(await statusOf(millrace, 'public.views')).toMatchObject({ quarantined: 0, waiting: 0 });
    });
    const rejects = await rejectsOf(project);
    expect(rejects.map(({ id }) => id).sort()).toEqual(Object.keys(bad).sort());
    const { event, arrivedAt, position, shard, ...long } = rejects.find(({ id }) => id === 'long') ?? {};
    expect(long).toEqual({
      code: 'value-misfit',
      id: 'long',
      type: 'page.viewed',
      target: 'public.views',
      reason: "'/éééééé' does not fit column 'url' of public.views (character varying(10)): it has 13 bytes",
    });
    expect(JSON.parse(event ?? '')).toMatchObject({ id: 'long' });
  });

  it('are loaded when the table was altered in time, and when COPY is told to cut', async () => {
    const project = newProject({ ...TARGETS, 'public.views': { copy: 'TRUNCATECOLUMNS' } });
    await sendEvents(project, [{ id: 'a', data: { ...GOOD, url: '/a-long-one' } }]);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT url FROM public.views')).toEqual([{ url: '/a-long-on' }]);
    });
    project.configure({ targets: TARGETS });
    await project.drain(async (millrace) => {
      await sendEvents(project, [{ id: 'b', data: GOOD }]);
      await millrace.untilIdle();
      await millrace.query('ALTER TABLE public.views ALTER COLUMN url TYPE VARCHAR(40)');
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await sendEvents(project, [{ id: 'c', data: { ...GOOD, url: '/as-long-as-it-may-be' } }]);
      await millrace.untilIdle();
      expect(await rowsOf(millrace, 'SELECT id FROM public.views ORDER BY id')).toHaveLength(3);
    });
    expect(await rejectsOf(project)).toEqual([]);
  });
});
