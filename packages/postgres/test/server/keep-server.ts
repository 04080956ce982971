import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PostgresServer } from './postgres-server.ts';
import { announceServer } from './shared-server.ts';

// Keeps the server of a test run for as long as that runs. Arguments: where it is announced, the process of the run.
const [directory = '', owner = ''] = process.argv.slice(2);
const LOOK_MS = 500;

try {
  const server = await PostgresServer.open();
  announceServer(directory, server.urlOf('postgres'));
  while (isAlive(Number(owner))) await setTimeout(LOOK_MS);
  await server.close();
  rmSync(directory, { recursive: true, force: true });
} catch (error) {
  writeFileSync(join(directory, 'failure'), String(error instanceof Error ? error.stack : error));
  throw error;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
