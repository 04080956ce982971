import { utimesSync } from 'node:fs';
import { type BackfillRequest, type BackfillStep, ledgerOf } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** A backfill hands over what is not loaded, one job of files at a time, and never what is. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const T = 'public.t';
const TARGET = { mode: 'append', from: 's3://lake/in/', format: { kind: 'csv' }, maxFiles: 3 };
const REQUEST: BackfillRequest = {
  target: T,
  prefix: 's3://lake/history/',
  dryRun: false,
  after: null,
};

function newProject(target: Readonly<Record<string, unknown>> = {}): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: { [T]: { ...TARGET, ...target } },
  });
}

function putHistory(project: TestProject, from: number, to: number): void {
  for (let n = from; n <= to; n += 1) project.put(`history/${String(n).padStart(2, '0')}.csv`, `${n}\n`);
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function valuesOf(millrace: Millrace): Promise<unknown[]> {
  return (await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).map(({ v }) => v);
}

/** Every step of a backfill; before the next one, what it handed over is loaded. */
async function runSteps(
  millrace: Millrace,
  change: Partial<BackfillRequest> = {},
  onStep: (step: BackfillStep) => void = () => {},
): Promise<BackfillStep[]> {
  const steps: BackfillStep[] = [];
  let after: string | null = null;
  do {
    const step: BackfillStep = await millrace.backfill({ ...REQUEST, ...change, after });
    steps.push(step);
    onStep(step);
    if (step.handed.length > 0) await millrace.untilIdle();
    after = step.next;
  } while (after !== null);
  return steps;
}

const total = (
  steps: readonly BackfillStep[],
  what: 'loaded' | 'waiting' | 'quarantined' | 'fresh',
): number => steps.reduce((sum, step) => sum + step[what].files, 0);

describe('a backfill', () => {
  it('loads what is below the prefix, each file once, however often it runs', async () => {
    const project = newProject();
    putHistory(project, 1, 8);
    project.put('history/_SUCCESS', '');
    project.put('history/.tmp/x.csv', '99\n');
    await project.drain(async (millrace) => {
      expect(await valuesOf(millrace)).toEqual([]);
      const steps = await runSteps(millrace);
      expect(steps.every(({ handed }) => handed.length <= 3)).toBe(true);
      expect(total(steps, 'fresh')).toBe(8);
      expect(await valuesOf(millrace)).toEqual(numbers(1, 8));
      const again = await runSteps(millrace);
      expect([total(again, 'fresh'), total(again, 'loaded')]).toEqual([0, 8]);
      expect(await valuesOf(millrace)).toEqual(numbers(1, 8));
    });
  });

  it('counts and hands over nothing in a dry run', async () => {
    const project = newProject();
    putHistory(project, 1, 5);
    await project.drain(async (millrace) => {
      const first = await millrace.backfill(REQUEST);
      expect(first.handed).toHaveLength(3);
      await millrace.untilIdle();
      putHistory(project, 6, 12);
      const [step, ...others] = await runSteps(millrace, { dryRun: true });
      expect(others).toEqual([]);
      expect(step).toEqual({
        loaded: { files: 3, bytes: 6 },
        waiting: { files: 0, bytes: 0 },
        quarantined: { files: 0, bytes: 0 },
        fresh: { files: 9, bytes: 6 * 2 + 3 * 3 },
        handed: [],
        inLine: [],
        next: null,
      });
      expect(await statusOf(millrace, T)).toMatchObject({ waiting: 0, loaded: 3 });
    });
  });

  it('goes on where it was cut off', async () => {
    const project = newProject();
    putHistory(project, 1, 8);
    await project.drain(async (millrace) => {
      await millrace.backfill(REQUEST);
    });
    await project.drain(async (millrace) => {
      const steps = await runSteps(millrace);
      expect([total(steps, 'fresh'), total(steps, 'loaded')]).toEqual([5, 3]);
      expect(await valuesOf(millrace)).toEqual(numbers(1, 8));
    });
  });

  it('takes only what was written between two instants', async () => {
    const project = newProject();
    putHistory(project, 1, 6);
    for (let n = 1; n <= 6; n += 1) utimesSync(project.path(`history/0${n}.csv`), n, n);
    await project.drain(async (millrace) => {
      await runSteps(millrace, { since: 2_000, until: 5_000 });
      expect(await valuesOf(millrace)).toEqual([2, 3, 4]);
    });
  });

  it('leaves what is quarantined to a redrive, and counts what waits', async () => {
    const project = newProject();
    project.put('history/bad.csv', 'x\n');
    putHistory(project, 1, 2);
    await project.drain(async (millrace) => {
      await runSteps(millrace);
      expect(await valuesOf(millrace)).toEqual([1, 2]);
      const again = await runSteps(millrace);
      expect([total(again, 'quarantined'), total(again, 'fresh')]).toEqual([1, 0]);
    });
  });

  it('lets a file that arrives wait for one of its jobs at most', async () => {
    const project = newProject({ freshness: '1s' });
    putHistory(project, 1, 12);
    await project.drain(async (millrace) => {
      let steps = 0;
      await runSteps(millrace, {}, () => {
        steps += 1;
        if (steps === 1) project.put('in/live.csv', '100\n');
      });
      expect(await valuesOf(millrace)).toEqual([...numbers(1, 12), 100]);
      const receipts = ledgerOf(T).receipts.name;
      const jobs = await rowsOf(
        millrace,
        `SELECT url, fence FROM millrace.${receipts} WHERE kind = 'load' ORDER BY fence, url`,
      );
      const before = jobs.findIndex(({ url }) => url === 's3://lake/in/live.csv');
      // One step had been handed over when it came: it is not behind the other three.
      expect(before).toBeGreaterThanOrEqual(0);
      expect(before).toBeLessThanOrEqual(6);
    });
  });

  it('refuses what its target would take away from elsewhere, and takes its own prefix', async () => {
    const project = newProject({ after: 'delete' });
    putHistory(project, 1, 1);
    await project.drain(async (millrace) => {
      await expect(millrace.backfill(REQUEST)).rejects.toMatchObject({ code: 'backfill-elsewhere' });
      await expect(millrace.backfill({ ...REQUEST, prefix: 'history' })).rejects.toMatchObject({
        code: 'invalid-url',
      });
      await expect(millrace.backfill({ ...REQUEST, target: 'public.x' })).rejects.toMatchObject({
        code: 'target-unknown',
      });
      expect(await runSteps(millrace, { prefix: 's3://lake/in/' })).toHaveLength(1);
    });
  });
});
