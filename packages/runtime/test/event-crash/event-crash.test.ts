import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, type TestProject, TestProjects } from '../test-project.ts';
import { settingsOf, TABLES, TARGETS } from './event-project.ts';

/**
 * Producers and consumers that are killed, at random and at the two places where it matters most, with other transforms
 * and other chunks each time: what was acknowledged is in every table, nothing is in one twice. Each event is sent once, and
 * one table is appended to, so that nothing hides what was consumed twice.
 */

const CHILD = join(import.meta.dirname, 'event-child.ts');
const ROUNDS = 9;

const projects = new TestProjects();
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  projects.removeAll();
});

interface Child {
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  output(): string;
  kill(): Promise<string>;
}

function start(directory: string, ...args: readonly string[]): Child {
  const child = spawn(process.execPath, ['--conditions=source', CHILD, directory, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const collect = (chunk: Buffer): void => {
    output += chunk;
    if (output.includes('ready')) ready.resolve();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.on('close', () => {
    children.delete(child);
    ready.resolve();
    ended.resolve(output);
  });
  const kill = (): Promise<string> => {
    child.kill('SIGKILL');
    return ended.promise;
  };
  return { ready: ready.promise, ended: ended.promise, output: () => output, kill };
}

function storedIn(output: string): string[] {
  return [...output.matchAll(/^stored (\d+)\n/gmu)].map(([, n]) => `e${n}`);
}

/** Loads what was consumed, consumes the rest, and tells the ids in the tables that have some. */
async function readTables(project: TestProject) {
  return project.drain(async (millrace) => {
    const ids = async (table: string) =>
      (await rowsOf(millrace, `SELECT id FROM public.${table}`)).map(({ id }) => String(id)).sort();
    return { log: await ids('log'), views: await ids('views') };
  });
}

describe('producers and consumers that are killed', () => {
  it(`${ROUNDS * 3} times, lose nothing that was acknowledged and add nothing`, {
    timeout: 120_000,
  }, async () => {
    const project = projects.make({ tables: TABLES, targets: TARGETS, config: settingsOf(1) });
    const { directory } = project;
    const stored = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const version = String(round);
      const producer = start(directory, 'produce', version, String(round * 1_000_000));
      const point = (['before-seal', 'after-seal', ''] as const)[round % 3] ?? '';
      const first = start(directory, 'consume', version, point, String(1 + (round % 2)));
      await Promise.all([producer.ready, first.ready]);
      if (point === '') {
        await setTimeout(Math.random() * 250);
        await first.kill();
      }
      const said = await first.ended;
      expect(said).not.toContain('error');
      const second = start(directory, 'consume', String(round + 1));
      await second.ready;
      await setTimeout(Math.random() * 250);
      const [, output] = await Promise.all([second.kill(), producer.kill()]);
      for (const id of storedIn(output)) stored.add(id);
    }
    expect(stored.size).toBeGreaterThan(100);
    const { log, views } = await readTables(project);
    expect(new Set(log).size).toBe(log.length);
    expect(views).toEqual(log);
    expect([...stored].filter((id) => !log.includes(id))).toEqual([]);
    expect(project.defects).toEqual([]);
  });
});
