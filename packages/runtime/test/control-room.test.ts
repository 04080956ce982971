import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FailureEntry } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { rowsOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const TABLES = 'CREATE TABLE a (n INTEGER); CREATE TABLE b (n INTEGER);';
const target = (name: string) => ({
  mode: 'append',
  from: `s3://lake/${name}/`,
  format: { kind: 'csv' },
  freshness: '100ms',
});
const newProject = () =>
  projects.make({
    tables: TABLES,
    targets: { 'public.a': target('a'), 'public.b': target('b') },
    config: { warehouse: { kind: 'local', windows: ['mon:00:00-mon:01:00'] } },
  });

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; !(await isSo()); look += 1) {
    if (look > 600) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const cardOf = async (millrace: Millrace, name: string) =>
  (await millrace.overview()).targets.find((card) => card.target === name);

describe('who watches', () => {
  it('sees every target, what was loaded, and what was put aside page by page', async () => {
    const project = newProject();
    project.put('a/1.csv', '1\n2\n');
    for (let nth = 0; nth < 5; nth += 1) project.put(`b/bad-${nth}.csv`, `1\nx${nth}\n`);
    project.put('b/good.csv', '7\n');
    await project.drain(async (millrace) => {
      const { targets, budget, warehouse, timeline } = await millrace.overview();
      expect(targets).toMatchObject([
        { target: 'public.a', mode: 'append', health: 'fresh', loaded: 1, rows: 2, freshnessMs: 100 },
        { target: 'public.b', loaded: 1, rows: 1, quarantined: 5, waiting: 0 },
      ]);
      expect([budget.running, budget.inLine, warehouse.state]).toEqual([0, [], 'open']);
      expect(timeline.spans.every(({ kind }) => kind === 'window')).toBe(true);
      const { minutes } = await millrace.loadHistory(null);
      expect(minutes.reduce((sum, { rows }) => sum + rows, 0)).toBe(3);
      expect((await millrace.loadHistory('public.a')).minutes).toMatchObject([
        { jobs: 1, files: 1, rows: 2 },
      ]);
      const found: FailureEntry[] = [];
      let cursor: string | null = null;
      do {
        const page = await millrace.failurePage({ cursor, limit: 2, state: 'quarantined' });
        found.push(...page.entries);
        cursor = page.next;
      } while (cursor !== null);
      expect(found).toEqual(await millrace.failures({}));
      expect(
        (await millrace.failurePage({ cursor: null, limit: 9, prefix: 's3://lake/b/bad-3' })).entries,
      ).toHaveLength(1);
      expect((await millrace.failurePage({ cursor: null, limit: 9, target: 'public.a' })).entries).toEqual(
        [],
      );
    });
  });

  it('sees the line of a paused target, oldest first, and each look the same numbers', async () => {
    const project = newProject();
    const millrace = await project.open();
    await millrace.start();
    await millrace.pause({ target: 'public.a', by: 'ada', why: 'a test' });
    for (let nth = 0; nth < 5; nth += 1) project.put(`a/${nth}.csv`, '1\n');
    await until(async () => (await cardOf(millrace, 'public.a'))?.waiting === 5);
    expect(await cardOf(millrace, 'public.a')).toMatchObject({
      health: 'paused',
      text: 'paused by ada: a test',
    });
    expect(await cardOf(millrace, 'public.a')).toMatchObject({ waiting: 5 });
    const first = await millrace.waitingPage('public.a', { cursor: null, limit: 3 });
    const second = await millrace.waitingPage('public.a', { cursor: first.next, limit: 3 });
    expect([...first.files, ...second.files].map(({ size }) => size)).toEqual([2, 2, 2, 2, 2]);
    expect(new Set([...first.files, ...second.files].map(({ url }) => url)).size).toBe(5);
    await millrace.stop();
  });
});

describe('who acts', () => {
  it('is remembered, also after the process and the tracker are gone', async () => {
    const project = newProject();
    project.put('a/1.csv', 'x\n');
    await project.drain(async (millrace) => {
      await millrace.pause({ target: null, by: 'ada', why: 'a resize' });
      await millrace.resume({ target: null, by: 'grace', why: 'it is over' });
      await millrace.redrive({ target: 'public.a' }, { by: 'ada' });
      await expect(millrace.resume({ target: 'public.none', by: 'eve' })).rejects.toMatchObject({
        code: 'target-unknown',
      });
      await millrace.reconcile({ repair: false, cursor: null });
      await millrace.reconcile({ repair: true, cursor: null, by: 'ada', why: 'to be sure' });
    });
    for (const end of ['', '-wal', '-shm']) {
      rmSync(join(project.directory, '.millrace', `tracker.db${end}`), { force: true });
    }
    const millrace = await project.open();
    const { entries, next } = await millrace.activity({ cursor: null, limit: 10 });
    expect(entries).toMatchObject([
      { action: 'reconcile', by: 'ada', why: 'to be sure', outcome: 'done' },
      { action: 'resume', by: 'eve', target: 'public.none', outcome: 'failed' },
      { action: 'redrive', by: 'ada', why: null, text: 'of public.a: 1 file waits again', outcome: 'done' },
      { action: 'resume', by: 'grace', why: 'it is over', target: null },
      { action: 'pause', by: 'ada', why: 'a resize', text: 'the warehouse: paused' },
    ]);
    expect(next).toBeNull();
    const half = await millrace.activity({ cursor: null, limit: 2 });
    const rest = await millrace.activity({ cursor: half.next, limit: 9 });
    expect([...half.entries, ...rest.entries]).toEqual(entries);
    await millrace.stop();
  });

  it('does nothing that cannot be kept', async () => {
    const project = newProject();
    const millrace = await project.open((loader) => ({
      ...loader,
      objects: Object.assign(Object.create(loader.objects), {
        write: async () => {
          throw new Error('the store is full');
        },
      }),
    }));
    await expect(millrace.pause({ target: 'public.a', by: 'ada', why: 'x' })).rejects.toThrow(
      'the store is full',
    );
    expect(await cardOf(millrace, 'public.a')).toMatchObject({ state: 'idle' });
    await millrace.stop();
  });

  it('ends a load that runs; its rows are there once all the same, after another try', async () => {
    const project = newProject();
    const millrace = await project.open();
    await millrace.start();
    project.put('a/large.csv', '1\n'.repeat(3_000_000));
    await until(async () => (await cardOf(millrace, 'public.a'))?.state === 'running');
    const job = (await cardOf(millrace, 'public.a'))?.job ?? '';
    const other = { target: 'public.a', job: 'another', by: 'ada', why: 'too slow' };
    await expect(millrace.cancel(other)).rejects.toMatchObject({ code: 'job-not-running' });
    expect(await millrace.cancel({ ...other, job })).toEqual({ cancelled: true });
    await millrace.untilIdle();
    const ended = project.events.filter(({ kind }) => kind === 'job-failed' || kind === 'table-loaded');
    expect(ended).toMatchObject([
      { kind: 'job-failed', code: 'statement-cancelled' },
      { kind: 'table-loaded' },
    ]);
    expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM a')).toEqual([{ n: 3_000_000 }]);
    await millrace.stop();
  });
});
