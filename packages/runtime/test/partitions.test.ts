import { rmSync } from 'node:fs';
import { intake, type Loader } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BY_COLUMN,
  daysOf,
  expectDays,
  generationOf,
  PARTITIONED,
  partitionProject,
} from './partition-project.ts';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** A partition's rows are those of the files that are in it now: it is replaced as a whole, in one transaction. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const A = 't/dt=2026-11-19';
const B = 't/dt=2026-11-20';

async function putTwoDays(project: TestProject): Promise<void> {
  project.put(`${A}/a.csv`, '1\n');
  project.put(`${A}/b.csv`, '2\n3\n');
  project.put(`${B}/a.csv`, '4\n');
}

describe('a partition', () => {
  it('is loaded by one job, with what its key says in a column', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await project.drain(async () => {
      const jobs = await project.loader.tracker.jobs('public.t', 10);
      expect(jobs.map(({ files, rows }) => [files, rows]).toSorted()).toEqual([
        [1, 1],
        [2, 3],
      ]);
    });
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
  });

  it('is known by its prefix where no column tells it', async () => {
    const project = partitionProject(projects);
    await putTwoDays(project);
    await expectDays(project, ['s3://lake/t/dt=2026-11-19/: 1 2 3', 's3://lake/t/dt=2026-11-20/: 4'], 3);
  });

  it('is replaced from its full listing by a late file, and the others stay', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    project.put(`${A}/c.csv`, '9\n');
    await expectDays(project, ['2026-11-19: 1 2 3 9', '2026-11-20: 4'], 4);
    expect(await generationOf(project, 's3://lake/t/dt=2026-11-19/')).toBe(2);
    expect(await generationOf(project, 's3://lake/t/dt=2026-11-20/')).toBe(1);
  });

  it('loses what was deleted from it with its next replacement, and gets it back when it is back', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    rmSync(project.path(`${A}/a.csv`));
    project.put(`${A}/c.csv`, '9\n');
    await expectDays(project, ['2026-11-19: 2 3 9', '2026-11-20: 4'], 3);
    project.put(`${A}/a.csv`, '1\n');
    await expectDays(project, ['2026-11-19: 1 2 3 9', '2026-11-20: 4'], 4);
  });

  it('has the new version of a file that is written anew', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    project.put(`${A}/a.csv`, '7\n');
    await expectDays(project, ['2026-11-19: 2 3 7', '2026-11-20: 4'], 3);
    project.put(`${A}/a.csv`, '1\n');
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
  });

  it('takes the place of rows that somebody else has put there', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await project.drain(async (millrace) => {
      await millrace.query("INSERT INTO public.t (v, dt) VALUES (100, '2026-11-20'), (200, '2026-11-21')");
    });
    project.put(`${B}/a.csv`, '4\n');
    await expectDays(project, ['2026-11-20: 4', '2026-11-21: 200'], 1);
  });

  it('is not touched by a notification that comes once more', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    await project.drain(async () => {
      const { loader } = project;
      const info = await loader.objects.head({ bucket: 'lake', key: `${A}/a.csv` });
      if (info === undefined) throw new Error('the file is not there');
      await loader.tracker.forgetLoaded(
        'public.t',
        (await loader.tracker.filesById('public.t', [])).map(({ file }) => file.id),
      );
      await intake(loader, [info]);
    });
    expect(await generationOf(project, 's3://lake/t/dt=2026-11-19/')).toBe(1);
  });

  it('is more than one job may have files of otherwise', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    for (let n = 0; n < 600; n += 1) project.put(`${A}/${n}.csv`, `${n}\n`);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n, SUM(v) AS s FROM public.t')).toMatchObject([
        { n: 600, s: 179_700 },
      ]);
      expect(await project.loader.tracker.jobs('public.t', 10)).toHaveLength(1);
    });
  });
});

