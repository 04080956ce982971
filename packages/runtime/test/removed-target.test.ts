import { afterEach, describe, expect, it } from 'vitest';
import { type TestProject, TestProjects } from './test-project.ts';

/** A target that leaves the configuration leaves its files behind: nobody loads them, and everybody can see them. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const targetOf = (name: string): Record<string, unknown> => ({
  mode: 'append',
  from: `s3://lake/${name}/`,
  format: { kind: 'csv' },
});
const T = { 'public.t': targetOf('t') };
const U = { 'public.u': targetOf('u') };

/** Of `public.u`: a file that waits behind a pause, and one that is quarantined. */
async function leaveBehind(): Promise<TestProject> {
  const project = projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER); CREATE TABLE public.u (v INTEGER);',
    targets: { ...T, ...U },
  });
  project.put('t/bad.csv', 'x\n');
  project.put('u/bad.csv', 'x\n');
  await project.drain(async (millrace) => {
    await millrace.pause({ target: 'public.u', by: 'ada', why: 'a move' });
    project.put('u/1.csv', '1\n');
    await millrace.untilIdle();
  });
  project.configure({ targets: T });
  return project;
}

describe('a target that left the configuration', () => {
  it('stands in the status as long as files of it wait or are quarantined', async () => {
    const project = await leaveBehind();
    const { targets } = await project.drain((millrace) => millrace.status());
    expect(targets['public.u']).toMatchObject({
      state: 'paused',
      waiting: 1,
      quarantined: 1,
      loaded: 0,
      isConfigured: false,
      note: expect.stringMatching(
        /^stuck: not a target of the configuration, and 1 file waits, 1 is quarantined; write it there again/u,
      ),
    });
    expect(targets['public.t']).not.toHaveProperty('isConfigured');
    project.configure({ targets: { ...T, ...U } });
    const again = await project.drain((millrace) => millrace.status());
    expect(again.targets['public.u']).toMatchObject({ state: 'paused', note: 'paused by ada: a move' });
  });

  it('keeps its quarantined files from a redrive, and in the list of failures', async () => {
    const project = await leaveBehind();
    await project.drain(async (millrace) => {
      expect(await millrace.redrive({})).toEqual({
        redriven: 1,
        leftOut: [{ target: 'public.u', files: 1 }],
      });
      await millrace.untilIdle();
      expect(await millrace.failures({ target: 'public.u' })).toMatchObject([
        { url: 's3://lake/u/bad.csv', state: 'quarantined' },
      ]);
      const refused = { code: 'target-unknown' };
      await expect(millrace.redrive({ target: 'public.u' })).rejects.toMatchObject(refused);
      await expect(millrace.failures({ target: 'public.never' })).rejects.toMatchObject(refused);
    });
  });
});
