import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { intake, LoadError, type Loader } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { failuresOf, rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** A key that is written again with other bytes: what happens is a choice, and never silent. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const APPEND = { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } };
const UPSERT = { ...APPEND, mode: 'upsert', key: 'id', latestBy: 'v' };

function newProject(target: Readonly<Record<string, unknown>>): TestProject {
  return projects.make({
    tables: 'CREATE TABLE public.t (id INTEGER, v INTEGER);',
    targets: { 'public.t': target },
  });
}

const VALUES = 'SELECT v FROM public.t ORDER BY v';
const valuesOf = (...values: number[]) => values.map((v) => ({ v }));

describe('a key that was loaded and is written again', () => {
  async function loadBoth(project: TestProject): Promise<void> {
    project.put('t/a.csv', '1,1\n');
    await project.drain(async () => {});
    project.put('t/a.csv', '1,2\n');
  }

  it('is quarantined by an append target, by name, and stays so when it is redriven', async () => {
    const project = newProject(APPEND);
    await loadBoth(project);
    await project.drain(async (millrace) => {
      const quarantined = [
        expect.objectContaining({
          url: 's3://lake/t/a.csv',
          state: 'quarantined',
          code: 'rewritten',
          error: expect.stringContaining('another version of s3://lake/t/a.csv is loaded already'),
        }),
      ];
      expect(await failuresOf(millrace)).toEqual(quarantined);
      expect((await millrace.failures({}))[0]?.hint).toContain("onRewrite: 'reload'");
      expect(await millrace.redrive({ target: 'public.t' })).toEqual({ redriven: 1 });
      await millrace.untilIdle();
      expect(await failuresOf(millrace)).toEqual(quarantined);
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1));
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, quarantined: 1, waiting: 0 });
    });
  });

  it('does not keep the files beside it from being loaded', async () => {
    const project = newProject(APPEND);
    await loadBoth(project);
    project.put('t/b.csv', '2,3\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 3));
    });
  });

  it("is added by an append target that says onRewrite: 'reload'", async () => {
    const project = newProject({ ...APPEND, onRewrite: 'reload' });
    await loadBoth(project);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2));
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 2, quarantined: 0 });
    });
  });

  it('is merged by an upsert target', async () => {
    const project = newProject(UPSERT);
    await loadBoth(project);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(2));
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 2, quarantined: 0 });
    });
  });
});

describe('a key that is written again while it waits', () => {
  /** Announces every version, and loads when the last one is there. */
  async function writeVersions(project: TestProject, contents: readonly string[]) {
    const millrace = await project.open();
    const { loader } = project;
    for (const content of contents) {
      project.put('t/a.csv', content);
      const info = await loader.objects.head({ bucket: 'lake', key: 't/a.csv' });
      if (!info) throw new Error('the file is not there');
      await intake(loader, [{ ...info, writtenAt: info.lastModifiedAt }]);
    }
    await millrace.start();
    await millrace.untilIdle();
    return millrace;
  }

  it('is loaded in its newest version; the others are superseded, visibly', async () => {
    const project = newProject(APPEND);
    const millrace = await writeVersions(project, ['1,1\n', '1,2\n', '1,3\n']);
    expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(3));
    expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, superseded: 2, waiting: 0 });
    await millrace.stop();
  });

  it('and gets its first bytes back is loaded with those', async () => {
    const project = newProject(APPEND);
    const millrace = await writeVersions(project, ['1,1\n', '1,2\n']);
    expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(2));
    await millrace.stop();

    const other = newProject(APPEND);
    const back = await writeVersions(other, ['1,1\n', '1,2\n', '1,1\n']);
    expect(await rowsOf(back, VALUES)).toEqual(valuesOf(1));
    expect(await statusOf(back, 'public.t')).toMatchObject({ loaded: 1, superseded: 1, waiting: 0 });
    await back.stop();
  });

  it('by bytes that nobody announces is loaded as what it is by then', async () => {
    const project = newProject(APPEND);
    let isRewritten = false;
    project.put('t/a.csv', '1,1\n');
    await project.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(2));
        expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, superseded: 1 });
      },
      (loader) => ({
        ...loader,
        tracker: replaceMethods(loader.tracker, {
          waitingFiles: async (target, limit) => {
            const files = await loader.tracker.waitingFiles(target, limit);
            if (files.length > 0 && !isRewritten) project.put('t/a.csv', '1,2\n');
            isRewritten ||= files.length > 0;
            return files;
          },
        }),
      }),
    );
  });

  it('whose late announcement comes after it was loaded is not loaded again', async () => {
    const project = newProject({ ...APPEND, onRewrite: 'reload' });
    const millrace = await writeVersions(project, ['1,1\n', '1,2\n']);
    await millrace.stop();
    const again = await project.open();
    const { loader } = project;
    const [superseded] = await loader.tracker.troubledFiles();
    expect(superseded?.status).toBe('superseded');
    if (superseded) await intake(loader, [superseded.file.identity]);
    await again.start();
    await again.untilIdle();
    expect(await rowsOf(again, VALUES)).toEqual(valuesOf(2));
    expect(await statusOf(again, 'public.t')).toMatchObject({ loaded: 1, superseded: 1, waiting: 0 });
    await again.stop();
  });
});

