import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { rowsOf, type TestProject, TestProjects } from '../../runtime/test/test-project.ts';
import { PostgresServer } from './server/postgres-server.ts';

/** A server that is away for longer than several attempts would have taken. */
const AWAY_MS = 8_000;
const MAX_FILES = 10;
const BACKLOG = 25;
const BIG_ROWS = 400_000;

const TABLES = `
CREATE TABLE public.events (id INTEGER NOT NULL, name VARCHAR(40));
CREATE TABLE public.dims (id INTEGER NOT NULL, v INTEGER, ts BIGINT);
`;

const projects = new TestProjects();
const servers: PostgresServer[] = [];
afterAll(async () => {
  for (const server of servers.splice(0)) await server.close();
  projects.removeAll();
});

async function openProject(server: PostgresServer): Promise<TestProject> {
  return projects.make({
    tables: TABLES,
    config: { warehouse: { kind: 'postgres', url: await server.createDatabase() } },
    targets: {
      'public.events': {
        mode: 'append',
        from: 's3://lake/events/',
        format: { kind: 'csv' },
        freshness: '1s',
        maxFiles: MAX_FILES,
      },
      'public.dims': {
        mode: 'upsert',
        key: 'id',
        latestBy: 'ts',
        from: 's3://lake/dims/',
        format: { kind: 'json' },
        freshness: '1s',
        maxFiles: MAX_FILES,
      },
    },
  });
}

/** A file for each table. @returns how many rows `events` gets by it */
function drop(project: TestProject, n: number): number {
  project.put(`events/${n}.csv`, `${n},a\n${n},b\n`);
  project.put(`dims/${n}.json`, `{"id": 1, "v": ${n}, "ts": ${n}}\n`);
  return 2;
}

async function untilTrue(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 20_000; !(await isSo()); await setTimeout(20)) {
    if (Date.now() > until) throw new Error(`it did not come to this: ${what}`);
  }
}

describe.concurrent.each(['kill', 'fast'] as const)('a server that is stopped (%s)', (how) => {
  it('while it loads and while it rests costs only time', { timeout: 120_000 }, async () => {
    const server = await PostgresServer.open();
    servers.push(server);
    const project = await openProject(server);
    const millrace = await project.open();
    await millrace.start();
    try {
      const lines = Array.from({ length: BIG_ROWS }, (_, at) => `${at},row ${at}\n`).join('');
      project.put('events/big.csv.gz', gzipSync(lines, { level: 1 }));
      await untilTrue('a COPY is under way', async () => {
        const [found] = await server.run(
          'postgres',
          'SELECT COUNT(*) AS n FROM pg_stat_progress_copy WHERE tuples_processed > 1000',
        );
        return Number(found?.n) > 0;
      });
      await outage(server, { how, project, from: 0 });
      await millrace.untilIdle();
      await outage(server, { how, project, from: BACKLOG });
      await millrace.untilIdle();

      const expected = BIG_ROWS + 2 * 2 * BACKLOG;
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.events')).toEqual([{ n: expected }]);
      expect(await rowsOf(millrace, 'SELECT v FROM public.dims')).toEqual([{ v: 2 * BACKLOG - 1 }]);
      expect(project.events.filter(({ kind }) => kind === 'warehouse-held')).toHaveLength(2);
      expect(project.events.filter(({ kind }) => kind === 'warehouse-back')).toHaveLength(2);
      expect(project.events.filter(({ kind }) => kind === 'file-aside')).toEqual([]);
      expect(await millrace.failures({})).toEqual([]);
    } finally {
      await millrace.stop();
    }
  });
});

/** Files arrive all the while; afterwards they are loaded in as few jobs as they fit into. */
async function outage(
  server: PostgresServer,
  { how, project, from }: { how: 'kill' | 'fast'; project: TestProject; from: number },
): Promise<void> {
  await server.stop(how);
  for (let n = from; n < from + BACKLOG; n += 1) drop(project, n);
  const { tracker } = project.loader;
  await untilTrue('the lanes wait for the warehouse', async () =>
    (await tracker.lanes()).every(({ state }) => state.kind === 'held' && state.code === 'warehouse-away'),
  );
  await setTimeout(AWAY_MS);
  for (const lane of await tracker.lanes()) {
    expect(lane).toMatchObject({ failures: 0, state: { kind: 'held', code: 'warehouse-away' } });
  }
  const before = project.events.length;
  await server.start();
  await untilTrue('the backlog is loaded', async () =>
    (await tracker.lanes()).every(({ state, failures }) => state.kind === 'idle' && failures === 0),
  );
  const loads = project.events
    .slice(before)
    .flatMap((event) => (event.kind === 'table-loaded' ? [event.target] : []));
  const ofDims = loads.filter((target) => target === 'public.dims');
  expect(ofDims.length).toBe(Math.ceil(BACKLOG / MAX_FILES));
  // The big file was in hand when the server went away. It is packed, so it waits for a job of its own kind.
  expect(loads.length - ofDims.length).toBe(Math.ceil(BACKLOG / MAX_FILES) + (from === 0 ? 1 : 0));
}
