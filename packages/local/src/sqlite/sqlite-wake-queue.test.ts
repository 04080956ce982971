import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wakeQueueContract } from '@millrace/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteWakeQueue } from './sqlite-wake-queue.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-wakes-'));
  path = join(directory, 'wakes.db');
});

afterEach(() => rmSync(directory, { recursive: true }));

wakeQueueContract('SqliteWakeQueue', async () => {
  const port = new SqliteWakeQueue(path);
  return { port, takeDue: (now) => port.takeDue(now), close: async () => port.close() };
});

it('tells when the next wake is due', async () => {
  const queue = new SqliteWakeQueue(path);
  expect(await queue.nextWakeAt()).toBeNull();
  await queue.wake('public.flights', 2_000);
  await queue.wake('public.airports', 1_000);
  expect(await queue.nextWakeAt()).toBe(1_000);
  await queue.takeDue(1_000);
  expect(await queue.nextWakeAt()).toBe(2_000);
  queue.close();
});

it('keeps wakes over a restart', async () => {
  const before = new SqliteWakeQueue(path);
  await before.wake('public.flights', 1_000);
  before.close();
  const after = new SqliteWakeQueue(path);
  expect(await after.takeDue(1_000)).toEqual(['public.flights']);
  after.close();
});
