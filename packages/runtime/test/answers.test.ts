import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { statusOf, type TestProject, TestProjects } from './test-project.ts';

/** What people and scripts are told: these objects are printed by `--json` as they are. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const T = 'public.t';

function newProject(): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (id INTEGER, born DATE); CREATE TABLE public.u (id INTEGER);',
    targets: {
      [T]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, freshness: '10m' },
      'public.u': { mode: 'append', from: 's3://lake/u/', format: { kind: 'csv' } },
    },
  });
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u;
/** Plain JSON: nothing is lost on the way to a script. */
function expectJson(answer: unknown): void {
  expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
}

describe('status', () => {
  it('of a target that nothing came for', async () => {
    await newProject().drain(async (millrace) => {
      const report = await millrace.status();
      expectJson(report);
      expect(report).toEqual({
        targets: {
          [T]: nothing('idle'),
          'public.u': nothing('idle'),
        },
        warehouse: { state: 'open', note: null, since: null, nextWindow: null },
      });
    });
  });

  it('of files that wait, are loaded, and are quarantined', async () => {
    const project = newProject();
    project.put('t/1.csv', '1,2001-01-01\n2,2002-02-02\n');
    project.put('t/bad.csv', 'x,2001-01-01\n');
    const millrace = await project.open();
    await millrace.start();
    await expect.poll(() => statusOf(millrace, T), { timeout: 10_000 }).toMatchObject({ state: 'waiting' });
    const waiting = await statusOf(millrace, T);
    expect(waiting).toEqual({
      ...nothing('waiting'),
      waiting: 2,
      oldestWaitingAgeMs: expect.any(Number),
      note: expect.stringMatching(/^due in \d+ s$/u),
    });
    await millrace.untilIdle();
    const report = await millrace.status();
    expectJson(report);
    expect(report.targets[T]).toEqual({
      ...nothing('idle'),
      loaded: 1,
      quarantined: 1,
      rows: 2,
      lastLoadedAt: expect.stringMatching(INSTANT),
    });
    await millrace.stop();
  });

  const nothing = (state: string) => ({
    state,
    waiting: 0,
    loading: 0,
    loaded: 0,
    quarantined: 0,
    superseded: 0,
    oldestWaitingAgeMs: null,
    lastLoadedAt: null,
    rows: 0,
    note: null,
  });
});

describe('failures', () => {
  async function withFailures(ask: (millrace: Millrace, project: TestProject) => Promise<void>) {
    const project = newProject();
    project.put('t/day=1/bad.csv', 'x,2001-01-01\n');
    project.put('t/day=2/bad.csv', '1,2001-01-01\n2,never\n');
    project.put('u/bad.csv', 'y\n');
    await project.drain((millrace) => ask(millrace, project));
  }
  const urls = (entries: readonly { url: string }[]): string[] => entries.map(({ url }) => url).sort();

  it('name file, line, column, value, reason, fix and time', () =>
    withFailures(async (millrace) => {
      const failures = await millrace.failures({ prefix: 's3://lake/t/day=2/' });
      expectJson(failures);
      expect(failures).toEqual([
        {
          target: T,
          url: 's3://lake/t/day=2/bad.csv',
          state: 'quarantined',
          error: expect.stringMatching(/date/iu),
          code: '1205',
          line: 2,
          column: 'born',
          rawValue: 'never',
          hint: expect.stringContaining('DATEFORMAT'),
          at: expect.stringMatching(INSTANT),
        },
      ]);
    }));

  it('are chosen by target and by the beginning of the address', () =>
    withFailures(async (millrace) => {
      expect(urls(await millrace.failures({}))).toHaveLength(3);
      expect(urls(await millrace.failures({ target: 'public.u' }))).toEqual(['s3://lake/u/bad.csv']);
      expect(urls(await millrace.failures({ target: T, prefix: 's3://lake/t/day=1' }))).toEqual([
        's3://lake/t/day=1/bad.csv',
      ]);
      await expect(millrace.failures({ target: 'public.no' })).rejects.toMatchObject({
        code: 'target-unknown',
        hint: 'name one of public.t, public.u',
      });
    }));

  it('that are redriven unmended fail again; mended under the same key they load', () =>
    withFailures(async (millrace, project) => {
      expect(await millrace.redrive({ target: T, prefix: 's3://lake/t/day=1/' })).toEqual({ redriven: 1 });
      await millrace.untilIdle();
      expect(await statusOf(millrace, T)).toMatchObject({ loaded: 0, quarantined: 2 });

      project.put('t/day=1/bad.csv', '1,2001-01-01\n');
      expect(await millrace.redrive({ target: T, prefix: 's3://lake/t/day=1/' })).toEqual({ redriven: 1 });
      await millrace.untilIdle();
      expect(await statusOf(millrace, T)).toMatchObject({ loaded: 1, quarantined: 1, waiting: 0 });
      expect(urls(await millrace.failures({ target: T }))).toEqual(['s3://lake/t/day=2/bad.csv']);
      expect(await millrace.redrive({ target: T, prefix: 's3://lake/t/day=1/' })).toEqual({ redriven: 0 });
    }));
});

