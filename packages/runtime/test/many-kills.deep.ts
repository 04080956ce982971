import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { RedshiftLocal } from '@millrace/redshift-local';
import { MemoryObjectStore } from '@millrace/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { CrashProject } from './crash/crash-project.ts';

/** The kill series of every push, eight times as long. */

const KILLS = 200;
const CHILD = join(import.meta.dirname, 'crash', 'crash-child.ts');

let project: CrashProject | undefined;
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  project?.remove();
});

describe(`a loader that is killed ${KILLS} times at random`, () => {
  it('while files arrive, has every row there exactly once', async () => {
    project = new CrashProject();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const child = start(project.directory, 'work');
      await child.ready;
      const until = Date.now() + Math.random() * 500;
      while (Date.now() < until) {
        project.drop();
        await setTimeout(20);
      }
      expect(await child.kill(), `kill ${kill}`).toBe('SIGKILL');
    }
    const { code, output } = await start(project.directory, 'drain').ended;
    expect({ code, output }).toEqual({ code: 0, output: 'ready\nidle []\n' });
    process.stdout.write(`${KILLS} kills, ${project.fileCount} files in each of three tables\n`);
    expect(await readTables(project.directory)).toEqual(project.expected);
  });
});

function start(directory: string, mode: string) {
  const child = spawn(process.execPath, ['--conditions=source', CHILD, directory, mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<{
    code: number | null;
    signal: NodeJS.Signals | null;
    output: string;
  }>();
  const collect = (chunk: Buffer): void => {
    output += chunk;
    if (output.includes('ready')) ready.resolve();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.on('close', (code, signal) => {
    children.delete(child);
    ready.resolve();
    ended.resolve({ code, signal, output });
  });
  const kill = async (): Promise<string> => {
    child.kill('SIGKILL');
    const end = await ended.promise;
    return end.signal ?? end.output;
  };
  return { ready: ready.promise, ended: ended.promise, kill };
}

/** The same facts that the project expects, read when no loader has the warehouse. */
async function readTables(directory: string) {
  const path = join(directory, '.millrace', 'warehouse.duckdb');
  const engine = await RedshiftLocal.open({ path, objects: new MemoryObjectStore() });
  const numbers = async (sql: string): Promise<number[]> => {
    const [result] = await engine.runBatch([sql]);
    return result?.kind === 'rows' ? (result.rows[0] ?? []).map(Number) : [];
  };
  try {
    const [events, eventIds] = await numbers('SELECT COUNT(*), COUNT(DISTINCT id) FROM public.events');
    const [moved, movedIds] = await numbers('SELECT COUNT(*), COUNT(DISTINCT id) FROM public.moved');
    const [dims, sum] = await numbers('SELECT COUNT(*), SUM(v) FROM public.dims');
    return {
      events: { rows: events, ids: eventIds },
      moved: { rows: moved, ids: movedIds },
      dims: { rows: dims, sum },
    };
  } finally {
    await engine.close();
  }
}
