import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureEntry, HandedFile, MigrationReport, StatusReport } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { flightsProject, writeFlights } from './flights-project.ts';
import { cleanUp, readMillrace, runMillrace } from './run-millrace.ts';

afterEach(cleanUp);

describe('millrace load', () => {
  it('loads files once, whoever asks again', async () => {
    const cwd = await flightsProject();
    const files = [await writeFlights(cwd, 'a.csv', [1]), await writeFlights(cwd, 'b.csv', [2, 3])];
    const first = await runMillrace(['load', 'public.flights', ...files], { cwd });
    expect(first).toMatchObject({ code: 0, stdout: 'public.flights: 2 files loaded\n' });
    const again = await runMillrace(['load', 'FLIGHTS', 'a.csv'], { cwd });
    expect(again).toMatchObject({
      code: 0,
      stdout: 'public.flights: 0 files loaded, 1 had been loaded before\n',
    });
    expect(await readMillrace(['query', 'SELECT COUNT(*) AS n FROM flights'], { cwd })).toEqual([{ n: 3 }]);
  });

  it('names what was not loaded, with line, column, value and reason, and loads the rest', async () => {
    const cwd = await flightsProject();
    const bad = await writeFlights(cwd, 'bad.csv', [1, 'soon']);
    const good = await writeFlights(cwd, 'good.csv', [2]);
    const load = await runMillrace(['load', 'flights', bad, good, '--json'], { cwd });
    expect(load.code).toBe(1);
    expect(load.stderr).toMatch(
      /error: s3:\/\/lake\/flights\/bad\.csv is quarantined: line 3, column delay: .*\(value 'soon'\) \[1207\]; /u,
    );
    const files = JSON.parse(load.stdout) as HandedFile[];
    expect(files.map(({ url, status }) => [url, status])).toEqual([
      ['s3://lake/flights/bad.csv', 'quarantined'],
      ['s3://lake/flights/good.csv', 'loaded'],
    ]);
  });

  it('loads nothing of a list with a missing file', async () => {
    const cwd = await flightsProject();
    const load = await runMillrace(['load', 'flights', await writeFlights(cwd, 'a.csv', [1]), 'nope.csv'], {
      cwd,
    });
    expect(load.code).toBe(1);
    expect(load.stderr).toContain('nope.csv is not there; nothing was loaded');
    expect(await readMillrace(['status'], { cwd })).toMatchObject({
      targets: { 'public.flights': { loaded: 0 } },
    });
  });
});

describe('millrace bulk', () => {
  it('loads what a document names and was not loaded yet', async () => {
    const cwd = await flightsProject();
    const folder = join(cwd, 'objects', 'lake', 'history');
    await mkdir(folder);
    for (const name of ['a.csv', 'b.csv']) await writeFlights(folder, name, [1]);
    const spec = {
      paths: [{ s3_path: 's3://lake/history/', table: 'public.flights' }],
      copy: { options: 'FORMAT CSV IGNOREHEADER 1' },
    };
    await writeFile(join(cwd, 'bulk.json'), JSON.stringify(spec));
    const bulk = await runMillrace(['bulk', 'bulk.json'], { cwd });
    expect(bulk).toMatchObject({ code: 0, stdout: 'public.flights: 2 files loaded\n' });
    await runMillrace(['bulk', 'bulk.json'], { cwd });
    expect(await readMillrace(['query', 'SELECT COUNT(*) AS n FROM flights'], { cwd })).toEqual([{ n: 2 }]);
  });

  it('says what is wrong with a document, by its path', async () => {
    const cwd = await flightsProject();
    await writeFile(join(cwd, 'bulk.json'), '{"path": []}');
    const bulk = await runMillrace(['bulk', 'bulk.json'], { cwd });
    expect(bulk.code).toBe(2);
    expect(bulk.stderr).toContain(`${join(cwd, 'bulk.json')} has`);
  });
});

