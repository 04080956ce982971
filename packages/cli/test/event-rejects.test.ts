import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, newFolder, readMillrace, runMillrace, startMillrace, until } from './run-millrace.ts';

afterEach(cleanUp);

const TABLE = 'CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(10));';
const VIEWED = [{ fact: 'public.views', columns: { id: '$.id', url: '$.data.url' } }];

async function configure(cwd: string, events: Readonly<Record<string, unknown>>): Promise<void> {
  const config = { targets: { 'public.views': { freshness: '1s' } }, events, consumer: { maxAge: '100ms' } };
  await writeFile(join(cwd, 'millrace.config.json'), JSON.stringify(config));
}

const event = (id: string, type: string, url: string) => ({ id, type, data: { url } });

describe('rejected events', () => {
  it('are in failures, status and metrics, and become rows by a redrive when their cause is gone', async () => {
    const cwd = await newFolder();
    await mkdir(join(cwd, 'migrations'));
    await writeFile(join(cwd, 'migrations', '0001_views.sql'), TABLE);
    await configure(cwd, { 'page.viewed': VIEWED });
    const up = startMillrace(['up', '--http-port', '0'], { cwd });
    const address = (): string | undefined => /events are taken at (\S+)\/v1/u.exec(up.output().stderr)?.[1];
    await until(() => address() !== undefined, { what: () => up.output().stderr });
    const body = JSON.stringify([
      event('good', 'page.viewed', '/x'),
      event('long', 'page.viewed', '/much-too-long'),
      event('other', 'page.read', '/y'),
    ]);
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${address()}/v1/events`, { method: 'POST', headers, body });
    expect(response.status).toBe(202);
    await until(() => up.output().stderr.includes('rejected'), { what: () => up.output().stderr });
    const failures = async (...args: string[]) =>
      (await readMillrace<Record<string, unknown>[]>(['failures', ...args], { cwd })).map(
        ({ state, code, target, event: about }) => ({ state, code, target, event: about }),
      );
    await expect.poll(async () => (await failures()).length, { timeout: 10_000 }).toBe(2);
    expect(await failures('--target', 'views')).toEqual([
      {
        state: 'rejected',
        code: 'value-misfit',
        target: 'public.views',
        event: { id: 'long', type: 'page.viewed' },
      },
    ]);
    expect((await runMillrace(['failures'], { cwd })).stdout).toContain(
      "why:   '/much-too-long' does not fit column 'url' of public.views (character varying(10)): it has 14 bytes",
    );
    const { events } = await readMillrace<{ events: { shards: unknown[]; rejects: unknown[] } }>(['status'], {
      cwd,
    });
    expect(events.shards).toContainEqual({ shard: '1-0', millisBehindLatest: 0 });
    expect(events.rejects).toHaveLength(2);
    expect((await runMillrace(['status'], { cwd })).stdout).toContain('rejected events: 2');
    const metrics = await (await fetch(`${address()}/metrics`)).text();
    expect(metrics).toContain('millrace_rejected_events{type="page.viewed",code="value-misfit"} 1');
    expect(metrics).toContain('millrace_consumer_millis_behind_latest{shard="1-0"} 0');
    up.process.kill('SIGTERM');
    expect((await up.ended).code).toBe(0);

    await configure(cwd, { 'page.viewed': VIEWED, 'page.read': VIEWED });
    const redriven = await runMillrace(['redrive', '--rejects', '--type', 'page.read'], { cwd });
    expect([redriven.code, redriven.stdout]).toEqual([0, '1 event redriven\n']);
    const again = await runMillrace(['redrive', '--rejects', 'long'], { cwd });
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('1 event rejected again')]);
    const sql = 'SELECT id FROM public.views ORDER BY id';
    expect(await readMillrace(['query', sql], { cwd })).toEqual([{ id: 'good' }, { id: 'other' }]);
    const wrong = await runMillrace(['redrive', '--type', 'page.read'], { cwd });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('write --rejects too')]);
  });
});