describe('a partition is ready', () => {
  it('when its marker is there, and not before', async () => {
    const project = partitionProject(projects, { ...BY_COLUMN, ready: '_SUCCESS' });
    await putTwoDays(project);
    project.put(`${B}/_SUCCESS`, '');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-20: 4']);
      const status = await statusOf(millrace, 'public.t');
      expect(status).toMatchObject({ waiting: 2, state: 'held' });
      expect(status.note).toContain('dt=2026-11-19/ has no _SUCCESS yet');
    });
    project.put(`${A}/_SUCCESS`, '');
    const millrace = await project.open();
    const { tracker } = project.loader;
    const lane = await tracker.lane('public.t');
    await tracker.putLane({ ...lane, state: { kind: 'waiting', dueAt: 0 } });
    await millrace.stop();
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
  });

  it('when nothing has arrived in it for a while: then it is loaded at once', async () => {
    const project = partitionProject(projects, { ...BY_COLUMN, ready: { quiet: '1500ms' } });
    const millrace = await project.open();
    await millrace.start();
    try {
      project.put(`${A}/a.csv`, '1\n');
      await new Promise((done) => setTimeout(done, 700));
      project.put(`${A}/b.csv`, '2\n');
      await expect.poll(() => daysOf(millrace), { timeout: 10_000 }).toEqual(['2026-11-19: 1 2']);
      expect(await project.loader.tracker.jobs('public.t', 10)).toHaveLength(1);
    } finally {
      await millrace.stop();
    }
  });
});

describe('a bad file', () => {
  it('holds its partition, and names itself; others go on; mended, all of it is loaded', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    project.put(`${A}/bad.csv`, 'x\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-20: 4']);
      const failures = await millrace.failures({});
      expect(failures.map(({ url, state, code }) => `${url.slice(10)} ${state} ${code}`).toSorted()).toEqual([
        't/dt=2026-11-19/a.csv waiting partition-held',
        't/dt=2026-11-19/b.csv waiting partition-held',
        't/dt=2026-11-19/bad.csv quarantined 1207',
      ]);
      expect(failures.find(({ state }) => state === 'waiting')?.error).toContain('bad.csv');
    });
    project.put(`${A}/bad.csv`, '8\n');
    await expectDays(project, ['2026-11-19: 1 2 3 8', '2026-11-20: 4'], 4);
  });

  it('leaves what was loaded of its partition as it was', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    project.put(`${A}/bad.csv`, 'x\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3', '2026-11-20: 4']);
    });
    rmSync(project.path(`${A}/bad.csv`));
    project.put(`${A}/c.csv`, '9\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3 9', '2026-11-20: 4']);
    });
  });

  it('is one with rows of another partition, where files have the column', async () => {
    const project = partitionProject(projects, { ...BY_COLUMN, columns: ['v', 'dt'] });
    project.put(`${A}/a.csv`, '1,2026-11-19\n');
    project.put(`${B}/a.csv`, '2,2026-11-20\n3,2026-11-19\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1']);
      expect(await millrace.failures({})).toMatchObject([{ code: 'other-partition', state: 'quarantined' }]);
    });
  });

  it('is none where the name of the partition does not fit its column', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    project.put('t/dt=unknown/a.csv', '5\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3', '2026-11-20: 4']);
      const failures = await millrace.failures({});
      expect(failures).toMatchObject([{ code: 'partition-held', state: 'waiting' }]);
      expect(failures[0]?.error).toMatch(
        /^partition s3:\/\/lake\/t\/dt=unknown\/ is held: its name gives dt = 'unknown': /u,
      );
    });
    rmSync(project.path('t/dt=unknown/a.csv'));
    project.put('t/dt=2026-11-21/a.csv', '5\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3', '2026-11-20: 4', '2026-11-21: 5']);
    });
  });

  it('is one that is in no partition', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    project.put('t/readme.csv', '5\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3', '2026-11-20: 4']);
      expect(await millrace.failures({})).toMatchObject([{ code: 'no-partition', state: 'quarantined' }]);
    });
  });
});

