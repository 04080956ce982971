import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectInfo } from '@millrace/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DirectoryObjectStore } from './directory-object-store.ts';
import { DirectoryWatcher, type DirectoryWatcherOptions } from './directory-watcher.ts';

const SETTLE_MS = 80;

describe('DirectoryWatcher', () => {
  let root: string;
  let store: DirectoryObjectStore;
  let watcher: DirectoryWatcher | undefined;
  let told: ObjectInfo[];
  let lists: string[];
  let errors: unknown[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'millrace-watch-'));
    store = new DirectoryObjectStore(root, { settleMs: SETTLE_MS });
    told = [];
    lists = [];
    errors = [];
  });

  afterEach(async () => {
    await watcher?.close();
    store.close();
    rmSync(root, { recursive: true });
  });

  async function watch(
    prefixes: readonly string[],
    options: Partial<DirectoryWatcherOptions> = {},
  ): Promise<void> {
    watcher = await DirectoryWatcher.watch(store, {
      prefixes,
      onObjects: async (objects) => void told.push(...objects),
      onListAgain: (why) => void lists.push(why),
      onError: (error) => void errors.push(error),
      settleMs: SETTLE_MS,
      ...options,
    });
  }

  function put(path: string, text: string): string {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text);
    return at;
  }

  const keysTold = () => told.map(({ bucket, key }) => `${bucket}/${key}`).sort();
  const untilTold = (count: number) =>
    vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(count), 10_000);

  it('tells of a file that was written, as the store has it', async () => {
    put('lake/in/old.csv', 'old');
    await watch(['s3://lake/in/']);
    put('lake/in/a b+c%20é.csv', '1\n');
    await untilTold(1);
    await sleep(3 * SETTLE_MS);
    expect(told).toEqual([await store.head({ bucket: 'lake', key: 'in/a b+c%20é.csv' })]);
    expect(errors).toEqual([]);
    expect(lists).toEqual([]);
  });

  it('tells of what begins with the prefix, and of nothing else', async () => {
    mkdirSync(join(root, 'lake/in/2026-01'), { recursive: true });
    await watch(['s3://lake/in/2026-', 's3://lake/single']);
    for (const path of [
      'lake/in/2026-01/a',
      'lake/in/2026-02/a',
      'lake/in/2027-01/a',
      'lake/single.csv',
      'lake/other',
      'pond/in/2026-01/a',
    ]) {
      put(path, path);
    }
    await untilTold(3);
    await sleep(3 * SETTLE_MS);
    expect(keysTold()).toEqual(['lake/in/2026-01/a', 'lake/in/2026-02/a', 'lake/single.csv']);
  });

  it('tells of files in buckets and folders that come into being, also by renaming', async () => {
    await watch(['s3://lake/in/']);
    put('lake/in/x/y/z/deep.csv', 'deep');
    await untilTold(1);
    const staged = mkdtempSync(join(tmpdir(), 'millrace-staged-'));
    mkdirSync(join(staged, 'day/hour'), { recursive: true });
    writeFileSync(join(staged, 'day/hour/b.csv'), 'b');
    renameSync(join(staged, 'day'), join(root, 'lake/in/day'));
    rmSync(staged, { recursive: true });
    await untilTold(2);
    put('lake/in/day/hour/c.csv', 'c');
    await untilTold(3);
    expect(keysTold()).toEqual([
      'lake/in/day/hour/b.csv',
      'lake/in/day/hour/c.csv',
      'lake/in/x/y/z/deep.csv',
    ]);
  });

  it('tells again of a folder that was removed and made again', async () => {
    put('lake/in/day/a.csv', 'a');
    await watch(['s3://lake/in/']);
    rmSync(join(root, 'lake/in/day'), { recursive: true });
    put('lake/in/day/b.csv', 'b');
    await untilTold(1);
    rmSync(join(root, 'lake'), { recursive: true });
    await sleep(50);
    put('lake/in/day/c.csv', 'c');
    await untilTold(2);
    put('lake/in/day/d.csv', 'd');
    await untilTold(3);
    expect(keysTold()).toEqual(['lake/in/day/b.csv', 'lake/in/day/c.csv', 'lake/in/day/d.csv']);
  });

  it('tells of each overwriting and touching, with the ETag of the content', async () => {
    const path = put('lake/in/a.csv', 'first');
    await watch(['s3://lake/in/']);
    writeFileSync(path, 'other');
    await untilTold(1);
    utimesSync(path, new Date(), new Date(Date.now() - 60_000));
    await untilTold(2);
    renameSync(put('lake/out/b.csv', 'third'), path);
    await untilTold(3);
    expect(told[1]?.etag).toBe(told[0]?.etag);
    expect(told[2]?.etag).not.toBe(told[0]?.etag);
  });

  it('waits for a file that is still being written, and tells of it once, whole', async () => {
    await watch(['s3://lake/in/'], { settleMs: 500 });
    const path = put('lake/in/slow.csv', '');
    for (let line = 0; line < 40; line += 1) {
      appendFileSync(path, `${line}\n`);
      await sleep(20);
    }
    expect(told).toEqual([]);
    await untilTold(1);
    await sleep(600);
    expect(told).toEqual([await store.head({ bucket: 'lake', key: 'in/slow.csv' })]);
  });

  it('does not wait for what the store itself wrote, or what comes with an older time', async () => {
    await watch(['s3://lake/in/'], { settleMs: 60_000 });
    await store.write({ bucket: 'lake', key: 'in/own.csv' }, 'own');
    await store.write({ bucket: 'lake', key: 'in/once.csv' }, 'once', { ifAbsent: true });
    const staged = put('lake/staged.csv', 'staged');
    utimesSync(staged, new Date(), new Date(Date.now() - 120_000));
    renameSync(staged, join(root, 'lake/in/moved.csv'));
    await untilTold(3);
    expect([...new Set(keysTold())]).toEqual(['lake/in/moved.csv', 'lake/in/once.csv', 'lake/in/own.csv']);
  });

  it('leaves hidden names, links and removed files out', async () => {
    await watch(['s3://lake/']);
    put('lake/.a.csv.tmp', 'hidden');
    put('lake/.staging/a.csv', 'hidden');
    rmSync(put('lake/gone.csv', 'gone'));
    symlinkSync('/etc/passwd', join(root, 'lake/link.csv'));
    symlinkSync('/etc', join(root, 'lake/etc'));
    put('lake/fine.csv', 'fine');
    await untilTold(1);
    await sleep(3 * SETTLE_MS);
    expect(keysTold()).toEqual(['lake/fine.csv']);
    expect(errors).toEqual([]);
  });

  it('asks for a listing when its objects could not be taken, and goes on', async () => {
    let isBroken = true;
    await watch(['s3://lake/in/'], {
      onObjects: async (objects) => {
        if (isBroken) throw new Error('the tracker is away');
        told.push(...objects);
      },
    });
    put('lake/in/a.csv', 'a');
    await vi.waitFor(() => expect(lists).toHaveLength(1), 5_000);
    expect(errors).toEqual([expect.objectContaining({ message: 'the tracker is away' })]);
    isBroken = false;
    put('lake/in/b.csv', 'b');
    await untilTold(1);
    expect(keysTold()).toEqual(['lake/in/b.csv']);
  });

  it('asks for listings, again and again, where it cannot watch', async () => {
    for (const day of ['1', '2', '3']) put(`lake/in/${day}/a`, 'a');
    await watch(['s3://lake/in/'], { maxFolders: 4 });
    await vi.waitFor(() => expect(lists.length).toBeGreaterThanOrEqual(2), 10_000);
    expect(errors).toEqual([expect.objectContaining({ code: 'watch-limit' })]);
  });

  it('asks for a listing when more happened at once than the system keeps, and watches folders that it missed', async () => {
    mkdirSync(join(root, 'lake/in'), { recursive: true });
    await watch(['s3://lake/in/'], { settleMs: 0 });
    // This process does not come to read its events while it writes.
    for (let file = 0; file < 20_000; file += 1) writeFileSync(join(root, `lake/in/${file}`), '');
    put('lake/in/unseen/a', 'a');
    await vi.waitFor(() => expect(lists.length).toBeGreaterThanOrEqual(1), 20_000);
    await vi.waitFor(() => expect(keysTold()).toContain('lake/in/unseen/a'), 20_000);
    put('lake/in/unseen/b', 'b');
    await vi.waitFor(() => expect(keysTold()).toContain('lake/in/unseen/b'), 20_000);
    expect(errors).toEqual([]);
  }, 60_000);

  it('tells of each of 10,000 files that another process drops at once, in batches', async () => {
    const batches: number[] = [];
    mkdirSync(join(root, 'lake/in'), { recursive: true });
    await watch(['s3://lake/in/'], {
      onObjects: async (objects) => {
        batches.push(objects.length);
        told.push(...objects);
      },
    });
    const script = `
      const { writeFileSync, renameSync, mkdirSync } = require('node:fs');
      mkdirSync('.staging');
      for (let file = 0; file < 10000; file += 1) {
        writeFileSync('.staging/' + file, 'row ' + file + ' '.repeat(500));
        renameSync('.staging/' + file, file + '.csv');
      }`;
    const writer = spawn(process.execPath, ['-e', script], { cwd: join(root, 'lake/in'), stdio: 'inherit' });
    const exitCode = new Promise((resolve) => writer.on('exit', resolve));
    await vi.waitFor(() => expect(new Set(keysTold()).size).toBe(10_000), { timeout: 30_000, interval: 100 });
    expect(await exitCode).toBe(0);
    expect(Math.max(...batches)).toBeLessThanOrEqual(1_000);
    expect(batches.length).toBeLessThan(1_000);
    expect(told.find(({ key }) => key === 'in/77.csv')).toEqual(
      await store.head({ bucket: 'lake', key: 'in/77.csv' }),
    );
  }, 60_000);

  it('refuses what is not an address', async () => {
    await expect(watch(['lake/in/'])).rejects.toMatchObject({ code: 'invalid-url' });
  });
});
