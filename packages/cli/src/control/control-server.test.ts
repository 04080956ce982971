import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type FailurePageRequest,
  LoadError,
  type Operations,
  type Overview,
  type RedriveReport,
} from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { ControlClient } from './control-client.ts';
import { newToken, readControlFile, removeControlFile, writeControlFile } from './control-file.ts';
import { ControlServer } from './control-server.ts';

/** Operations that remember what they were asked, and answer with it. */
class EchoOperations implements Operations {
  async status() {
    const warehouse = { state: 'open' as const, note: null, since: null, nextWindow: null };
    return { targets: {}, warehouse };
  }
  async failures() {
    return [];
  }
  async pause() {
    return { since: '2026-11-21T12:00:00.000Z' };
  }
  async resume() {
    return { wasPaused: true };
  }
  async rejects() {
    return { entries: [], hasMore: false, next: null };
  }
  async redriveRejects() {
    return { redriven: 0, rejected: 0 };
  }
  async redrive(): Promise<RedriveReport> {
    throw new LoadError('target-unknown', "'x' is not a target", { class: 'config', hint: 'name another' });
  }
  async plan(): Promise<never> {
    throw new TypeError('a mistake in the code');
  }
  async query(sql: string) {
    return { columns: ['sql'], rows: [{ sql }] };
  }
  async load(target: string, paths: readonly string[]) {
    return paths.map((url) => ({ target, id: url, url, status: 'waiting' as const }));
  }
  async bulk() {
    return [];
  }
  async grants(user: string) {
    return { statements: [user] };
  }

  async trace({ url }: { url: string }) {
    return { url, summary: 'nothing is known', steps: [], files: [] };
  }
  async doctor() {
    return [];
  }
  async jobs() {
    return [];
  }
  async job(): Promise<never> {
    throw new LoadError('job-unknown', 'no such job');
  }

  async handedFiles() {
    return [];
  }
  async reconcile() {
    return { missing: [], double: [], orphan: [], looked: 0, next: null };
  }
  async backfill() {
    const none = { files: 0, bytes: 0 };
    return {
      loaded: none,
      waiting: none,
      quarantined: none,
      fresh: none,
      handed: [],
      inLine: [],
      next: null,
    };
  }
  async pruneReceipts() {
    return { horizon: '2026-08-23T00:00:00.000Z', pruned: 0, kept: 0, next: null };
  }
  async migrate({ dryRun }: { dryRun: boolean }) {
    return { applied: [String(dryRun)], pending: [] };
  }
  async schemaHistory() {
    return { migrations: [], changes: [] };
  }
  async backup() {
    return { bytes: 7 };
  }
  async overview(): Promise<Overview> {
    throw new LoadError('tracker-away', 'nobody knows', { class: 'unavailable' });
  }
  async loadHistory(target: string | null) {
    return { since: String(target), minutes: [] };
  }
  async failurePage({ cursor }: FailurePageRequest) {
    return { entries: [], next: cursor };
  }
  async waitingPage(_target: string, { cursor }: { cursor: string | null }) {
    return { files: [], next: cursor };
  }
  async activity({ cursor }: { cursor: string | null }) {
    return { entries: [], next: cursor };
  }
  async cancel() {
    return { cancelled: true as const };
  }
}

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(
  token = newToken(),
): Promise<{ server: ControlServer; client: ControlClient; token: string }> {
  const operations = new EchoOperations();
  const server = await ControlServer.open(() => operations, { token });
  closers.push(() => server.close());
  return { server, token, client: new ControlClient({ port: server.port, pid: process.pid, token }) };
}

function post(
  port: number,
  { path, token, body }: { path: string; token: string; body: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('the control server', () => {
  it('passes arguments and results as they are', async () => {
    const { client } = await serve();
    expect(await client.query('SELECT 1')).toEqual({ columns: ['sql'], rows: [{ sql: 'SELECT 1' }] });
    expect(await client.migrate({ dryRun: true })).toEqual({ applied: ['true'], pending: [] });
    expect(await client.load('public.t', ['/a', '/b'])).toHaveLength(2);
  });

  it('passes failures with code, class and hint', async () => {
    const { client } = await serve();
    await expect(client.redrive({})).rejects.toMatchObject({
      name: 'LoadError.target-unknown',
      class: 'config',
      message: "'x' is not a target",
      hint: 'name another',
    });
    await expect(client.plan('t')).rejects.toMatchObject({
      code: 'internal',
      message: 'a mistake in the code',
    });
  });

  it('answers nobody without the token', async () => {
    const { server } = await serve();
    const stranger = new ControlClient({ port: server.port, pid: process.pid, token: newToken() });
    await expect(stranger.status()).rejects.toMatchObject({ code: 'unauthorised' });
    expect(await stranger.answers()).toBe(false);
  });

  it('does not take what is no operation, no list, or too large', async () => {
    const { server, token } = await serve();
    const status = (path: string, body: string) => post(server.port, { path, token, body });
    expect(await status('/operations/constructor', '[]')).toBe(404);
    expect(await status('/operations/query', '{')).toBe(400);
    expect(await status('/operations/query', '{}')).toBe(400);
    // The server may close the connection while the rest is still being sent.
    const tooLarge = status('/operations/query', JSON.stringify(['x'.repeat(33 * 1024 * 1024)])).catch(
      () => 413,
    );
    expect(await tooLarge).toBe(413);
  });

  it('says that nobody is there when the process has ended', async () => {
    const { server, client } = await serve();
    await server.close();
    closers.length = 0;
    await expect(client.status()).rejects.toMatchObject({ code: 'up-gone' });
    expect(await client.answers()).toBe(false);
  });
});

describe('the control file', () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'millrace-control-'));
    closers.push(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  it('is for this user alone, and goes with its writer', () => {
    const path = join(folder(), 'state', 'up.json');
    const address = { port: 1, pid: process.pid, token: newToken() };
    writeControlFile(path, address);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readControlFile(path)).toEqual(address);
    removeControlFile(path, { ...address, token: 'of the one before' });
    expect(readControlFile(path)).toEqual(address);
    removeControlFile(path, address);
    expect(readControlFile(path)).toBeUndefined();
  });

  it('of a dead process, or of no process, counts for nothing', () => {
    const path = join(folder(), 'up.json');
    writeFileSync(path, JSON.stringify({ port: 1, pid: 2 ** 22 + 1, token: 'x' }));
    expect(readControlFile(path)).toBeUndefined();
    writeFileSync(path, '{"port": 1');
    expect(readControlFile(path)).toBeUndefined();
  });
});
