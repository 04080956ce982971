import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckResult, JobEntry, JobStory, TraceReport } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { flightsProject, writeFlights } from './flights-project.ts';
import {
  cleanUp,
  newFolder,
  readMillrace,
  runMillrace,
  startMillrace,
  startUp,
  until,
} from './run-millrace.ts';

afterEach(cleanUp);

const KINDS = [
  [],
  ['--what', 'events'],
  ['--what', 'events', '--json-config', '--where', 'aws'],
  ['--where', 'aws'],
];

describe('init --yes', { timeout: 60_000 }, () => {
  it.each(KINDS.map((kind) => [kind]))(
    '%j asks nothing, and leaves a project on which doctor passes',
    async (kind) => {
      const folder = await newFolder();
      expect(await runMillrace(['init', 'p', '--yes', ...kind], { cwd: folder })).toMatchObject({ code: 0 });
      const cwd = join(folder, 'p');
      const results = await readMillrace<CheckResult[]>(['doctor'], { cwd });
      expect(results.length).toBeGreaterThan(5);
      for (const result of results) {
        expect(Object.keys(result)).toEqual(['check', 'status', 'detail', 'fix']);
        expect(['pass', 'warn']).toContain(result.status);
      }
    },
  );

  it('of a project for events makes rows of its sample', async () => {
    const folder = await newFolder();
    await runMillrace(['init', 'p', '--yes', '--what', 'events'], { cwd: folder });
    const cwd = join(folder, 'p');
    const up = await startUp(cwd, ['--http-port', '0']);
    await until(() => /events are taken at (\S+)/u.test(up.output().stderr), {
      what: () => JSON.stringify(up.output()),
    });
    const [, url = ''] = /events are taken at (\S+)/u.exec(up.output().stderr) ?? [];
    const { readFile } = await import('node:fs/promises');
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: await readFile(join(cwd, 'events', 'sample.ndjson')),
    });
    expect(await response.json()).toMatchObject({ accepted: 3 });
    const rows = () =>
      readMillrace<{ n: number }[]>(['query', 'SELECT COUNT(*) AS n FROM page_views'], { cwd });
    await until(async () => (await rows())[0]?.n === 3, { what: () => JSON.stringify(up.output()) });
    expect(await readMillrace(['query', 'SELECT COUNT(*) AS n FROM visitors'], { cwd })).toEqual([{ n: 2 }]);
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    expect(metrics).toContain('millrace_files_loaded_total{target="public.page_views"} 1');
    expect(metrics).toContain('millrace_lane_held{target="public.visitors"} 0');
    expect(metrics).toContain('millrace_events_accepted_total');
    const live = await readMillrace<CheckResult[]>(['doctor', '--live'], { cwd });
    expect(live.filter(({ check }) => check.startsWith('live'))).toHaveLength(6);
  });

  it('refuses to make a table for events from a file', async () => {
    const cwd = await newFolder();
    const made = await runMillrace(['init', 'p', '--what', 'events', '--from', 'x.csv', '--yes'], { cwd });
    expect([made.code, made.stderr]).toEqual([2, expect.stringContaining('--what says events')]);
    expect(existsSync(join(cwd, 'p'))).toBe(false);
  });
});

