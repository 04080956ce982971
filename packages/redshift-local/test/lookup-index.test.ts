import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryObjectStore } from '@millrace/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { RedshiftLocal } from '../src/engine.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A warehouse whose process was killed after it had committed three keys. */
async function killedWarehouse(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lookup-index-'));
  folders.push(folder);
  const path = join(folder, 'warehouse.duckdb');
  const child = spawn(process.execPath, [
    '--conditions=source',
    join(import.meta.dirname, 'lookup-index-child.ts'),
    path,
  ]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  return path;
}

async function withWarehouse<T>(path: string, work: (engine: RedshiftLocal) => Promise<T>): Promise<T> {
  const engine = await RedshiftLocal.open({ path, objects: new MemoryObjectStore() });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

async function foundKeys(engine: RedshiftLocal): Promise<number> {
  let found = 0;
  for (const key of ['a', 'b', 'c']) {
    const [result] = await engine.runBatch([
      `SELECT COUNT(*) FROM public.receipts WHERE key_id IN ('${key}', 'x')`,
    ]);
    if (result?.kind === 'rows') found += Number(result.rows[0]?.[0]);
  }
  return found;
}

/**
 * DuckDB 1.5.6 replays its log without an index that it has not bound, and writes that index back empty when it closes:
 * what was committed before a kill would not be found by key any more, and a guard would let it be loaded twice.
 */
describe('a lookup index', () => {
  it('finds what was committed before a kill, whoever opened the warehouse in between', async () => {
    const path = await killedWarehouse();
    await withWarehouse(path, (engine) => engine.runBatch(['SELECT 1']));
    const found = await withWarehouse(path, async (engine) => {
      await engine.createLookupIndex('public.receipts', 'key_id');
      return foundKeys(engine);
    });
    expect(found).toBe(3);
  });

  it('finds it also when nobody asks for the index again', async () => {
    const path = await killedWarehouse();
    await withWarehouse(path, (engine) => engine.runBatch(['SELECT 1']));
    expect(await withWarehouse(path, foundKeys)).toBe(3);
  });

  it('stands in the way of no ALTER TABLE of a process that did not ask for it', async () => {
    const path = await killedWarehouse();
    await withWarehouse(path, (engine) =>
      engine.runBatch(['ALTER TABLE public.receipts RENAME COLUMN key_id TO k']),
    );
    expect((await withWarehouse(path, (engine) => engine.describeTable('public.receipts')))?.[0]?.name).toBe(
      'k',
    );
  });

  it('does not spoil a backup', async () => {
    const path = await killedWarehouse();
    const copy = join(folders[0] ?? '', 'copy.duckdb');
    await withWarehouse(path, async (engine) => {
      await engine.createLookupIndex('public.receipts', 'key_id');
      await engine.backup(copy);
    });
    expect(await withWarehouse(copy, foundKeys)).toBe(3);
  });
});
