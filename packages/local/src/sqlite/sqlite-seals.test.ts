import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealsContract } from '@millrace/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteSeals } from './sqlite-seals.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-seals-'));
  path = join(directory, 'seals.db');
});

afterEach(() => rmSync(directory, { recursive: true }));

sealsContract('SqliteSeals', async () => {
  const port = new SqliteSeals(path);
  return { port, close: async () => port.close() };
});

it('shows one process what another has sealed', async () => {
  const consumer = new SqliteSeals(path);
  const loader = new SqliteSeals(path);
  await consumer.move('events', { shard: 'a', from: null, to: '1', chunks: [] });
  expect((await loader.seal('events', 'a')).position).toBe('1');
  await loader.move('events', { shard: 'a', from: '1', to: '2', chunks: [] });
  expect(await consumer.move('events', { shard: 'a', from: '1', to: '3', chunks: [] })).toBe(false);
  consumer.close();
  loader.close();
});