describe('millrace failures and redrive', () => {
  it('tell of a bad file, and load it when it was corrected under its name', async () => {
    const cwd = await flightsProject();
    const url = 's3://lake/flights/bad.csv';
    await runMillrace(['load', 'flights', await writeFlights(cwd, 'bad.csv', ['soon'])], { cwd });
    const [failure] = await readMillrace<FailureEntry[]>(['failures', '--target', 'flights'], { cwd });
    expect(failure).toMatchObject({
      target: 'public.flights',
      url,
      state: 'quarantined',
      code: '1207',
      line: 2,
      column: 'delay',
      rawValue: 'soon',
    });
    const text = await runMillrace(['failures'], { cwd });
    expect(text.stdout).toMatch(
      /^s3:\/\/lake\/flights\/bad\.csv\n {2}public\.flights, quarantined .*Z\n {2}where: line 2, column delay\n/u,
    );

    const inVain = await runMillrace(['redrive', '--prefix', url], { cwd });
    expect(inVain.code).toBe(1);
    expect(inVain.stderr).toContain('is quarantined again: line 2');
    const others = await runMillrace(['redrive', 's3://lake/flights/bad.csv.gz', '--since', '2026-01-01'], {
      cwd,
    });
    expect(others).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('nothing to redrive'),
    });
    const tooOld = await runMillrace(['redrive', url, '--until', '2026-01-01'], { cwd });
    expect(tooOld).toMatchObject({ code: 0, stdout: '' });
    const alsoInVain = await runMillrace(['redrive', url, '--since', '2026-01-01'], { cwd });
    expect(alsoInVain).toMatchObject({ code: 1, stdout: '1 file redriven\n' });
    const wrong = await runMillrace(['redrive', 'bad.csv'], { cwd });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("the file is 'bad.csv'") });

    // The table is what was wrong: another migration widens it.
    const added = await runMillrace(['migrate', 'new', 'delay as text'], { cwd });
    await writeFile(
      added.stdout.trim(),
      'DROP TABLE flights; CREATE TABLE flights (flight VARCHAR(16), delay VARCHAR(16));',
    );
    expect(await runMillrace(['redrive'], { cwd })).toMatchObject({ code: 0, stdout: '1 file redriven\n' });
    expect(await readMillrace(['failures'], { cwd })).toEqual([]);
    expect(await readMillrace(['query', 'SELECT delay FROM flights'], { cwd })).toEqual([{ delay: 'soon' }]);
  });
});

describe('millrace pause and resume', { timeout: 60_000 }, () => {
  it('keep files waiting, say who and why, and let them go in one load', async () => {
    const cwd = await flightsProject();
    const paused = await runMillrace(['pause', 'flights', '--why', 'new column', '--by', 'ada'], { cwd });
    expect(paused).toMatchObject({ code: 0, stdout: 'public.flights is paused\n' });
    for (const name of ['a.csv', 'b.csv']) await writeFlights(join(cwd, 'objects/lake/flights'), name, [1]);
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up.stderr).toContain('paused by ada: new column');
    const { stdout } = await runMillrace(['status'], { cwd });
    expect(stdout).toMatch(/^public\.flights {2}paused +2 /mu);
    expect(stdout).toContain('public.flights: paused by ada: new column\n');
    const resumed = await runMillrace(['resume', 'flights'], { cwd });
    expect(resumed).toMatchObject({ code: 0, stdout: 'public.flights is resumed\n' });
    expect((await runMillrace(['up', '--until-idle'], { cwd })).stdout).toContain('loaded 2 files, 2 rows');
  });

  it('hold every target of the warehouse, until it is resumed', async () => {
    const cwd = await flightsProject();
    const pause = await readMillrace(['pause', '--warehouse', '--why', 'resize', '--by', 'ada'], { cwd });
    expect(pause).toMatchObject({ target: null, by: 'ada', why: 'resize', since: expect.any(String) });
    await writeFlights(join(cwd, 'objects/lake/flights'), 'a.csv', [1]);
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up.stderr).toContain('the warehouse is paused by ada: resize');
    expect((await runMillrace(['status'], { cwd })).stdout).toMatch(
      /^the warehouse: paused by ada: resize, since \d{4}-\d\d-\d\d [\d:]+Z$/mu,
    );
    expect(await readMillrace(['resume', '--warehouse'], { cwd })).toEqual({ target: null, wasPaused: true });
    expect((await runMillrace(['up', '--until-idle'], { cwd })).stdout).toContain('loaded 1 file');
  });

  it('refuse what names nothing, both, or no reason', async () => {
    const cwd = await flightsProject();
    for (const [args, said] of [
      [['pause', '--why', 'x'], 'nothing is named; name a target, or write --warehouse'],
      [['pause', 'flights', '--warehouse', '--why', 'x'], 'both are named'],
      [['pause', 'flights', '--why', ' '], '--why is empty'],
      [['pause', 'flights'], "required option '--why <text>'"],
      [['resume'], 'nothing is named'],
    ] as const) {
      const { code, stderr } = await runMillrace([...args], { cwd });
      expect(stderr).toContain(said);
      expect(code).toBe(2);
    }
  });
});

