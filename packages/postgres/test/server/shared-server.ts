import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';

const WAIT_MS = 60_000;
const LOOK_MS = 50;

/**
 * A new database on the server of this test run: the first test file that asks starts it, and it ends with the process that
 * started the test files, whatever became of that.
 *
 * @returns the database's URL
 */
export async function createTestDatabase(): Promise<string> {
  const url = new URL(await sharedServer());
  const name = `test_${process.pid}_${Date.now()}_${Math.floor(Math.random() * 1e6)}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  url.pathname = `/${name}`;
  return url.href;
}

/** The address of the shared server's own database. */
async function sharedServer(): Promise<string> {
  const owner = process.ppid;
  const directory = join(tmpdir(), `millrace-test-server-${owner}`);
  const ready = join(directory, 'url');
  if (claims(directory)) {
    const keeper = join(import.meta.dirname, 'keep-server.ts');
    spawn(process.execPath, [keeper, directory, String(owner)], { detached: true, stdio: 'ignore' }).unref();
  }
  for (const until = Date.now() + WAIT_MS; !existsSync(ready); await setTimeout(LOOK_MS)) {
    if (Date.now() > until) throw new Error(`no server was started for the tests: see ${directory}`);
  }
  return readFileSync(ready, 'utf8');
}

/** Of all test files, one makes the directory. */
function claims(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Says where the server is: at once and as a whole. */
export function announceServer(directory: string, url: string): void {
  const draft = join(directory, 'url.draft');
  writeFileSync(draft, url);
  renameSync(draft, join(directory, 'url'));
}