describe('two prefixes of the same rows', () => {
  const TWO = { ...PARTITIONED, partition: '{a}/{b}/', partitionBy: { column: 'dt', value: '{a}-{b}' } };
  const [ONE, OTHER] = ['t/x-y/z', 't/x/y-z'];
  const columns = 'v INTEGER, dt VARCHAR(20), _partition VARCHAR(1200)';

  it('do not replace one another: the first stays, the other is held and names it', async () => {
    const project = partitionProject(projects, TWO, columns);
    project.put(`${ONE}/a.csv`, '1\n');
    await expectDays(project, ['x-y-z: 1'], 1);
    project.put(`${OTHER}/a.csv`, '2\n');
    project.put('t/x/z/a.csv', '3\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['x-y-z: 1', 'x-z: 3']);
      expect(await millrace.failures({})).toMatchObject([
        {
          url: `s3://lake/${OTHER}/a.csv`,
          state: 'waiting',
          code: 'partition-held',
          error: `partition s3://lake/${OTHER}/ is held: its rows are those of s3://lake/${ONE}/ as well: both give dt = 'x-y-z'`,
        },
      ]);
    });
    // The first one goes on as if there were no other.
    project.put(`${ONE}/b.csv`, '9\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['x-y-z: 1 9', 'x-z: 3']);
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ waiting: 1, quarantined: 0 });
    });
  });

  it('that come at the same time: one of them is loaded', async () => {
    const project = partitionProject(projects, TWO, columns);
    project.put(`${ONE}/a.csv`, '1\n');
    project.put(`${OTHER}/a.csv`, '2\n');
    await project.drain(async (millrace) => {
      expect([['x-y-z: 1'], ['x-y-z: 2']]).toContainEqual(await daysOf(millrace));
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, waiting: 1, quarantined: 0 });
    });
  });

  it('of which one is where the target was fed from before', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    project.put(`${A}/a.csv`, '1\n');
    await expectDays(project, ['2026-11-19: 1'], 1);
    project.configure({ targets: { 'public.t': { ...BY_COLUMN, columns: ['v'], from: 's3://lake/u/' } } });
    project.put('u/dt=2026-11-19/a.csv', '2\n');
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1']);
      expect(await millrace.failures({})).toMatchObject([{ state: 'waiting', code: 'partition-held' }]);
    });
  });
});

describe('a partition without files', () => {
  /** A file is announced, and is gone with all others before anybody looks. */
  async function announceAndEmpty(project: TestProject): Promise<void> {
    project.put(`${A}/c.csv`, '9\n');
    const millrace = await project.open();
    const { loader } = project;
    await announce(loader, `${A}/c.csv`);
    await millrace.stop();
    for (const name of ['a', 'b', 'c']) rmSync(project.path(`${A}/${name}.csv`));
  }

  async function announce(loader: Loader, key: string): Promise<void> {
    const info = await loader.objects.head({ bucket: 'lake', key });
    if (info === undefined) throw new Error('the file is not there');
    await intake(loader, [{ ...info, writtenAt: info.lastModifiedAt }]);
  }

  it('keeps its rows', async () => {
    const project = partitionProject(projects, BY_COLUMN);
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    await announceAndEmpty(project);
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3', '2026-11-20: 4']);
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ waiting: 0, superseded: 1 });
    });
  });

  it('loses them where the configuration says so', async () => {
    const project = partitionProject(projects, { ...BY_COLUMN, whenEmpty: 'replace' });
    await putTwoDays(project);
    await expectDays(project, ['2026-11-19: 1 2 3', '2026-11-20: 4'], 3);
    await announceAndEmpty(project);
    await project.drain(async (millrace) => {
      expect(await daysOf(millrace)).toEqual(['2026-11-20: 4']);
      expect(await statusOf(millrace, 'public.t')).toMatchObject({ waiting: 0, superseded: 1, loaded: 1 });
    });
    expect(await generationOf(project, 's3://lake/t/dt=2026-11-19/')).toBe(2);
  });
});