describe('millrace status', () => {
  it('keeps its JSON, and has a line per target', async () => {
    const cwd = await flightsProject();
    await runMillrace(['load', 'flights', await writeFlights(cwd, 'a.csv', [1])], { cwd });
    const { targets } = await readMillrace<StatusReport>(['status'], { cwd });
    expect(targets['public.flights']).toEqual({
      state: 'idle',
      waiting: 0,
      loading: 0,
      loaded: 1,
      quarantined: 0,
      superseded: 0,
      oldestWaitingAgeMs: null,
      lastLoadedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u),
      rows: 1,
      note: null,
    });
    const { stdout } = await runMillrace(['status'], { cwd });
    expect(stdout.split('\n')[1]).toMatch(
      /^public\.flights {2}idle +0 +0 +1 +0 +0 +1 +- +\d{4}-\d\d-\d\d [\d:]+Z$/u,
    );
  });
});

describe('millrace plan', () => {
  it('shows SQL that says of itself what it is', async () => {
    const cwd = await flightsProject();
    await runMillrace(['migrate'], { cwd });
    const { code, stdout } = await runMillrace(['plan', 'flights'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('-- public.flights, append; lane: idle; 0 files waiting\n');
    expect(stdout).toMatch(/^COPY /mu);
    expect(await readMillrace(['plan', 'flights'], { cwd })).toMatchObject({
      target: 'public.flights',
      mode: 'append',
    });
  });
});

describe('millrace migrate', () => {
  it('shows what is pending, applies it once, and refuses a file that was changed', async () => {
    const cwd = await flightsProject();
    const dry = await runMillrace(['migrate', '--dry-run'], { cwd });
    expect(dry.stdout).toBe(
      '-- 0001_create_flights.sql\nCREATE TABLE flights (flight VARCHAR(16), delay INTEGER);\n',
    );
    const report = await readMillrace<MigrationReport>(['migrate'], { cwd });
    expect(report).toEqual({ applied: ['0001_create_flights.sql'], pending: [] });
    expect(await runMillrace(['migrate'], { cwd })).toMatchObject({
      code: 0,
      stderr: 'no migration is pending\n',
    });
    await writeFile(join(cwd, 'migrations', '0001_create_flights.sql'), 'CREATE TABLE flights (a INTEGER);');
    const changed = await runMillrace(['migrate'], { cwd });
    expect(changed.code).toBe(1);
    expect(changed.stderr).toContain("'0001_create_flights.sql' was changed after it was applied");
  });

  it('lists what was applied, and how tables were changed for their files', async () => {
    const cwd = await flightsProject({ drift: 'evolve' });
    expect((await runMillrace(['migrate', '--history'], { cwd })).stderr).toContain(
      'no migration was applied',
    );
    await writeFile(join(cwd, 'wide.csv'), 'flight,delay,carrier\nLX1,3,Swiss\n');
    expect(await runMillrace(['load', 'flights', 'wide.csv'], { cwd })).toMatchObject({ code: 0 });
    const { stdout } = await runMillrace(['migrate', '--history'], { cwd });
    expect(stdout).toMatch(
      /^\S+ \S+Z {2}ALTER TABLE "public"."flights" ADD COLUMN "carrier" VARCHAR\(16\)\n {4}for s3:/u,
    );
    expect(stdout).toMatch(/Z {2}migration 0001_create_flights.sql\n$/u);
    expect(await readMillrace(['migrate', '--history'], { cwd })).toMatchObject({
      migrations: [{ name: '0001_create_flights.sql' }],
      changes: [{ target: 'public.flights', column: 'carrier', change: 'add', from: null, isMade: true }],
    });
    expect(await runMillrace(['migrate', '--history', '--dry-run'], { cwd })).toMatchObject({ code: 2 });
  });
});

describe('millrace query', () => {
  it('keeps values that JSON numbers cannot hold', async () => {
    const cwd = await flightsProject();
    const sql =
      "SELECT 9007199254740993 AS big, 42 AS small, CAST('1.50' AS DECIMAL(8,2)) AS price, CAST('2026-01-02 03:04:05.5' AS TIMESTAMP) AS at, NULL AS nothing";
    const [row] = await readMillrace<Record<string, unknown>[]>(['query', sql], { cwd });
    expect(row).toEqual({
      big: '9007199254740993',
      small: 42,
      price: '1.50',
      at: expect.stringMatching(/^2026-01-02 03:04:05\.50*$/u),
      nothing: null,
    });
    const text = await runMillrace(['query', "SELECT 'a' || CHR(10) || 'b' AS lines, 7 AS n"], { cwd });
    expect(text).toMatchObject({ code: 0, stdout: 'lines  n\na\\nb   7\n', stderr: '(1 row)\n' });
    expect(await runMillrace(['query', 'SELECT nothing FROM nowhere'], { cwd })).toMatchObject({ code: 1 });
  });
});

describe('millrace backup and restore', () => {
  it('bring a state back, and overwrite one only when told to', async () => {
    const cwd = await flightsProject();
    await runMillrace(['load', 'flights', await writeFlights(cwd, 'a.csv', [1])], { cwd });
    expect(await runMillrace(['backup', 'kept'], { cwd })).toMatchObject({ code: 0 });
    await runMillrace(['load', 'flights', await writeFlights(cwd, 'b.csv', [2])], { cwd });
    const refused = await runMillrace(['restore', 'kept'], { cwd });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--force');
    expect(await runMillrace(['restore', 'kept', '--force'], { cwd })).toMatchObject({ code: 0 });
    const sql = 'SELECT COUNT(*) AS n FROM flights';
    expect(await readMillrace(['query', sql], { cwd })).toEqual([{ n: 1 }]);
    // What was loaded after the backup is in the object store still, and is taken again.
    expect(await runMillrace(['up', '--until-idle'], { cwd })).toMatchObject({ code: 0 });
    expect(await readMillrace(['query', sql], { cwd })).toEqual([{ n: 2 }]);
  });

  it('refuse what is no backup, whatever is forced', async () => {
    const cwd = await flightsProject();
    await writeFile(join(cwd, 'tracker.db'), 'x'.repeat(64));
    const restored = await runMillrace(['restore', '.', '--force'], { cwd });
    expect(restored.code).toBe(1);
    expect(restored.stderr).toContain('is not what `millrace backup` writes');
    expect(await readFile(join(cwd, 'tracker.db'), 'utf8')).toBe('x'.repeat(64));
  });
});
