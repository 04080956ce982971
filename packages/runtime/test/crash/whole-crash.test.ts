import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, type TestProject, TestProjects } from '../test-project.ts';
import type { Failpoint } from './failpoints.ts';
import { WHOLE_CONFIG, WHOLE_TABLES } from './whole-child.ts';

/** Loads that replace a partition, and loads of several tables, in a process that is killed on the way. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const CHILD = join(import.meta.dirname, 'whole-child.ts');
const POINTS: readonly Failpoint[] = [
  'after-intent',
  'after-submit',
  'before-commit',
  'after-commit',
  'mid-settle',
];

async function dieAt(project: TestProject, point: Failpoint, nth: number): Promise<unknown> {
  const args = ['--conditions=source', CHILD, project.directory, point, String(nth)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [, signal] = await once(child, 'exit');
  return signal;
}

describe.each(POINTS)('a process that is killed at %s', { timeout: 60_000 }, (point) => {
  it('leaves the rows of the last replacement, and no half of a group, whatever it was at', async () => {
    const project = projects.make({
      tables: WHOLE_TABLES,
      targets: WHOLE_CONFIG.targets,
      config: { settle: WHOLE_CONFIG.settle },
    });
    project.put('days/dt=2026-11-20/a.csv', '1\n2\n');
    project.put('facts/a.csv', '1,10\n');
    project.put('dims/a.csv', '1,1\n');
    expect(await dieAt(project, point, 1)).toBe('SIGKILL');
    project.put('days/dt=2026-11-20/b.csv', '3\n');
    rmSync(project.path('days/dt=2026-11-20/a.csv'));
    project.put('facts/b.csv', '2,20\n');
    project.put('dims/b.csv', '1,2\n2,2\n');
    expect(await dieAt(project, point, 2)).toBe('SIGKILL');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT v FROM public.days ORDER BY v')).toEqual([{ v: 3 }]);
      expect(await rowsOf(millrace, 'SELECT id, v FROM public.facts ORDER BY id')).toEqual([
        { id: 1, v: 10 },
        { id: 2, v: 20 },
      ]);
      expect(await rowsOf(millrace, 'SELECT id, at FROM public.dims ORDER BY id')).toEqual([
        { id: 1, at: 2 },
        { id: 2, at: 2 },
      ]);
      expect(await millrace.reconcile({ repair: false, cursor: null })).toMatchObject({
        missing: [],
        double: [],
        orphan: [],
      });
    });
  });
});
