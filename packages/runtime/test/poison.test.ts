import { type CopyError, LoadError, type Loader, loadFileOf } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { failuresOf, rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Bad files among many: in how many jobs the good ones are loaded, and when it is the table that has changed. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const FILES = 500;
const TARGET = 'public.t';
/** Failed jobs after which a table that takes nothing is known. */
const MAX_FAILURES = 8;

/** Among so many files of which `bad` are: what bisection may cost. */
function mostJobs(bad: number): number {
  return Math.floor(2 * bad * (Math.log2(FILES / bad) + 1) + 1);
}

function newProject(isBad: (n: number) => boolean, files = FILES): TestProject {
  const project = projects.make({
    tables: 'CREATE TABLE public.t (v INTEGER);',
    targets: { [TARGET]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } },
    config: { sweep: '1h' },
  });
  for (let n = 0; n < files; n += 1) project.put(keyOf(n), isBad(n) ? 'x\n' : `${n}\n`);
  return project;
}

function keyOf(n: number): string {
  return `t/${String(n).padStart(3, '0')}.csv`;
}

type Telling = 'all' | 'one' | 'nothing';

/** What the warehouse tells of the rows that COPY refused. */
function telling(much: Telling): (loader: Loader) => Loader {
  return (loader) => {
    if (much === 'all') return loader;
    const copyErrors = async (
      ...args: Parameters<Loader['warehouse']['copyErrors']>
    ): Promise<readonly CopyError[]> => {
      const [first] = await loader.warehouse.copyErrors(...args);
      return first === undefined || much === 'nothing' ? [] : [first];
    };
    return {
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        copyErrors,
        describe: async (...args) => {
          const status = await loader.warehouse.describe(...args);
          if (status.state !== 'failed') return status;
          const { class: errorClass } = status.error;
          return { state: 'failed', error: new LoadError('copy-data', 'load failed', { class: errorClass }) };
        },
      }),
    };
  };
}

function jobsOf({ events }: TestProject, kind: 'job-submitted' | 'job-failed'): number {
  return events.filter((event) => event.kind === kind).length;
}

const PLACES: readonly (readonly [string, readonly number[]])[] = [
  ['the first', [0]],
  ['one in the middle', [249]],
  ['the last', [499]],
  ['ten spread over all', Array.from({ length: 10 }, (_, n) => n * 50 + 7)],
  ['the first ten', Array.from({ length: 10 }, (_, n) => n)],
  ['ten in a row', Array.from({ length: 10 }, (_, n) => 245 + n)],
  ['the last ten', Array.from({ length: 10 }, (_, n) => 490 + n)],
];

describe.each<Telling>(['all', 'one', 'nothing'])(`${FILES} files, of bad ones %s is told`, (much) => {
  // Where the bad ones are matters to a search; a warehouse that names them needs none.
  const places = much === 'nothing' ? PLACES : PLACES.filter(([what]) => /middle|spread|row/u.test(what));
  it.each(places)('%s bad: the others are loaded in few jobs', async (_, bad) => {
    const project = newProject((n) => bad.includes(n));
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n, COUNT(DISTINCT v) AS d FROM public.t')).toEqual([
        { n: FILES - bad.length, d: FILES - bad.length },
      ]);
      const failures = await failuresOf(millrace);
      expect(failures.map(({ url, state }) => `${state} ${url}`).sort()).toEqual(
        bad.map((n) => `quarantined s3://lake/${keyOf(n)}`),
      );
      expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'idle', waiting: 0 });
    }, telling(much));
    const jobs = jobsOf(project, 'job-submitted');
    // Ten that are told of one after the other look like a changed table, until one file from elsewhere is tried.
    const samples = much === 'one' && bad.length >= 4 ? 1 : 0;
    const most = much === 'nothing' ? mostJobs(bad.length) : bad.length + 1 + samples;
    expect(jobs).toBeLessThanOrEqual(most);
    expect(project.events.filter(({ kind }) => kind === 'lane-held')).toEqual([]);
  });

  it('all bad: the lane is held, nothing stays aside, and everything loads when the table was mended', async () => {
    const project = newProject(() => true);
    let aheadMs = 0;
    const millrace = await project.open((loader) => ({
      ...telling(much)(loader),
      now: () => loader.now() + aheadMs,
    }));
    await millrace.start();
    const { held } = await millrace.untilIdle();
    expect(held).toMatchObject([{ target: TARGET, reason: expect.stringContaining('mend the table') }]);
    if (much !== 'nothing') {
      const reason =
        /^every file that was tried fails with 1207 in column v: Invalid digit.* \('x' in line 1\); correct the number, or change the type of column v; /u;
      expect(held[0]?.reason).toMatch(reason);
      const shown = (await failuresOf(millrace)).find(({ line }) => line !== null);
      expect(shown).toMatchObject({ state: 'waiting', code: 'drift', line: 1, column: 'v', rawValue: 'x' });
    }
    expect(held[0]?.reason).toContain('(first: s3://lake/t/');
    expect(jobsOf(project, 'job-failed')).toBeLessThanOrEqual(MAX_FAILURES);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'held', waiting: FILES, quarantined: 0 });

    // It looks again by itself, with one file.
    const failedBefore = jobsOf(project, 'job-failed');
    aheadMs += 61_000;
    // The same words: it was another file, and the one that people look at is the first.
    expect((await millrace.untilIdle()).held.map(({ reason }) => reason)).toEqual([held[0]?.reason]);
    const looks = project.events.filter(({ kind }) => kind === 'job-submitted').slice(failedBefore);
    expect(looks).toMatchObject([{ job: { files: 1 } }]);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ waiting: FILES, quarantined: 0 });

    await millrace.query('ALTER TABLE public.t ADD COLUMN w VARCHAR(9)');
    await millrace.query('ALTER TABLE public.t DROP COLUMN v');
    aheadMs += 61_000;
    expect(await millrace.untilIdle()).toEqual({ held: [] });
    expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.t')).toEqual([{ n: FILES }]);
    expect(await failuresOf(millrace)).toEqual([]);
    // One to look, one for the others.
    expect(jobsOf(project, 'job-submitted')).toBe(failedBefore + 3);
    await millrace.stop();
  });
});

