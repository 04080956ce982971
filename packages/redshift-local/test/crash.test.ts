import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openEngine, rowsOf, temporaryDirectory } from './open-engine.ts';

const ROWS = 5_000;

function startChild(path: string, firstBatch: number): ChildProcess {
  const script = join(import.meta.dirname, 'crash-child.ts');
  const child = spawn(process.execPath, ['--conditions=source', script, path, String(firstBatch)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** Kills the child some moments after it told of `batches` more; gives the last batch that it told of. */
async function killAfter(child: ChildProcess, batches: number, delayMs: number): Promise<number> {
  const told: number[] = [];
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      told.push(...chunk.toString().trim().split('\n').map(Number));
      if (told.length >= batches) resolve();
    });
  });
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  child.kill('SIGKILL');
  await once(child, 'exit');
  return told.at(-1) ?? -1;
}

it('keeps whole batches or nothing when the process is killed, catalog and tables alike', async () => {
  const path = `${await temporaryDirectory()}/dev.duckdb`;
  const first = await openEngine({ path });
  const setUp = first.session();
  await setUp.execute('create table counts (batch int)');
  await setUp.execute('create table rows_of (batch int, n int)');
  await setUp.execute('create table numbers (n int)');
  await setUp.execute('insert into numbers values (0)');
  for (let size = 1; size < ROWS; size *= 2)
    await setUp.execute(`insert into numbers select n + ${size} from numbers`);
  const [[expected]] = (await rowsOf(setUp, 'select count(*) from numbers')) as [[number]];
  await first.close();

  let next = 0;
  for (const delayMs of [0, 3, 7, 12]) {
    const last = await killAfter(startChild(path, next), 3, delayMs);
    const engine = await openEngine({ path });
    const session = engine.session();
    const batches = await rowsOf(session, 'select batch from counts order by batch');
    // What the child told of is there; one more may have committed without a word.
    expect(batches.map(([batch]) => batch)).toEqual(Array.from({ length: batches.length }, (_, at) => at));
    expect(batches.length).toBeGreaterThanOrEqual(last + 1);
    expect(batches.length).toBeLessThanOrEqual(last + 2);
    next = batches.length;
    const partial = await rowsOf(
      session,
      `select batch from rows_of group by batch having count(*) <> ${expected}`,
    );
    expect(partial).toEqual([]);
    expect(await rowsOf(session, 'select count(distinct batch) from rows_of')).toEqual([[next]]);
    const columns = [
      { name: 'id', type: 'integer', isNullable: false, isIdentity: true },
      { name: 'v', type: 'character varying(3)', isNullable: false, isIdentity: false },
    ];
    expect(await engine.describeTable(`made_${next - 1}`)).toEqual(columns);
    expect(await rowsOf(session, `select v from made_${next - 1}`)).toEqual([['abc']]);
    expect(await engine.describeTable(`made_${next}`)).toBeUndefined();
    await session.execute(`create table made_${next} (a int)`);
    await session.execute(`drop table made_${next}`);
    await engine.close();
  }
});

it('says who has the file when another process holds it', async () => {
  const path = `${await temporaryDirectory()}/dev.duckdb`;
  const engine = await openEngine({ path });
  const session = engine.session();
  for (const sql of [
    'create table counts (batch int)',
    'create table rows_of (batch int, n int)',
    'create table numbers (n int)',
  ]) {
    await session.execute(sql);
  }
  await engine.close();
  const child = startChild(path, 0);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  await expect(openEngine({ path })).rejects.toThrow(`another process (PID ${child.pid}) has it open`);
});
