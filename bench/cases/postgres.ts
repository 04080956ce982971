import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresServer } from '../../packages/postgres/test/server/postgres-server.ts';
import { BareDuckDb } from '../bare-duckdb.ts';
import { BenchLane } from '../bench-lane.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { expectRows } from '../expect-rows.ts';
import { type Figure, formatNumber } from '../figure.ts';
import { READING_COLUMNS, writeReadings } from '../sensor-readings.ts';
import { median, secondsOf, sideBySide } from '../side-by-side.ts';

const ROWS = 1_000_000;
const TABLE = 'public.readings';
/** As a server is run that keeps what it is given; the memory of a small one. */
const SETTINGS = ['fsync=on', 'full_page_writes=on', 'shared_buffers=512MB', 'max_wal_size=4GB'];

/** An append of a million rows into PostgreSQL by a lane, against `psql \copy` of the same file, inflated by gzip. */
export async function measurePostgres({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const objects = join(directory, 'objects');
  const path = join(objects, 'lake', 'big', 'readings.csv.gz');
  mkdirSync(join(objects, 'lake', 'big'), { recursive: true });
  const duckdb = await BareDuckDb.open(directory);
  await writeReadings(duckdb.connection, path, { format: 'csv.gz', from: 0, rows: ROWS });
  duckdb.close();
  const server = await PostgresServer.open({ settings: SETTINGS });
  try {
    const taken = await sideBySide(rounds, {
      psql: async () => {
        const { url, name } = await freshDatabase(server);
        await server.run(name, `CREATE TABLE ${TABLE} (${READING_COLUMNS})`);
        const seconds = await secondsOf(() => copyByPsql(path, url));
        await finish(server, name);
        return seconds;
      },
      lane: async (round) => {
        const { url, name } = await freshDatabase(server);
        const lane = await BenchLane.open({
          directory: join(directory, `lane-${round}`),
          objects,
          warehouse: { kind: 'postgres', url },
          target: TABLE,
          columns: READING_COLUMNS,
          definition: { mode: 'append', from: 's3://lake/big/', format: { kind: 'csv', header: true } },
        });
        const announced = await lane.announced('big/');
        const seconds = await secondsOf(() => lane.load(announced));
        await lane.close();
        await finish(server, name);
        return seconds;
      },
    });
    const [ours, theirs] = [ROWS / median(taken.lane), ROWS / median(taken.psql)];
    const [version] = await server.run('postgres', 'SHOW server_version');
    return [
      {
        name: `PostgreSQL append csv.gz`,
        value: ours / theirs,
        unit: '× psql \\copy',
        bound: { atLeast: 0.8 },
        detail: `${formatNumber(ours)} rows/s; psql ${formatNumber(theirs)} rows/s; PostgreSQL ${String(version?.server_version)}`,
      },
    ];
  } finally {
    await server.close();
  }
}

async function freshDatabase(server: PostgresServer): Promise<{ url: string; name: string }> {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  // What the round before has left to be written must not fall into this one.
  await server.run(name, 'CHECKPOINT');
  return { url, name };
}

async function finish(server: PostgresServer, name: string): Promise<void> {
  const [found] = await server.run(name, `SELECT COUNT(*) AS n FROM ${TABLE}`);
  expectRows(Number(found?.n), ROWS);
  await server.run('postgres', `DROP DATABASE ${name} WITH (FORCE)`);
}

/** What a user would write. @throws Error with what psql said */
async function copyByPsql(path: string, url: string): Promise<void> {
  const copy = `\\copy ${TABLE} from pstdin with (format csv, header)`;
  const child = spawn(
    'sh',
    ['-c', 'gzip -dc "$1" | psql -q -v ON_ERROR_STOP=1 "$2" -c "$3"', 'sh', path, url, copy],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`psql ended with ${code}: ${said}`);
}