describe('a lane whose table has changed', () => {
  it('is held all the same when its worker dies before the lane is, and nothing stays aside', async () => {
    const project = newProject(() => true, 40);
    let deaths = 0;
    const millrace = await project.open((loader) => {
      const told = telling('one')(loader);
      const putLane: Loader['tracker']['putLane'] = async (lane, options) => {
        // What was put aside on the way waits again by now.
        if (lane.state.kind === 'held' && deaths < 2) {
          deaths += 1;
          throw new Error('the worker died');
        }
        return loader.tracker.putLane(lane, options);
      };
      return { ...told, tracker: replaceMethods(loader.tracker, { putLane }) };
    });
    await millrace.start();
    expect((await millrace.untilIdle()).held).toMatchObject([{ reason: expect.stringContaining('1207') }]);
    expect(deaths).toBe(2);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'held', waiting: 40, quarantined: 0 });
    await millrace.stop();
  });

  it('is looked at with one file when the loader is started again', async () => {
    const project = newProject(() => true, 40);
    await project.drain(async (millrace) => {
      expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'held', waiting: 40 });
    });
    const before = project.events.length;
    await project.drain(async (millrace) => {
      expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'held', waiting: 40, quarantined: 0 });
    });
    const looks = project.events.slice(before).filter(({ kind }) => kind === 'job-submitted');
    expect(looks).toMatchObject([{ job: { files: 1 } }]);
  });

  it('goes on by a good file that comes later, and puts the bad ones aside', async () => {
    const project = newProject(() => true, 9);
    let aheadMs = 0;
    const millrace = await project.open((loader) => ({ ...loader, now: () => loader.now() + aheadMs }));
    await millrace.start();
    expect((await millrace.untilIdle()).held).toHaveLength(1);
    aheadMs += 1_000;
    project.put(keyOf(10), '10\n');
    for (let look = 0; look < 3; look += 1) {
      aheadMs += 61_000;
      await millrace.untilIdle();
    }
    expect(await rowsOf(millrace, 'SELECT v FROM public.t')).toEqual([{ v: 10 }]);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'idle', waiting: 0, quarantined: 9 });
    await millrace.stop();
  });
});

