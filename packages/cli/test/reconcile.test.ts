import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { flightsProject, writeFlights } from './flights-project.ts';
import { cleanUp, readMillrace, runMillrace, startUp, until } from './run-millrace.ts';

afterEach(cleanUp);

const COUNT = ['query', 'SELECT COUNT(*) AS n FROM flights'];

describe('millrace reconcile', () => {
  it('tells what is missing, mends it when asked to, and ends with 0 when nothing is left', async () => {
    const cwd = await flightsProject();
    const store = join(cwd, 'objects', 'lake', 'flights');
    await runMillrace(['up', '--until-idle'], { cwd });
    await writeFlights(store, 'a.csv', [1]);
    const found = await runMillrace(['reconcile', '--json'], { cwd });
    expect(found.code).toBe(1);
    expect(found.stderr).toContain('1 disagreement is left');
    const why = 'it is in the object store, has no receipt, and the tracker does not know it';
    const entry = { target: 'public.flights', url: 's3://lake/flights/a.csv', why };
    expect(JSON.parse(found.stdout)).toEqual({ missing: [entry], double: [], orphan: [] });

    const repair = await runMillrace(['reconcile', 'flights', '--repair'], { cwd });
    expect(repair).toMatchObject({
      code: 0,
      stdout: `missing s3://lake/flights/a.csv\n        public.flights: ${why} (mended)\n`,
      stderr: '1 file let wait: `millrace up` loads what waits\n',
    });
    await runMillrace(['up', '--until-idle'], { cwd });
    expect(await readMillrace(COUNT, { cwd })).toEqual([{ n: 1 }]);
    expect(await runMillrace(['reconcile'], { cwd })).toEqual({
      code: 0,
      stdout: '',
      stderr: 'object store, tracker and receipts agree\n',
    });

    await rm(join(store, 'a.csv'));
    const gone = await runMillrace(['reconcile', '--repair'], { cwd });
    expect(gone.code).toBe(1);
    expect(gone.stdout).toContain('orphan  s3://lake/flights/a.csv');
  });
});

describe('millrace backfill', () => {
  it('counts in a dry run, loads, and loads nothing again', async () => {
    const cwd = await flightsProject();
    const folder = join(cwd, 'objects', 'lake', 'history');
    await mkdir(folder);
    for (const name of ['a.csv', 'b.csv', 'c.csv']) await writeFlights(folder, name, [1, 2]);
    const args = ['backfill', 'flights', 's3://lake/history/'];
    await runMillrace(['up', '--until-idle'], { cwd });
    const dry = await readMillrace([...args, '--dry-run'], { cwd });
    const [none, all] = [
      { files: 0, bytes: 0 },
      { files: 3, bytes: 81 },
    ];
    expect(dry).toEqual({
      target: 'public.flights',
      prefix: 's3://lake/history/',
      dryRun: true,
      ...all,
      alreadyLoaded: none,
      waiting: none,
      quarantined: none,
      toLoad: all,
      loaded: 0,
      notLoaded: 0,
      isWhole: true,
    });
    expect(await readMillrace(COUNT, { cwd })).toEqual([{ n: 0 }]);
    expect(await runMillrace(args, { cwd })).toMatchObject({
      code: 0,
      stdout: 'public.flights: 3 files loaded\n',
    });
    expect(await runMillrace(args, { cwd })).toMatchObject({
      code: 0,
      stdout: 'public.flights: 0 files loaded, 3 files loaded before (81 B)\n',
    });
    expect(await readMillrace(COUNT, { cwd })).toEqual([{ n: 6 }]);
  });

  it('works by way of the `up` that runs, in its lane, and names what was not loaded', async () => {
    const cwd = await flightsProject({ maxFiles: 2 });
    const folder = join(cwd, 'objects', 'lake', 'history');
    await mkdir(folder);
    for (let n = 1; n <= 5; n += 1) await writeFlights(folder, `${n}.csv`, [n === 4 ? 'soon' : n]);
    const up = await startUp(cwd);
    const backfill = await runMillrace(['backfill', 'flights', 's3://lake/history/'], { cwd });
    expect(backfill.code).toBe(1);
    expect(backfill.stderr).toContain('s3://lake/history/4.csv is quarantined: line 2, column delay');
    expect(backfill.stdout).toBe('public.flights: 4 files loaded, 1 not loaded\n');
    expect(await runMillrace(['reconcile'], { cwd })).toMatchObject({ code: 0 });
    up.process.kill('SIGTERM');
    await until(() => up.process.exitCode !== null, { what: () => 'up to end' });
  });

  it('waits for what is in the line already, and says why when it can not', async () => {
    const cwd = await flightsProject();
    const lake = join(cwd, 'objects', 'lake', 'flights');
    const args = ['backfill', 'flights', 's3://lake/flights/'];
    for (let n = 1; n <= 12; n += 1) await writeFlights(lake, `${n}.csv`, [n]);
    await runMillrace(['pause', 'flights', '--why', 'a move', '--by', 'ada'], { cwd });
    await runMillrace(['up', '--until-idle'], { cwd });
    const { code, stdout, stderr } = await runMillrace(args, { cwd });
    expect([code, stdout]).toEqual([1, 'public.flights: 0 files loaded, 12 not loaded\n']);
    expect(stderr).toContain('error: public.flights is paused by ada: a move; its files wait');
    expect(stderr.match(/still waits for public\.flights$/gmu)).toHaveLength(10);
    expect(stderr).toContain('2 more files still wait for public.flights');
    await runMillrace(['resume', 'flights'], { cwd });
    const done = await readMillrace<{ loaded: number; alreadyLoaded: { files: number } }>(args, { cwd });
    expect(done.loaded + done.alreadyLoaded.files).toBe(12);
  });

  it('says that there is nothing below a prefix', async () => {
    const cwd = await flightsProject();
    expect(await runMillrace(['backfill', 'flights', 's3://lake/typo/'], { cwd })).toMatchObject({
      code: 0,
      stdout: 'public.flights: nothing to load\n',
      stderr: expect.stringContaining('there is nothing below s3://lake/typo/ for public.flights'),
    });
  });

  it.each([
    [['history/'], "the prefix is 'history/'"],
    [['s3://lake/', '--since', 'yesterday'], "--since is 'yesterday'"],
    [['s3://lake/', '--since', '2026-13-01'], "--since is '2026-13-01'"],
    [
      ['s3://lake/', '--since', '2026-11-02', '--until', '2026-11-01T00:00'],
      '--since 2026-11-02 is not before --until 2026-11-01T00:00; nothing is between them: exchange them',
    ],
    [
      ['s3://lake/', '--since', '2026-11-01', '--until', '2026-11-01T00:00Z'],
      '--since 2026-11-01 is not before --until 2026-11-01T00:00Z; they are one instant',
    ],
  ])('says what is wrong with %j', async (args, sentence) => {
    const { code, stderr } = await runMillrace(['backfill', 'flights', ...args], {
      cwd: await flightsProject(),
    });
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});
