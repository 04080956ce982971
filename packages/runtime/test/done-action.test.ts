import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loader } from '@millrace/core';
import { DirectoryObjectStore } from '@millrace/local';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** What happens to an object when its rows are proven to be loaded: once, and to the version that was loaded. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

function newProject(target: Readonly<Record<string, unknown>>): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: {
      'public.t': { mode: 'append', from: 's3://lake/incoming/t/', format: { kind: 'csv' }, ...target },
    },
  });
}

const VALUES = 'SELECT v FROM public.t ORDER BY v';
const read = (project: TestProject, key: string): string => readFileSync(project.path(key), 'utf8');

describe('after a load', () => {
  it("'move' keeps the rest of the key", async () => {
    const project = newProject({ after: 'move' });
    project.put('incoming/t/2026/11/a b+c.csv', '1\n');
    await project.drain(async () => {});
    expect(read(project, 'incoming/processed/t/2026/11/a b+c.csv')).toBe('1\n');
    expect(existsSync(project.path('incoming/t/2026/11/a b+c.csv'))).toBe(false);
  });

  it("'move' leaves a version alone that came meanwhile, and loads and moves that one too", async () => {
    const project = newProject({ after: 'move', onRewrite: 'reload' });
    project.put('incoming/t/a.csv', '1\n');
    let moves = 0;
    const rewriteBeforeMove = (loader: Loader): Loader => ({
      ...loader,
      objects: replaceMethods(loader.objects, {
        copy: async (from, to, options) => {
          moves += 1;
          if (moves === 1) project.put('incoming/t/a.csv', '2\n');
          const outcome = await loader.objects.copy(from, to, options);
          if (moves === 1) expect(outcome).toBe('changed');
          return outcome;
        },
      }),
    });
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }, { v: 2 }]);
    }, rewriteBeforeMove);
    expect(moves).toBe(2);
    expect(read(project, 'incoming/processed/t/a.csv')).toBe('2\n');
    expect(existsSync(project.path('incoming/t/a.csv'))).toBe(false);
  });

  it("'move' that was lost is finished at the next start, and nothing is loaded again", async () => {
    const project = newProject({ after: 'move' });
    project.put('incoming/t/a.csv', '1\n');
    const loseMove = (loader: Loader): Loader => ({
      ...loader,
      objects: replaceMethods(loader.objects, { copy: async () => 'done', delete: async () => 'done' }),
    });
    await project.drain(async (millrace) => {
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ state: 'idle', loaded: 1 });
    }, loseMove);
    expect(existsSync(project.path('incoming/t/a.csv'))).toBe(true);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
      expect(await statusOf(millrace, 'public.t')).toMatchObject({
        state: 'idle',
        loaded: 1,
        quarantined: 0,
      });
    });
    expect(existsSync(project.path('incoming/t/a.csv'))).toBe(false);
    expect(read(project, 'incoming/processed/t/a.csv')).toBe('1\n');
  });

  it("'move' whose copy breaks is repeated before the lane goes on", async () => {
    const project = newProject({ after: 'move' });
    project.put('incoming/t/a.csv', '1\n');
    let copies = 0;
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
        expect(await statusOf(millrace, 'public.t')).toMatchObject({ state: 'idle', loaded: 1 });
      },
      (loader) => ({
        ...loader,
        objects: replaceMethods(loader.objects, {
          copy: (from, to, options) => {
            copies += 1;
            if (copies <= 2) throw new Error('the disk was busy');
            return loader.objects.copy(from, to, options);
          },
        }),
      }),
    );
    expect(read(project, 'incoming/processed/t/a.csv')).toBe('1\n');
    // The same error twice is one thing to tell.
    expect(project.defects).toEqual([{ where: 'public.t', error: new Error('the disk was busy') }]);
  });

  it("'tag' marks the object and leaves it", async () => {
    const project = newProject({ after: 'tag' });
    project.put('incoming/t/a.csv', '1\n');
    await project.drain(async () => {});
    const objects = new DirectoryObjectStore(join(project.directory, '.millrace', 'objects'));
    expect(await objects.tagsOf({ bucket: 'lake', key: 'incoming/t/a.csv' })).toEqual({
      'millrace:public.t': 'loaded',
    });
    objects.close();
  });

  it("'delete' removes what was loaded and nothing else", async () => {
    const project = newProject({ after: 'delete' });
    project.put('incoming/t/a.csv', '1\n');
    project.put('incoming/t/bad.csv', 'x\n');
    project.put('incoming/other.csv', '9\n');
    await project.drain(async (millrace) => {
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, quarantined: 1 });
    });
    expect(existsSync(project.path('incoming/t/a.csv'))).toBe(false);
    expect(existsSync(project.path('incoming/t/bad.csv'))).toBe(true);
    expect(existsSync(project.path('incoming/other.csv'))).toBe(true);
  });
});
