import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { AlertReceiver } from './alert-receiver.ts';
import { type TestProject, TestProjects } from './test-project.ts';

/** Conditions of a real pipeline, told to a real HTTP server. */

const T = 'public.t';
const projects = new TestProjects();
const receivers: AlertReceiver[] = [];
const running: Millrace[] = [];
afterEach(async () => {
  for (const millrace of running.splice(0)) await millrace.stop();
  for (const receiver of receivers.splice(0)) await receiver.close();
  projects.removeAll();
});

async function receiver(port?: number): Promise<AlertReceiver> {
  const opened = await AlertReceiver.open(port);
  receivers.push(opened);
  return opened;
}

function project(
  url: string,
  { tables = 'CREATE TABLE public.t (id int)', timeout = '1s' } = {},
): TestProject {
  return projects.make({
    tables,
    targets: {
      [T]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, freshness: '50ms' },
    },
    config: { sweep: '1s', alerts: [{ kind: 'json', url, timeout }] },
  });
}

async function start(made: TestProject): Promise<Millrace> {
  const millrace = await made.open();
  running.push(millrace);
  await millrace.start();
  return millrace;
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let nth = 0; nth < 400; nth += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`not within ten seconds: ${what}`);
}

const RAISED = `raised files-quarantined/${T} warning`;
const RECOVERED = `recovered files-quarantined/${T} warning`;

describe('quarantined files', () => {
  it('are told once with their count, nothing more of the same, and their end once', async () => {
    const hook = await receiver();
    const made = project(hook.url);
    for (const nth of [1, 2, 3]) made.put(`t/bad-${nth}.csv`, 'no number\n');
    made.put('t/good.csv', '1\n');
    const millrace = await start(made);
    await until(() => hook.lines.length > 0, 'an alert');
    expect(hook.lines).toEqual([RAISED]);
    expect(hook.told[0]).toMatchObject({
      version: 1,
      target: T,
      text: '3 files were put aside, with a reason each',
    });
    made.put('t/bad-4.csv', 'no number\n');
    await until(async () => (await millrace.status()).targets[T]?.quarantined === 4, 'a fourth file');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(hook.lines).toEqual([RAISED]);
    await millrace.query('DROP TABLE public.t');
    await millrace.query('CREATE TABLE public.t (id varchar(20))');
    await millrace.redrive({ target: T });
    await until(() => hook.lines.length > 1, 'the end');
    expect(hook.lines).toEqual([RAISED, RECOVERED]);
  });

  it('are not told again after a restart, and their end is', async () => {
    const hook = await receiver();
    const made = project(hook.url);
    made.put('t/bad.csv', 'no number\n');
    await made.drain(async () => undefined);
    expect(hook.lines).toEqual([RAISED]);
    await made.drain(async () => undefined);
    expect(hook.lines).toEqual([RAISED]);
    const millrace = await start(made);
    await millrace.query('DROP TABLE public.t');
    await millrace.query('CREATE TABLE public.t (id varchar(20))');
    await millrace.redrive({ target: T });
    await until(() => hook.lines.length > 1, 'the end');
    expect(hook.lines).toEqual([RAISED, RECOVERED]);
  });
});

describe('a table that has changed', () => {
  it('is told with what it refused first; what was put aside before waits for it, and has not recovered', async () => {
    const hook = await receiver();
    const made = project(hook.url);
    const millrace = await start(made);
    for (let nth = 1; nth <= 8; nth += 1) {
      made.put(`t/${nth}.csv`, `1\nno number ${nth}\n`);
      const isTaken = async (): Promise<boolean> => {
        const { quarantined = 0, state } = (await millrace.status()).targets[T] ?? {};
        return state === 'held' || quarantined === nth;
      };
      await until(isTaken, `file ${nth} put aside, or a hold`);
      if (nth === 1) await until(() => hook.lines.length > 0, 'an alert');
    }
    const DRIFT = `drift/${T} error`;
    await until(() => hook.lines.length > 1, 'the hold');
    expect(hook.told[1]?.text).toMatch(/'no number 1' in line 2\).*\(first: s3:\/\/lake\/t\/1\.csv\)$/u);
    await millrace.query('DROP TABLE public.t');
    await millrace.query('CREATE TABLE public.t (id varchar(20))');
    await millrace.stop();
    running.splice(0);
    expect(hook.lines).toEqual([RAISED, `raised ${DRIFT}`]);
    await start(made);
    await until(() => hook.lines.length > 3, 'both ends');
    expect([...hook.lines.slice(2)].sort()).toEqual([`recovered ${DRIFT}`, RECOVERED]);
  });
});

