import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chunkKeyOf, columnListOf, type ReconcileEntry, ulid } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import type { Millrace } from '../src/millrace.ts';
import { sendEvents } from './send-events.ts';
import { rowsOf, statusOf, TestProjects } from './test-project.ts';

/** What becomes of chunks when the warehouse is older than they are, and when nobody has sealed them. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const DAY = 24 * 60 * 60 * 1_000;
const IDS = 'SELECT id FROM public.log ORDER BY id';

const newProject = () =>
  projects.make({
    tables: 'CREATE TABLE public.log (id VARCHAR(64));',
    targets: { 'public.log': { mode: 'append' } },
    config: { events: { 'page.viewed': [{ fact: 'public.log', columns: { id: '$.id' } }] } },
  });

async function missingIn(millrace: Millrace, { repair = false } = {}): Promise<readonly ReconcileEntry[]> {
  const missing: ReconcileEntry[] = [];
  let cursor: string | null = null;
  do {
    const page = await millrace.reconcile({ repair, cursor });
    missing.push(...page.missing);
    cursor = page.next;
  } while (cursor !== null);
  return missing;
}

describe('a warehouse that was restored from an older snapshot', () => {
  it('gets back the chunks that were loaded since, once, and no garbage', async () => {
    const project = newProject();
    const backup = join(project.directory, 'backup');
    await sendEvents(project, [{ id: 'a' }]);
    await project.drain((millrace) => millrace.backup(backup));
    await sendEvents(project, [{ id: 'b' }, { id: 'c' }]);
    await project.drain(async (millrace) => {
      expect(await missingIn(millrace)).toEqual([]);
      // What a consumer wrote that died before its seal.
      const { objects, settings } = project.loader;
      const name = { target: 'public.log', columns: columnListOf(['id']).hash };
      const id = `${ulid(Date.now(), new Uint8Array(16))}-0`;
      await objects.write(chunkKeyOf(settings.control, name, { id, ending: '' }), 'garbage\n');
    });
    const state = join(project.directory, '.millrace', 'warehouse.duckdb');
    rmSync(`${state}.wal`, { force: true });
    copyFileSync(join(backup, 'warehouse.duckdb'), state);

    const millrace = await project.open();
    expect(await rowsOf(millrace, IDS)).toEqual([{ id: 'a' }]);
    const missing = await missingIn(millrace);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.every(({ target, why }) => target === 'public.log' && /no receipt/u.test(why))).toBe(true);
    expect(await missingIn(millrace, { repair: true })).toHaveLength(missing.length);
    await millrace.stop();
    await project.drain(async (again) => {
      expect(await rowsOf(again, IDS)).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
      expect(await missingIn(again)).toEqual([]);
      expect(await statusOf(again, 'public.log')).toMatchObject({ waiting: 0, quarantined: 0 });
    });
    expect(project.defects).toEqual([]);
  });
});

describe('chunks', () => {
  it('stay when they are loaded, and go when a day is over and nobody sealed them', async () => {
    const project = newProject();
    await sendEvents(project, [{ id: 'a' }]);
    await project.drain(async () => {});
    const keys = async (): Promise<string[]> => {
      const found: string[] = [];
      const { objects, settings } = project.loader;
      for await (const { key } of objects.list({ bucket: settings.control.bucket, prefix: 'loads/' }))
        found.push(key);
      return found;
    };
    let sealed: string[] = [];
    const garbage = chunkKeyOf(
      { bucket: 'millrace', key: '' },
      { target: 'public.log', columns: columnListOf(['id']).hash },
      { id: `${ulid(Date.now(), new Uint8Array(16))}-0`, ending: '' },
    );
    await project.drain(async () => {
      sealed = await keys();
      const { objects, settings } = project.loader;
      await objects.write({ ...garbage, bucket: settings.control.bucket }, 'garbage\n');
      expect(await keys()).toHaveLength(sealed.length + 1);
    });
    await project.drain(
      async () => {
        await expect.poll(keys).toEqual(sealed);
      },
      (loader) => ({ ...loader, now: () => Date.now() + 2 * DAY }),
    );
    expect(sealed).toHaveLength(1);
  });
});