describe('a key that is written again between the look and COPY', () => {
  /** The first submission finds the key rewritten; with `failFirst` it is refused as well. */
  function rewriteAtSubmit(project: TestProject, { failFirst = false } = {}): (loader: Loader) => Loader {
    let submissions = 0;
    return (loader) => ({
      ...loader,
      settings: { ...loader.settings, retry: { maxAttempts: 3, baseMs: 10, capMs: 10 } },
      warehouse: replaceMethods(loader.warehouse, {
        submit: (batch) => {
          submissions += 1;
          if (submissions === 1) project.put('t/a.csv', '1,2\n');
          if (submissions === 1 && failFirst) {
            throw new LoadError('throttled', 'too many statements', { class: 'transient' });
          }
          return loader.warehouse.submit(batch);
        },
      }),
    });
  }
  const pinsIn = (project: TestProject): string[] => {
    const pins = join(project.directory, '.millrace', 'objects', 'millrace', 'pins');
    return existsSync(pins) ? readdirSync(pins) : [];
  };

  it('ends with the new version in an upsert target', async () => {
    const project = newProject(UPSERT);
    project.put('t/a.csv', '1,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(2));
    }, rewriteAtSubmit(project));
  });

  it('ends with its rows once, and the new version in quarantine, in an append target', async () => {
    const project = newProject(APPEND);
    project.put('t/a.csv', '1,1\n');
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(2));
      expect(await failuresOf(millrace)).toMatchObject([{ state: 'quarantined', code: 'rewritten' }]);
    }, rewriteAtSubmit(project));
  });

  it.each([false, true])(
    'is loaded as it was announced when the target pins (first attempt refused: %s), and no pin is left',
    async (failFirst) => {
      const project = newProject({ ...APPEND, pin: true, onRewrite: 'reload' });
      project.put('t/a.csv', '1,1\n');
      await project.drain(
        async (millrace) => {
          expect(await rowsOf(millrace, VALUES)).toEqual(valuesOf(1, 2));
          expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 2, quarantined: 0 });
        },
        rewriteAtSubmit(project, { failFirst }),
      );
      expect(pinsIn(project)).toEqual([]);
    },
  );

  it('leaves no pin behind of a file that is put aside, nor stumbles over a long name', async () => {
    const project = newProject({ ...APPEND, pin: true });
    project.put(`t/${'ü'.repeat(120)}.csv`, '1,1\n');
    project.put('t/bad.csv', 'x,y\n');
    await project.drain(async (millrace) => {
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, quarantined: 1 });
    });
    expect(pinsIn(project)).toEqual([]);
  });
});