describe('a receiver', () => {
  it('that is down is told when it is up, the log says so once, and files are loaded meanwhile', async () => {
    const hook = await receiver();
    const { port } = hook;
    const made = project(hook.url, { timeout: '300ms' });
    await hook.close();
    made.put('t/bad.csv', 'no number\n');
    const millrace = await start(made);
    await until(() => made.defects.length > 0, 'a line of the log');
    made.put('t/good.csv', '1\n');
    await until(async () => (await millrace.status()).targets[T]?.loaded === 1, 'a load');
    expect(made.defects.map(({ where }) => where)).toEqual(['alerts to json']);
    expect(String(made.defects[0]?.error)).toContain('127.0.0.1');
    expect(String(made.defects[0]?.error)).not.toContain('/hook');
    const again = await receiver(port);
    await until(() => again.lines.length > 0, 'an alert');
    expect(again.lines).toEqual([RAISED]);
    expect(made.defects).toHaveLength(1);
  });

  it('that is slow keeps no load waiting, and no stop for long', async () => {
    const hook = await receiver();
    hook.answer = () => undefined;
    const made = project(hook.url, { timeout: '2s' });
    made.put('t/bad.csv', 'no number\n');
    const millrace = await start(made);
    await until(() => hook.received.length > 0, 'a request');
    for (const nth of [1, 2, 3]) made.put(`t/good-${nth}.csv`, `${nth}\n`);
    const began = Date.now();
    await until(async () => (await millrace.status()).targets[T]?.loaded === 3, 'loads');
    expect(Date.now() - began).toBeLessThan(1_900);
    await millrace.stop();
    running.splice(0);
    expect(Date.now() - began).toBeLessThan(8_000);
  });

  it('that hangs, or is away, takes no time of another one', async () => {
    const [hanging, hook] = [await receiver(), await receiver()];
    hanging.answer = () => undefined;
    const made = projects.make({
      tables: 'CREATE TABLE public.t (id int)',
      targets: {
        [T]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, freshness: '50ms' },
      },
      config: {
        sweep: '1s',
        alerts: [
          { kind: 'json', name: 'hanging', url: hanging.url, timeout: '6s' },
          { kind: 'json', name: 'prompt', url: hook.url, timeout: '6s' },
        ],
      },
    });
    made.put('t/bad.csv', 'no number\n');
    const millrace = await start(made);
    await until(() => hanging.received.length > 0 && hook.lines.length > 0, 'a request to each');
    expect(hook.lines).toEqual([RAISED]);
    // What happens while the other one hangs is told too.
    await millrace.query('DROP TABLE public.t');
    await millrace.query('CREATE TABLE public.t (id varchar(20))');
    await millrace.redrive({ target: T });
    await until(() => hook.lines.length > 1, 'the end');
    expect(hook.lines).toEqual([RAISED, RECOVERED]);
    expect(hanging.received).toHaveLength(1);
  });

  it('that refuses is named in the log with its answer, and told again later', async () => {
    const hook = await receiver();
    hook.answer = 403;
    const made = project(hook.url);
    made.put('t/bad.csv', 'no number\n');
    await start(made);
    await until(() => made.defects.length > 0, 'a line of the log');
    expect(String(made.defects[0]?.error)).toContain('refused an alert: 403 no such token');
    hook.answer = 200;
    const refused = hook.received.length;
    await until(() => hook.received.length > refused, 'an alert');
    expect(hook.lines.at(-1)).toBe(RAISED);
  });

  it('that is busy is asked again within the same delivery', async () => {
    const hook = await receiver();
    hook.answer = (response, nth) => {
      response
        .writeHead(nth === 1 ? 503 : nth === 2 ? 429 : 200, nth === 2 ? { 'retry-after': '0' } : {})
        .end();
    };
    const made = project(hook.url, { timeout: '5s' });
    made.put('t/bad.csv', 'no number\n');
    await start(made);
    await until(() => hook.received.length === 3, 'three tries');
    expect(made.defects).toEqual([]);
    expect(new Set(hook.lines)).toEqual(new Set([RAISED]));
  });
});

describe('a worker', () => {
  it('that cannot start because a migration fails tells so before it ends, and the next start tells the end', async () => {
    const hook = await receiver();
    const made = project(hook.url, { tables: 'CREATE TABEL public.t (id int)' });
    await expect(made.open()).rejects.toMatchObject({ code: 'migration-failed' });
    expect(hook.lines).toEqual(['raised migration-failed critical']);
    await expect(made.open()).rejects.toMatchObject({ code: 'migration-failed' });
    expect(hook.lines).toHaveLength(1);
    made.migrate('CREATE TABLE public.t (id int)');
    await start(made);
    await until(() => hook.lines.length > 1, 'the end');
    expect(hook.lines.at(-1)).toBe('recovered migration-failed critical');
  });

  it('tells of a held lane, and of its end when it has loaded', async () => {
    const hook = await receiver();
    const made = project(hook.url);
    const millrace = await start(made);
    await millrace.query('DROP TABLE public.t');
    made.put('t/a.csv', '1\n');
    await until(() => hook.lines.length > 0, 'an alert');
    expect(hook.lines).toEqual([expect.stringMatching(/^raised lane-held\/public\.t\/[a-z-]+ error$/u)]);
    await millrace.query('CREATE TABLE public.t (id int)');
    await millrace.stop();
    running.splice(0);
    await start(made);
    await until(() => hook.lines.length > 1, 'the end');
    expect(hook.lines[1]?.replace('recovered', 'raised')).toBe(hook.lines[0]);
  });

  it('whose channel has no secret says so and loads', async () => {
    const made = projects.make({
      tables: 'CREATE TABLE public.t (id int)',
      targets: { [T]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } },
      config: { alerts: [{ kind: 'slack', url: { env: 'MILLRACE_TEST_NO_SUCH_VARIABLE' } }] },
    });
    made.put('t/a.csv', '1\n');
    await made.drain(async (millrace) => {
      expect((await millrace.status()).targets[T]?.loaded).toBe(1);
    });
    expect(made.defects).toEqual([
      { where: 'alerts', error: expect.objectContaining({ code: 'alert-secret-missing' }) },
    ]);
  });
});
