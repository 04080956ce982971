import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { CRASH_WAREHOUSE, CrashProject, type TableFacts } from './crash-project.ts';
import { FAILPOINTS, type Failpoint } from './failpoints.ts';

const CHILD = join(import.meta.dirname, 'crash-child.ts');

/** The warehouse that the loaders of a project load into. */
export interface CrashWarehouse {
  /** As a configuration says it; null: the project's own. */
  readonly place: Readonly<Record<string, unknown>> | null;
  /** Rows of a question, as numbers, when no loader is there. */
  ask(project: CrashProject, sql: string): Promise<readonly number[]>;
}

const warehouses = new WeakMap<CrashProject, CrashWarehouse>();
const projects: CrashProject[] = [];
const children = new Set<ChildProcess>();

export function crashSuite(
  name: string,
  open: () => Promise<CrashWarehouse>,
  { kills = 25, times = 3 }: { kills?: number; times?: number } = {},
): void {
  const newProject = async (): Promise<CrashProject> => {
    const project = new CrashProject();
    projects.push(project);
    warehouses.set(project, await open());
    return project;
  };

  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    for (const project of projects.splice(0)) project.remove();
  });

  describe(`a loader into ${name} that is killed`, { timeout: 240_000 }, () => {
    it(`at ${kills} random points, while files arrive, has every row there exactly once`, async () => {
      const project = await newProject();
      for (let kill = 0; kill < kills; kill += 1) {
        const child = start(project, 'work');
        await child.ready;
        const livesForMs = Math.random() * 400;
        const until = Date.now() + livesForMs;
        while (Date.now() < until) {
          project.drop();
          await setTimeout(20);
        }
        await child.kill();
      }
      await finish(project);
      expect(await readTables(project)).toEqual(project.expected);
    });

    describe.each(FAILPOINTS)(`${times} times at '%s'`, (point) => {
      it('has every row there exactly once', async () => {
        const project = await newProject();
        for (let n = 0; n < 12; n += 1) project.drop();
        for (let time = 1; time <= times; time += 1) {
          expect(await dieAt(project, point, time)).toBe('SIGKILL');
          project.drop();
        }
        await finish(project);
        expect(await readTables(project)).toEqual(project.expected);
      });
    });

    it('and whose tracker is lost as well loads nothing twice', async () => {
      const project = await newProject();
      for (let n = 0; n < 12; n += 1) project.drop();
      expect(await dieAt(project, 'after-commit', 2)).toBe('SIGKILL');
      project.forgetTracker();
      project.drop();
      await finish(project);
      project.forgetTracker();
      await finish(project);
      expect(await readTables(project)).toEqual(project.expected);
    });
  });
}

interface Child {
  readonly ready: Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>;
  kill(): Promise<void>;
}

function environmentOf(project: CrashProject): NodeJS.ProcessEnv {
  const place = warehouses.get(project)?.place ?? null;
  return place === null ? process.env : { ...process.env, [CRASH_WAREHOUSE]: JSON.stringify(place) };
}

function start(project: CrashProject, ...args: string[]): Child {
  const child = spawn(process.execPath, ['--conditions=source', CHILD, project.directory, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentOf(project),
  });
  children.add(child);
  let output = '';
  let tellReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    tellReady = resolve;
  });
  const collect = (chunk: Buffer): void => {
    output += chunk;
    if (output.includes('ready')) tellReady();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>(
    (resolve) => {
      child.on('close', (code, signal) => {
        children.delete(child);
        tellReady();
        resolve({ code, signal, output });
      });
    },
  );
  return {
    ready,
    ended,
    kill: async () => {
      child.kill('SIGKILL');
      const { code, output: said } = await ended;
      // A child that ended by itself was not killed: the test would prove nothing.
      if (code !== null) throw new Error(`the loader ended by itself with ${code}: ${said}`);
    },
  };
}

async function dieAt(
  project: CrashProject,
  point: Failpoint,
  nth: number,
): Promise<NodeJS.Signals | string | null> {
  const { signal, output } = await start(project, 'drain', point, String(nth)).ended;
  return signal ?? output;
}

async function finish(project: CrashProject): Promise<void> {
  const { code, output } = await start(project, 'drain').ended;
  expect({ code, output }).toEqual({ code: 0, output: 'ready\nidle []\n' });
}

/** Reads the warehouse itself, when no loader has it. */
async function readTables(project: CrashProject): Promise<TableFacts> {
  const warehouse = warehouses.get(project);
  if (warehouse === undefined) throw new Error('the project has no warehouse');
  const ask = (sql: string): Promise<readonly number[]> => warehouse.ask(project, sql);
  const [eventRows = -1, eventIds = -1] = await ask('SELECT COUNT(*), COUNT(DISTINCT id) FROM public.events');
  const [movedRows = -1, movedIds = -1] = await ask('SELECT COUNT(*), COUNT(DISTINCT id) FROM public.moved');
  const [dimRows = -1, dimSum = -1] = await ask('SELECT COUNT(*), SUM(v) FROM public.dims');
  return {
    events: { rows: eventRows, ids: eventIds },
    moved: { rows: movedRows, ids: movedIds },
    dims: { rows: dimRows, sum: dimSum },
  };
}