describe('doctor', { timeout: 60_000 }, () => {
  it('asks the up that runs, and takes nothing away from it', async () => {
    const cwd = await flightsProject();
    const up = await startUp(cwd);
    const results = await readMillrace<CheckResult[]>(['doctor', '--live'], { cwd });
    expect(results.filter(({ status }) => status !== 'pass')).toEqual([]);
    up.process.kill('SIGTERM');
    expect((await up.ended).code).toBe(0);
  });

  it('ends with 1 when something failed, and says what to do', async () => {
    const cwd = await flightsProject({ columns: ['flight', 'delay', 'gate'] });
    await runMillrace(['migrate'], { cwd });
    const { code, stdout, stderr } = await runMillrace(['doctor'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^fail {2}columns public\.flights +column 'gate' is not a column of public\.flights/mu,
    );
    expect(stdout).toContain('-> name one of flight, delay');
    expect(stderr).toContain('1 failed');
  });

  it('tells of a configuration with a mistake as of anything else', async () => {
    const cwd = await newFolder();
    await writeFile(join(cwd, 'millrace.config.json'), '{"targets": {"t": {"mode": "apend"}}}');
    const { code, stdout } = await runMillrace(['doctor', '--json'], { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ check: 'configuration', status: 'fail' }]);
    const shown = (await runMillrace(['doctor'], { cwd })).stdout;
    expect(shown).toMatch(/^fail {2}configuration .* problems?:\n {23}\S/mu);
    expect(shown).not.toContain('\\n');
  });

  it('tells of a tracker that is none', async () => {
    const cwd = await flightsProject();
    await runMillrace(['status'], { cwd });
    await writeFile(
      join(cwd, '.millrace', 'tracker.db'),
      'this is no database, and long enough to be looked at',
    );
    const { code, stdout } = await runMillrace(['doctor', '--json'], { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ check: 'state', status: 'fail' })]),
    );
  });

  it('tells whether a port is taken', async () => {
    const cwd = await flightsProject();
    const { createServer } = await import('node:net');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { stdout } = await runMillrace(['doctor', '--json', '--http-port', String(port)], { cwd });
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ check: `port ${port}`, status: 'fail' })]),
    );
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('trace and jobs', { timeout: 60_000 }, () => {
  it('tell of a file that loaded and of one that did not, with and without up', async () => {
    const cwd = await flightsProject();
    const good = await writeFlights(cwd, 'good.csv', [1, 2, 3]);
    const bad = await writeFlights(cwd, 'bad.csv', [1, 'late']);
    await copyFile(good, join(cwd, 'objects/lake/flights/good.csv'));
    await copyFile(bad, join(cwd, 'objects/lake/flights/bad.csv'));
    await runMillrace(['up', '--until-idle'], { cwd });
    const loaded = await readMillrace<TraceReport>(['trace', 's3://lake/flights/good.csv'], { cwd });
    expect(loaded.files).toMatchObject([{ state: 'loaded', job: { rows: 3 } }]);
    const up = await startUp(cwd);
    // By its path, from the current directory, and asked of the process that runs.
    const traced = await runMillrace(['trace', 'objects/lake/flights/bad.csv', '--sql'], { cwd });
    expect(traced.code).toBe(0);
    expect(traced.stdout).toContain('not loaded into public.flights: quarantined');
    expect(traced.stdout).toContain("line 3, column delay, value 'late'");
    expect(traced.stdout).toContain('-> correct the number');
    expect(traced.stdout).toContain('COPY "public"."flights"');
    const jobs = await readMillrace<JobEntry[]>(['jobs', 'flights'], { cwd });
    expect(jobs.map(({ state }) => state)).toEqual(expect.arrayContaining(['loaded', 'failed']));
    const [job] = jobs.filter(({ state }) => state === 'loaded');
    const story = await readMillrace<JobStory>(['jobs', job?.id ?? ''], { cwd });
    expect(story).toMatchObject({ rows: 3, urls: ['s3://lake/flights/good.csv'], target: 'public.flights' });
    expect((await runMillrace(['jobs'], { cwd })).stdout).toContain(job?.id);
    const unknown = await runMillrace(['jobs', '01ARZ3NDEKTSV4RRFFQ69G5FAV'], { cwd });
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('no target has a job')]);
    up.process.kill('SIGTERM');
    await up.ended;
  });

  it('say what is no address', async () => {
    const cwd = await flightsProject();
    for (const word of ['s3://lake', '../elsewhere.csv', 'objects/lake']) {
      const { code, stderr } = await runMillrace(['trace', word], { cwd });
      expect([code, stderr]).toEqual([2, expect.stringContaining('s3://bucket/key')]);
    }
  });
});

describe('status --watch', { timeout: 60_000 }, () => {
  it('writes a line per change where there is no terminal, and lets an up start meanwhile', async () => {
    const cwd = await flightsProject();
    const watch = startMillrace(['status', '--watch', '--every', '200ms'], { cwd });
    await until(() => watch.output().stdout.includes('public.flights  idle'), {
      what: () => JSON.stringify(watch.output()),
    });
    const up = await startUp(cwd);
    await copyFile(await writeFlights(cwd, 'a.csv', [1, 2]), join(cwd, 'objects/lake/flights/a.csv'));
    await until(() => watch.output().stdout.includes('1 loaded, 2 rows'), {
      what: () => JSON.stringify([watch.output(), up.output()]),
    });
    watch.process.kill('SIGINT');
    expect((await watch.ended).code).toBe(0);
    const lines = watch.output().stdout.trim().split('\n');
    expect(new Set(lines.map((line) => line.slice(22))).size).toBe(lines.length);
    up.process.kill('SIGTERM');
    await up.ended;
  });
});
