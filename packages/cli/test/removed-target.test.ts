import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailureEntry, RedriveReport, StatusReport } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { flightsProject, writeFlights } from './flights-project.ts';
import { cleanUp, readMillrace, runMillrace } from './run-millrace.ts';

afterEach(cleanUp);

/** A project whose target `public.flights` is `public.arrivals` now; one of its files waits, another is quarantined. */
async function renamedTarget(): Promise<string> {
  const cwd = await flightsProject();
  const lake = join(cwd, 'objects', 'lake', 'flights');
  await writeFlights(lake, 'bad.csv', ['soon']);
  await runMillrace(['up', '--until-idle'], { cwd });
  await runMillrace(['pause', 'flights', '--why', 'a move', '--by', 'ada'], { cwd });
  await writeFlights(lake, 'a.csv', [1]);
  await runMillrace(['up', '--until-idle'], { cwd });
  const path = join(cwd, 'millrace.config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as { targets: Record<string, object> };
  const { 'public.flights': flights } = config.targets;
  config.targets = { 'public.arrivals': { ...flights, from: 's3://lake/arrivals/' } };
  await writeFile(path, JSON.stringify(config));
  await writeFile(join(cwd, 'migrations', '0002_arrivals.sql'), 'CREATE TABLE arrivals (LIKE flights);\n');
  return cwd;
}

describe('a target that left the configuration with files', { timeout: 60_000 }, () => {
  it('ends `up --until-idle` with 1, and is in the status and the failures', async () => {
    const cwd = await renamedTarget();
    const up = await runMillrace(['up', '--until-idle'], { cwd });
    expect(up.code).toBe(1);
    expect(up.stderr).toContain(
      'error: public.flights: stuck: not a target of the configuration, and 1 file waits, 1 is quarantined; write it',
    );
    expect(up.stderr).not.toContain('nothing waits any more');
    const { targets } = await readMillrace<StatusReport>(['status'], { cwd });
    expect(targets['public.flights']).toMatchObject({ waiting: 1, quarantined: 1, isConfigured: false });
    const status = await runMillrace(['status'], { cwd });
    expect(status.stdout).toMatch(/^public\.flights +paused +1 +0 +0 +1 /mu);
    expect(status.stdout).toContain('public.flights: stuck: not a target of the configuration');
    const failures = await readMillrace<FailureEntry[]>(['failures', '--target', 'flights'], { cwd });
    expect(failures).toMatchObject([{ target: 'public.flights', state: 'quarantined' }]);
    const slip = await runMillrace(['failures', '--target', 'arivals'], { cwd });
    expect(slip).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'arivals' is not a target of"),
    });
    expect(slip.stderr).toContain('did you mean public.arrivals?');
  });

  it('keeps its quarantined files from a redrive, which says so', async () => {
    const cwd = await renamedTarget();
    const left =
      '1 quarantined file of public.flights left as it is: it is not a target of the configuration';
    const all = await runMillrace(['redrive'], { cwd });
    expect(all).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining(left) });
    const one = await runMillrace(['redrive', 's3://lake/flights/bad.csv'], { cwd });
    expect(one).toMatchObject({ code: 1, stderr: expect.stringContaining(`error: ${left}`) });
    expect(await readMillrace<RedriveReport>(['redrive'], { cwd })).toEqual({
      redriven: 0,
      leftOut: [{ target: 'public.flights', files: 1 }],
    });
    const named = await runMillrace(['redrive', '--target', 'flights'], { cwd });
    expect(named).toMatchObject({ code: 2, stderr: expect.stringContaining("'flights' is not a target of") });
  });
});