it('says which column of the table is missing, and how to add it', async () => {
  const project = partitionProject(projects, PARTITIONED, 'v INTEGER');
  project.put(`${A}/a.csv`, '1\n');
  await expect(project.drain(async () => undefined)).rejects.toMatchObject({
    code: 'partition-column-missing',
    hint: expect.stringContaining('ADD COLUMN _partition VARCHAR(1200)'),
  });
});

describe('people are told', () => {
  it('which partitions wait, and what replaces one', async () => {
    const project = partitionProject(projects, { ...BY_COLUMN, ready: '_SUCCESS' });
    await putTwoDays(project);
    await project.drain(async (millrace) => {
      const { note } = await statusOf(millrace, 'public.t');
      expect(note).toContain('2 partitions wait: dt=2026-11-19/ (2 files), dt=2026-11-20/ (1 file)');
      const plan = await millrace.plan('public.t');
      expect(plan.nextJob).toMatchObject({ files: 2, isExample: false });
      expect(plan.statements.join('\n')).toContain('WHERE "dt" = CAST(\'2026-11-19\' AS date)');
    });
  });

  it('what the partition of a file waits for', async () => {
    const project = partitionProject(projects, { ...BY_COLUMN, ready: '_SUCCESS' });
    await putTwoDays(project);
    project.put(`${B}/_SUCCESS`, '');
    project.put(`${B}/bad.csv`, 'x\n');
    await project.drain(async (millrace) => {
      const waitOf = async (key: string): Promise<unknown> => {
        const { files } = await millrace.trace({ url: `s3://lake/${key}` });
        return files[0]?.steps.find(({ step }) => step === 'line');
      };
      expect(await waitOf(`${A}/a.csv`)).toMatchObject({
        code: 'partition-unmarked',
        text: expect.stringContaining('partition dt=2026-11-19/ waits for its _SUCCESS'),
      });
      expect(await waitOf(`${B}/a.csv`)).toMatchObject({
        mark: 'stopped',
        code: 'partition-held',
        text: expect.stringMatching(
          /^partition s3:\/\/lake\/t\/dt=2026-11-20\/ is held: .*bad\.csv(?!.*its last load)/u,
        ),
        todo: expect.stringContaining('the partition follows by itself'),
      });
    });
    project.configure({
      targets: { 'public.t': { ...BY_COLUMN, columns: ['v'], ready: { quiet: '1h' } } },
    });
    const millrace = await project.open();
    const { files } = await millrace.trace({ url: `s3://lake/${A}/a.csv` });
    expect(files[0]?.steps.find(({ step }) => step === 'line')).toMatchObject({
      code: 'partition-unquiet',
      text: expect.stringContaining(
        'partition dt=2026-11-19/ is quiet when nothing has arrived in it for 60 min',
      ),
    });
    await millrace.stop();
  });

  it('by an example when nothing waits', async () => {
    const project = partitionProject(projects);
    await project.drain(async (millrace) => {
      const plan = await millrace.plan('public.t');
      expect(plan.nextJob).toMatchObject({ files: 0, isExample: true });
      expect(plan.statements.join('\n')).toContain("'s3://lake/t/dt=dt/'");
    });
  });
});

it('is handed over by a bulk document, which only says where it is', async () => {
  const project = partitionProject(projects, BY_COLUMN);
  await putTwoDays(project);
  await project.drain(async (millrace) => {
    const spec = {
      paths: [{ s3_path: `s3://lake/${A}/`, table: 'public.t' }],
      copy: { options: 'FORMAT AS CSV' },
    };
    const handed = await millrace.bulk(JSON.stringify(spec));
    expect(handed.map(({ status }) => status)).toEqual(['loaded', 'loaded']);
    expect(await daysOf(millrace)).toEqual(['2026-11-19: 1 2 3', '2026-11-20: 4']);
  });
});
