import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { Millrace } from '../../src/millrace.ts';
import { rowsOf } from '../test-project.ts';
import { DRIFT_FAILPOINTS, DRIFT_TABLES, readDriftConfig } from './drift-project.ts';

const CHILD = fileURLToPath(new URL('drift-child.ts', import.meta.url));
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newProject(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-drift-'));
  folders.push(directory);
  mkdirSync(join(directory, 'migrations'));
  writeFileSync(join(directory, 'migrations', '0001_tables.sql'), DRIFT_TABLES);
  const lake = join(directory, '.millrace', 'objects', 'lake', 'orders');
  mkdirSync(lake, { recursive: true });
  writeFileSync(join(lake, '1.csv'), 'id,city,price\n1,Rome,1.50\n');
  writeFileSync(join(lake, '2.csv'), 'id,city,price,carrier\n2,Amsterdam,2,DHL\n');
  writeFileSync(join(lake, '3.csv'), 'id,city,price\n3,Oslo,cheap\n');
  return directory;
}

async function killedAt(directory: string, point: string): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, ['--conditions=source', CHILD, directory, point], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return signal;
}

it.each(Object.keys(DRIFT_FAILPOINTS))(
  'a loader that is killed %s changes the table once, and loads each row once',
  async (point) => {
    const directory = newProject();
    expect(await killedAt(directory, point)).toBe('SIGKILL');
    const millrace = await Millrace.open(readDriftConfig(), { directory });
    try {
      await millrace.start();
      expect(await millrace.untilIdle()).toEqual({ held: [] });
      expect(
        await rowsOf(millrace, 'SELECT id, city, price, carrier, _rescued FROM public.orders ORDER BY id'),
      ).toEqual([
        { id: 1, city: 'Rome', price: '1.50', carrier: null, _rescued: null },
        { id: 2, city: 'Amsterdam', price: '2.00', carrier: 'DHL', _rescued: null },
        { id: 3, city: 'Oslo', price: null, carrier: null, _rescued: '{"price":"cheap"}' },
      ]);
      expect(await millrace.failures({})).toEqual([]);
      const { changes } = await millrace.schemaHistory();
      expect(changes.map(({ column, change, isMade }) => [column, change, isMade]).sort()).toEqual([
        ['_rescued', 'add', true],
        ['carrier', 'add', true],
        ['city', 'widen', true],
      ]);
    } finally {
      await millrace.stop();
    }
    // Copies end with their files.
    const copies = join(directory, '.millrace', 'objects', 'millrace', 'rescued');
    expect(existsSync(copies) ? readdirSync(copies) : []).toEqual([]);
  },
);