describe('a bad file that is written anew under its key', () => {
  it('leaves the failures by itself when the new version is loaded, and is superseded', async () => {
    const project = newProject((n) => n === 1, 3);
    const url = `s3://lake/${keyOf(1)}`;
    const millrace = await project.open();
    await millrace.start();
    await millrace.untilIdle();
    const [failure] = await failuresOf(millrace);
    expect(failure).toMatchObject({ url, state: 'quarantined', code: '1207' });
    project.put(keyOf(1), '1\n');
    await millrace.untilIdle();
    expect(await failuresOf(millrace)).toEqual([]);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ loaded: 3, quarantined: 0, superseded: 1 });
    expect(await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v')).toEqual([
      { v: 0 },
      { v: 1 },
      { v: 2 },
    ]);
    const [old] = await project.loader.tracker.troubledFiles({ target: TARGET });
    expect(old).toMatchObject({
      file: { url },
      status: 'superseded',
      evidence: {
        reason: expect.stringMatching(/^a newer version of the key was loaded .*: Invalid digit/u),
      },
    });
    expect(await millrace.redrive({ target: TARGET })).toMatchObject({ redriven: 0 });
    await millrace.stop();
  });

  it('stays there when it is the younger one, and the older is only announced once more', async () => {
    const project = newProject(() => false, 1);
    const millrace = await project.open();
    await millrace.start();
    await millrace.untilIdle();
    const { tracker, objects } = project.loader;
    const first = await objects.head({ bucket: 'lake', key: keyOf(0) });
    if (first === undefined) throw new Error('the first version is there');
    project.put(keyOf(0), 'x\n');
    await millrace.untilIdle();
    expect(await failuresOf(millrace)).toHaveLength(1);
    // A tracker may forget what is loaded, and then a late announcement of it waits.
    const old = loadFileOf({ ...first, writtenAt: first.lastModifiedAt }, project.loader.now());
    await tracker.forgetLoaded(TARGET, [old.id]);
    expect(await tracker.addFiles(TARGET, [old])).toEqual([old.id]);
    await tracker.addArrivals(TARGET, 1);
    await project.loader.wakes.wake(TARGET, project.loader.now());
    await millrace.stop();
    await project.drain(async (again) => {
      expect((await failuresOf(again)).map(({ state, url }) => `${state} ${url}`)).toEqual([
        `quarantined s3://lake/${keyOf(0)}`,
      ]);
      expect(await statusOf(again, TARGET)).toMatchObject({ waiting: 0, quarantined: 1, superseded: 0 });
    });
    // Not even for a moment.
    expect(
      project.events.filter((event) => event.kind === 'file-aside' && event.status === 'superseded'),
    ).toEqual([]);
  });

  it('stays there when the new version is as bad, and tells of that one too', async () => {
    const project = newProject((n) => n === 1, 3);
    const millrace = await project.open();
    await millrace.start();
    await millrace.untilIdle();
    project.put(keyOf(1), 'y\n');
    await millrace.untilIdle();
    expect((await failuresOf(millrace)).map(({ rawValue }) => rawValue).sort()).toEqual(['x', 'y']);
    await millrace.stop();
  });
});

describe('files that are redriven too early', () => {
  it('go back to quarantine, however many they are, and hold nobody', async () => {
    const project = newProject((n) => n >= 2, 22);
    const millrace = await project.open(telling('nothing'));
    await millrace.start();
    await millrace.untilIdle();
    expect(await statusOf(millrace, TARGET)).toMatchObject({ loaded: 2, quarantined: 20 });
    expect(await millrace.redrive({ target: TARGET })).toMatchObject({ redriven: 20 });
    expect(await millrace.untilIdle()).toEqual({ held: [] });
    expect(await statusOf(millrace, TARGET)).toMatchObject({ state: 'idle', loaded: 2, quarantined: 20 });
    await millrace.stop();
  });

  it('are told apart by file, by prefix and by the time at which they failed', async () => {
    const project = newProject((n) => n >= 8, 12);
    let aheadMs = 0;
    const millrace = await project.open((loader) => ({ ...loader, now: () => loader.now() + aheadMs }));
    await millrace.start();
    await millrace.untilIdle();
    const between = project.loader.now() + 30_000;
    aheadMs += 60_000;
    project.put(keyOf(12), 'x\n');
    await millrace.untilIdle();
    const meant = async (selection: Parameters<typeof millrace.redrive>[0]): Promise<number> => {
      const { redriven } = await millrace.redrive(selection);
      await millrace.untilIdle();
      return redriven;
    };
    expect(await meant({ since: between })).toBe(1);
    expect(await meant({ until: between })).toBe(4);
    expect(await meant({ until: between })).toBe(0);
    expect(await meant({ urls: [`s3://lake/${keyOf(8)}`, `s3://lake/${keyOf(9)}`] })).toBe(2);
    expect(await meant({ urls: [`s3://lake/${keyOf(8)}`.slice(0, -1)] })).toBe(0);
    expect(await meant({ prefix: `s3://lake/${keyOf(10)}`.slice(0, -5) })).toBe(3);
    expect(await statusOf(millrace, TARGET)).toMatchObject({ quarantined: 5, waiting: 0 });
    await millrace.stop();
  });
});
