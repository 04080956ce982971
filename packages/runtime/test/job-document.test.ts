import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loader, StatementBatch } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Without its document nobody may decide for a job: the lane says so, the others go on, and no row is guessed. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const VALUES = 'SELECT v FROM public.t';

function newProject(): TestProject {
  const target = (name: string) => ({ mode: 'append', from: `s3://lake/${name}/`, format: { kind: 'csv' } });
  const project = projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER); CREATE TABLE public.u (v INTEGER);',
    targets: { 'public.t': target('t'), 'public.u': target('u') },
  });
  project.put('t/a.csv', '1\n');
  return project;
}

function documentOf(project: TestProject, { name }: StatementBatch): string {
  const [, target = '', job = '', attempt = ''] = name.split('/');
  const jobs = join(project.directory, '.millrace', 'objects', 'millrace', 'jobs');
  return join(jobs, target, `${job}-${attempt}-job.json`);
}

function atSubmit(spoil: (batch: StatementBatch) => void): (loader: Loader) => Loader {
  return (loader) => ({
    ...loader,
    warehouse: replaceMethods(loader.warehouse, {
      submit: (batch) => {
        if (batch.name.includes('public.t')) spoil(batch);
        return loader.warehouse.submit(batch);
      },
    }),
  });
}

describe('a job whose document is', () => {
  it.each([
    { what: 'lost', spoil: (path: string) => rmSync(path) },
    { what: 'changed', spoil: (path: string) => writeFileSync(path, '{"files":[]}') },
  ])('$what stops its lane with a clear error, and no other', async ({ spoil }) => {
    const project = newProject();
    let path = '';
    const millrace = await project.open(
      atSubmit((batch) => {
        path = documentOf(project, batch);
        spoil(path);
      }),
    );
    await millrace.start();
    await expect(millrace.untilIdle()).rejects.toMatchObject({
      code: 'job-document-lost',
      sentence: expect.stringMatching(
        /^the document of job \w+ at s3:\/\/millrace\/jobs\/.* is not what was written; restore/u,
      ),
    });
    expect(await statusOf(millrace, 'public.t')).toMatchObject({
      state: 'running',
      note: expect.stringMatching(/^stuck: the document of job/u),
    });
    expect(project.defects).toHaveLength(1);
    await millrace.stop();

    project.put('u/a.csv', '2\n');
    const again = await project.open();
    await again.start();
    await expect(again.untilIdle()).rejects.toMatchObject({ code: 'job-document-lost' });
    expect(await statusOf(again, 'public.u')).toMatchObject({ state: 'idle', loaded: 1 });
    expect(await rowsOf(again, VALUES)).toEqual([{ v: 1 }]);
    expect(await statusOf(again, 'public.t')).toMatchObject({ state: 'running', loaded: 0 });
    await again.stop();
  });

  it('lost is settled as soon as the document is back', async () => {
    const project = newProject();
    let document: { path: string; text: string } | undefined;
    const millrace = await project.open((loader) => ({
      ...atSubmit((batch) => rmSync(documentOf(project, batch)))(loader),
      objects: replaceMethods(loader.objects, {
        write: (at, body, options) => {
          if (at.key.endsWith('job.json')) document ??= { path: at.key, text: String(body) };
          return loader.objects.write(at, body, options);
        },
      }),
    }));
    await millrace.start();
    await expect(millrace.untilIdle()).rejects.toMatchObject({ code: 'job-document-lost' });
    if (document === undefined) throw new Error('no document was written');
    writeFileSync(join(project.directory, '.millrace', 'objects', 'millrace', document.path), document.text);
    await expect
      .poll(() => statusOf(millrace, 'public.t'), { timeout: 10_000 })
      .toMatchObject({
        state: 'idle',
        loaded: 1,
        note: null,
      });
    expect(await rowsOf(millrace, VALUES)).toEqual([{ v: 1 }]);
    await millrace.stop();
  });
});
