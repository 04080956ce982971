import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { sendEvents } from './send-events.ts';
import { rowsOf, type TestProject, TestProjects } from './test-project.ts';

/** Events that became no rows are seen, counted, and become rows once when what was wrong was mended. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const LOGGED = [{ fact: 'public.log', columns: { id: '$.id', note: '$.data.note' } }];
const IDS = 'SELECT id FROM public.log ORDER BY id';

const newProject = () =>
  projects.make({
    tables: 'CREATE TABLE public.log (id VARCHAR(64), note VARCHAR(5));',
    // Appended to: nothing but the redrive itself keeps rows from being there twice.
    targets: { 'public.log': { mode: 'append' } },
    config: { events: { 'note.taken': LOGGED } },
  });

async function rejectSome(project: TestProject): Promise<void> {
  await sendEvents(project, [
    { id: 'good', type: 'note.taken', data: { note: 'short' } },
    { id: 'long', type: 'note.taken', data: { note: 'too long' } },
    { id: 'a', type: 'note.made', data: { note: 'a' } },
    { id: 'b', type: 'note.made', data: { note: 'b' } },
    'no JSON',
  ]);
  await project.drain(async (millrace) => {
    expect(await rowsOf(millrace, IDS)).toEqual([{ id: 'good' }]);
  });
}

const mend = (project: TestProject) =>
  project.configure({ events: { 'note.taken': LOGGED, 'note.made': LOGGED } });

describe('rejected events', () => {
  it('are listed with the reason, by type, reason and target, and counted', async () => {
    const project = newProject();
    await rejectSome(project);
    const millrace = await project.open();
    const { entries, hasMore } = await millrace.rejects({});
    expect(hasMore).toBe(false);
    const short = entries.map(({ id, type, target, code }) => ({ id, type, target, code }));
    expect(short.toSorted((x, y) => String(x.id).localeCompare(String(y.id)))).toEqual([
      { id: 'a', type: 'note.made', target: null, code: 'event-type-unknown' },
      { id: 'b', type: 'note.made', target: null, code: 'event-type-unknown' },
      { id: 'long', type: 'note.taken', target: 'public.log', code: 'value-misfit' },
      { id: null, type: null, target: null, code: 'event-not-json' },
    ]);
    const idsOf = async (selection: Parameters<typeof millrace.rejects>[0]) =>
      (await millrace.rejects(selection)).entries.map(({ id }) => id).sort();
    expect(await idsOf({ type: 'note.made' })).toEqual(['a', 'b']);
    expect(await idsOf({ code: 'value-misfit' })).toEqual(['long']);
    expect(await idsOf({ target: 'public.log' })).toEqual(['long']);
    expect(await idsOf({ ids: ['b'] })).toEqual(['b']);
    expect(await idsOf({ since: Date.now() })).toEqual([]);
    const pages: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await millrace.rejects({}, { cursor, limit: 1 });
      expect(page.entries).toHaveLength(1);
      expect(page.hasMore).toBe(page.next !== null);
      pages.push(...page.entries.map(({ position, shard }) => `${shard} ${position}`));
      cursor = page.next;
    } while (cursor !== null);
    expect(pages).toEqual(entries.map(({ position, shard }) => `${shard} ${position}`));
    await expect(millrace.rejects({}, { cursor: '../x' })).rejects.toMatchObject({ code: 'invalid-cursor' });
    const { events } = await millrace.status();
    expect(events?.rejects).toEqual([
      { type: 'note.made', code: 'event-type-unknown', events: 2 },
      expect.objectContaining({ events: 1 }),
      expect.objectContaining({ events: 1 }),
    ]);
    expect(events?.shards.every(({ millisBehindLatest }) => millisBehindLatest === 0)).toBe(true);
    await millrace.stop();
  });

  it('become rows when the transform was mended, once however often they are redriven', async () => {
    const project = newProject();
    await rejectSome(project);
    mend(project);
    await project.drain(async (millrace) => {
      expect(await millrace.redriveRejects({ ids: ['a'] })).toEqual({ redriven: 1, rejected: 0 });
      expect(await millrace.redriveRejects({ ids: ['a'] })).toEqual({ redriven: 0, rejected: 0 });
      // The one that is too long is still too long, and what is no JSON stays none.
      const actor = { by: 'ada', why: 'note.made is mapped' };
      expect(await millrace.redriveRejects({}, actor)).toEqual({ redriven: 1, rejected: 2 });
      const [{ at: _, id: __, ...act } = {}] = (await millrace.activity({ cursor: null, limit: 1 })).entries;
      expect(act).toEqual({
        ...{ action: 'redrive', target: null, ...actor, outcome: 'done' },
        text: 'all rejected events: 1 redriven, 2 rejected again',
      });
      expect(await millrace.redriveRejects({})).toEqual({ redriven: 0, rejected: 2 });
      await millrace.untilIdle();
      expect(await rowsOf(millrace, IDS)).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'good' }]);
      const { entries } = await millrace.rejects({});
      expect(entries.map(({ id }) => id).sort()).toEqual(['long', null].sort());
      expect(entries.every(({ shard, position }) => /^\d-\d$/u.test(shard) && position !== '')).toBe(true);
      await millrace.query('ALTER TABLE public.log ALTER COLUMN note TYPE VARCHAR(40)');
      expect(await millrace.redriveRejects({ code: 'value-misfit' })).toEqual({ redriven: 1, rejected: 0 });
      await millrace.untilIdle();
      expect(await rowsOf(millrace, IDS)).toHaveLength(4);
    });
  });

  it('are there once when the redrive dies behind its seal', async () => {
    const project = newProject();
    await rejectSome(project);
    mend(project);
    const dying = await project.open((loader) => ({
      ...loader,
      objects: replaceMethods(loader.objects, {
        delete: async () => {
          throw new Error('died');
        },
      }),
    }));
    await expect(dying.redriveRejects({ type: 'note.made' })).rejects.toThrow('died');
    await dying.stop();
    await project.drain(async (millrace) => {
      await millrace.redriveRejects({});
      await millrace.redriveRejects({});
      await millrace.untilIdle();
      expect(await rowsOf(millrace, IDS)).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'good' }]);
      const { entries } = await millrace.rejects({});
      expect(entries).toHaveLength(2);
    });
  });
});
