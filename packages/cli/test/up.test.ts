import { existsSync } from 'node:fs';
import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StatusReport } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { flightsProject, writeFlights } from './flights-project.ts';
import { cleanUp, readMillrace, runMillrace, startMillrace, startUp, until } from './run-millrace.ts';

afterEach(cleanUp);

async function flightsStatus(cwd: string): Promise<NonNullable<StatusReport['targets'][string]>> {
  const { targets } = await readMillrace<StatusReport>(['status'], { cwd });
  const status = targets['public.flights'];
  if (status === undefined) throw new Error('public.flights is not in the status');
  return status;
}

describe('millrace up', () => {
  it('loads what arrives, serves the other commands, refuses a second one, and ends cleanly', async () => {
    const cwd = await flightsProject();
    const up = await startUp(cwd);
    const file = await writeFlights(cwd, 'a.csv', [1, 2]);
    await copyFile(file, join(cwd, 'objects', 'lake', 'flights', 'dropped.csv'));
    await until(() => up.output().stdout.includes('loaded 1 file, 2 rows'), {
      what: () => 'the dropped file',
    });

    const other = await writeFlights(cwd, 'b.csv', [3]);
    const load = await runMillrace(['load', 'flights', other], { cwd });
    expect(load).toMatchObject({ code: 0, stdout: 'public.flights: 1 file loaded\n' });
    expect(await flightsStatus(cwd)).toMatchObject({ state: 'idle', waiting: 0, loaded: 2, rows: 3 });

    const second = await runMillrace(['up'], { cwd });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`is in use by process ${up.process.pid} (millrace up)`);

    up.process.kill('SIGTERM');
    expect(await up.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(cwd, '.millrace', 'up.json'))).toBe(false);
    expect(await flightsStatus(cwd)).toMatchObject({ loaded: 2 });
  });

  it('that was killed leaves nothing in the way', async () => {
    const cwd = await flightsProject();
    const up = await startUp(cwd);
    up.process.kill('SIGKILL');
    await up.ended;
    expect(existsSync(join(cwd, '.millrace', 'up.json'))).toBe(true);
    expect(await flightsStatus(cwd)).toMatchObject({ state: 'idle' });
    expect(await runMillrace(['up', '--until-idle'], { cwd })).toMatchObject({ code: 0 });
  });

  it('names what lies among the files and is none, once', async () => {
    const cwd = await flightsProject();
    const link = join(cwd, 'objects', 'lake', 'flights', 'link.csv');
    await symlink(await writeFlights(cwd, 'elsewhere.csv', [1]), link);
    const { code, stdout, stderr } = await runMillrace(['up', '--until-idle'], { cwd });
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr.split('\n').filter((line) => line.includes(link))).toEqual([
      `not loaded: ${link}: symbolic links are not followed`,
    ]);
  });

  it('names quarantined files on stderr, and --until-idle is done all the same', async () => {
    const cwd = await flightsProject();
    await copyFile(
      await writeFlights(cwd, 'x.csv', [1, 'late']),
      join(cwd, 'objects', 'lake', 'flights', 'bad.csv'),
    );
    await copyFile(
      await writeFlights(cwd, 'y.csv', [5]),
      join(cwd, 'objects', 'lake', 'flights', 'good.csv'),
    );
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up.code).toBe(0);
    expect(up.stderr).toMatch(
      /quarantined s3:\/\/lake\/flights\/bad\.csv: line 3, column delay: .*\(value 'late'\)/u,
    );
    expect(up.stderr).toContain('public.flights has 1 quarantined file');
    expect(await flightsStatus(cwd)).toMatchObject({ loaded: 1, quarantined: 1, waiting: 0 });
  });

  it('writes an event per line with --json', async () => {
    const cwd = await flightsProject();
    await copyFile(
      await writeFlights(cwd, 'y.csv', [5]),
      join(cwd, 'objects', 'lake', 'flights', 'good.csv'),
    );
    const up = await runMillrace(['up', '--until-idle', '--json'], { cwd });
    const kinds = up.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(['files-waiting', 'job-submitted', 'table-loaded']);
  });

  it('ends with 1 when a lane is held, and says why', async () => {
    const cwd = await flightsProject({ columns: ['flight', 'carrier'] });
    await copyFile(
      await writeFlights(cwd, 'y.csv', [5]),
      join(cwd, 'objects', 'lake', 'flights', 'good.csv'),
    );
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up.code).toBe(1);
    expect(up.stderr).toContain('carrier');
  });

  it('that is killed in the middle of a load leaves the rest to the command that waits for it', async () => {
    const cwd = await flightsProject();
    const up = await startUp(cwd, ['--json']);
    const long = await writeFlights(
      cwd,
      'a.csv',
      Array.from({ length: 1_000_000 }, (_, n) => n % 100),
    );
    const load = startMillrace(['load', 'flights', long], { cwd });
    await until(() => up.output().stdout.includes('job-submitted'), { what: () => 'the load to run' });
    up.process.kill('SIGKILL');
    await up.ended;
    expect(await load.ended).toMatchObject({ code: 0, stdout: 'public.flights: 1 file loaded\n' });
    expect(await flightsStatus(cwd)).toMatchObject({ loaded: 1, rows: 1_000_000 });
  });

  it('lets a load that is interrupted leave its files in the lane', async () => {
    // A lane that is held: the table has no such column.
    const cwd = await flightsProject({ columns: ['flight', 'carrier'] });
    const up = await startUp(cwd);
    const load = startMillrace(['load', 'flights', await writeFlights(cwd, 'a.csv', [1])], { cwd });
    await until(async () => (await flightsStatus(cwd)).waiting === 1, { what: () => 'the file to wait' });
    load.process.kill('SIGINT');
    const ended = await load.ended;
    expect(ended).toMatchObject({ code: 1, stdout: 'public.flights: 0 files loaded, 1 still waiting\n' });
    expect(ended.stderr).toContain('s3://lake/flights/a.csv still waits for public.flights');
    up.process.kill('SIGTERM');
    expect(await up.ended).toMatchObject({ code: 0 });
  });

  it('is not reached by a configuration with a state of its own', async () => {
    const cwd = await flightsProject();
    const up = await startUp(cwd);
    const config = JSON.parse(await readFile(join(cwd, 'millrace.config.json'), 'utf8')) as object;
    const apart = {
      tracker: { kind: 'sqlite', path: 'apart/tracker.db' },
      warehouse: { kind: 'local', path: 'apart/w.duckdb' },
    };
    await writeFile(join(cwd, 'apart.json'), JSON.stringify({ ...config, ...apart }));
    await runMillrace(['load', 'flights', await writeFlights(cwd, 'a.csv', [1])], { cwd });
    const status = await readMillrace<StatusReport>(['status', '--config', 'apart.json'], { cwd });
    expect(status.targets['public.flights']).toMatchObject({ loaded: 0 });
    expect(await flightsStatus(cwd)).toMatchObject({ loaded: 1 });
    up.process.kill('SIGTERM');
    await up.ended;
  });

  it('takes an up.json of another program for nothing', async () => {
    const cwd = await flightsProject();
    await runMillrace(['status'], { cwd });
    const stale = JSON.stringify({ port: 9, pid: process.pid, token: 'x' });
    await writeFile(join(cwd, '.millrace', 'up.json'), stale);
    expect(await flightsStatus(cwd)).toMatchObject({ state: 'idle' });
    const up = await startUp(cwd);
    expect(await readFile(join(cwd, '.millrace', 'up.json'), 'utf8')).not.toBe(stale);
    up.process.kill('SIGINT');
    expect(await up.ended).toMatchObject({ code: 0 });
  });
});