describe('plan', () => {
  it('shows the SQL of the next job, and of an example when no file waits', async () => {
    const project = newProject();
    project.put('u/1.csv', '1\n');
    project.put('u/2.csv', '2\n');
    const millrace = await project.open();
    const { loader } = project;
    const example = await millrace.plan(T);
    expectJson(example);
    expect(example).toMatchObject({
      target: T,
      mode: 'append',
      lane: 'idle',
      waitingFiles: 0,
      nextJob: { files: 0, bytes: 0, isExample: true },
    });
    expect(example.statements.join('\n')).toContain('s3://lake/t/example');

    await millrace.start();
    await expect
      .poll(() => statusOf(millrace, 'public.u'), { timeout: 10_000 })
      .toMatchObject({ state: 'waiting' });
    const plan = await millrace.plan('public.u');
    expect(plan).toMatchObject({ waitingFiles: 2, nextJob: { files: 2, bytes: 4, isExample: false } });
    expect(plan.statements.filter((sql) => sql.startsWith('COPY'))).toHaveLength(1);
    expect((await loader.tracker.lane('public.u')).fence).toBe(0);
    await millrace.stop();
    await expect(millrace.plan('public.no')).rejects.toMatchObject({ code: 'target-unknown' });
  });
});

describe('load', () => {
  it('hands files over under their names, each once, and loads them at once', async () => {
    const project = newProject();
    const path = join(project.directory, 'people.csv');
    writeFileSync(path, '1,2001-01-01\n');
    const millrace = await project.open();
    await millrace.start();
    const handed = await millrace.load(T, [path]);
    expectJson(handed);
    expect(handed).toMatchObject([{ target: T, url: 's3://lake/t/people.csv', status: 'waiting' }]);
    // Not after the ten minutes of its freshness: somebody waits for it.
    await expect.poll(() => statusOf(millrace, T), { timeout: 5_000 }).toMatchObject({ loaded: 1 });
    const ids = handed.map(({ id }) => id);
    expect(await millrace.handedFiles(T, handed)).toMatchObject([{ status: 'loaded' }]);
    expect(await millrace.load(T, [path])).toMatchObject([{ id: ids[0], status: 'loaded' }]);
    writeFileSync(path, '2,2002-02-02\n');
    expect(await millrace.load(T, [path])).toMatchObject([
      { url: expect.stringMatching(/^s3:\/\/lake\/t\/people-[0-9a-f]{8}\.csv$/u) },
    ]);
    await expect(millrace.load(T, [join(project.directory, 'no.csv')])).rejects.toMatchObject({
      code: 'file-missing',
    });
    await millrace.untilIdle();
    expect(await statusOf(millrace, T)).toMatchObject({ loaded: 2, rows: 2 });
    await millrace.stop();
  });
});
