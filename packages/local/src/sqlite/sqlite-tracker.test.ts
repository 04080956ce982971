import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freshLane, type LoadFile, loadFileOf } from '@millrace/core';
import { trackerContract } from '@millrace/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteTracker } from './sqlite-tracker.ts';

const TARGET = 'public.flights';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-tracker-'));
  path = join(directory, 'tracker.db');
});

afterEach(() => rmSync(directory, { recursive: true }));

trackerContract('SqliteTracker', async () => {
  const port = new SqliteTracker(path);
  return { port, close: async () => port.close() };
});

function filesNamed(count: number, arrivedAt = 1_000): LoadFile[] {
  return Array.from({ length: count }, (_, index) =>
    loadFileOf(
      { bucket: 'lake', key: `in/part-${index}.csv`, etag: `e${index}`, size: index },
      arrivedAt + index,
    ),
  );
}

describe('SqliteTracker in its file', () => {
  it('keeps everything over a restart', async () => {
    const before = new SqliteTracker(path);
    await before.addFiles(TARGET, filesNamed(3));
    await before.putLane({ ...freshLane(TARGET), fence: 9 });
    before.close();
    const after = new SqliteTracker(path);
    expect((await after.waitingFiles(TARGET, 10)).map(({ file }) => file)).toEqual(filesNamed(3));
    expect(await after.lane(TARGET)).toEqual({ ...freshLane(TARGET), fence: 9, version: 1 });
    after.close();
  });

  it('gives a lane that an older version wrote the fresh values of later fields', async () => {
    const tracker = new SqliteTracker(path);
    const { suspects: _, loadMs: __, ...older } = { ...freshLane(TARGET), fence: 4 };
    const raw = new DatabaseSync(path);
    raw.prepare('INSERT INTO lane VALUES (?, 5, 6, ?)').run(TARGET, JSON.stringify(older));
    raw.close();
    expect(await tracker.lane(TARGET)).toEqual({ ...freshLane(TARGET), fence: 4, version: 5, arrivals: 6 });
    tracker.close();
  });

  it('is read and written by a second process at the same time: one version, one winner', async () => {
    const one = new SqliteTracker(path);
    const two = new SqliteTracker(path);
    await one.addFiles(TARGET, filesNamed(2));
    expect(await two.waitingFiles(TARGET, 10)).toHaveLength(2);
    const lane = await two.lane(TARGET);
    expect(await two.putLane(lane)).toBe(true);
    expect(await one.putLane(lane)).toBe(false);
    expect(await two.addFiles(TARGET, filesNamed(3))).toHaveLength(1);
    one.close();
    two.close();
  });

  it('has, after a SIGKILL, all that it had acknowledged', async () => {
    const script = `
      import { SqliteTracker } from ${JSON.stringify(join(import.meta.dirname, 'sqlite-tracker.ts'))};
      import { loadFileOf } from '@millrace/core';
      const tracker = new SqliteTracker(${JSON.stringify(path)});
      for (let index = 0; ; index += 1) {
        const file = loadFileOf({ bucket: 'lake', key: 'in/' + index, etag: 'e', size: 1 }, index);
        await tracker.addFiles('public.flights', [file]);
        await tracker.addArrivals('public.flights', 1);
        process.stdout.write(index + '\\n');
      }`;
    const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('200\n')) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const acknowledged = Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1)) + 1;
    const tracker = new SqliteTracker(path);
    const { waiting } = await tracker.counts(TARGET);
    expect(acknowledged).toBeGreaterThan(200);
    expect(waiting).toBeGreaterThanOrEqual(acknowledged);
    expect(await tracker.waitingFiles(TARGET, 1_000_000)).toHaveLength(waiting);
    expect((await tracker.lane(TARGET)).arrivals).toBeGreaterThanOrEqual(acknowledged);
    tracker.close();
  });

  it('copies itself while it is in use', async () => {
    const tracker = new SqliteTracker(path);
    await tracker.addFiles(TARGET, filesNamed(20_000));
    const to = join(directory, 'copy.db');
    const copying = tracker.backup(to);
    for (let more = 0; more < 20; more += 1) await tracker.addFiles(TARGET, filesNamed(20_000 + more));
    await copying;
    const copy = new SqliteTracker(to);
    const { waiting } = await copy.counts(TARGET);
    expect(waiting).toBeGreaterThanOrEqual(20_000);
    expect(await copy.waitingFiles(TARGET, 1_000_000)).toHaveLength(waiting);
    copy.close();
    tracker.close();
  });

  it('never overwrites a file by a backup, and leaves none that is half', async () => {
    const tracker = new SqliteTracker(path);
    const to = join(directory, 'copy.db');
    writeFileSync(to, 'precious');
    await expect(tracker.backup(to)).rejects.toMatchObject({ code: 'backup-exists' });
    await expect(tracker.backup(join(directory, 'missing/copy.db'))).rejects.toThrow(/missing/);
    expect(existsSync(join(directory, 'missing'))).toBe(false);
    tracker.close();
  });

  it('finds its files by indexes, whatever it holds', () => {
    new SqliteTracker(path).close();
    const raw = new DatabaseSync(path);
    const planOf = (sql: string) =>
      raw
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
        .join('; ');
    const line = planOf(
      'SELECT * FROM file INDEXED BY file_in_line WHERE target_id = 1 AND status = 0 ORDER BY arrived_at, key, id LIMIT 5',
    );
    expect(line).toContain('USING INDEX file_in_line (target_id=?)');
    expect(line).not.toContain('TEMP B-TREE');
    expect(planOf("SELECT * FROM file WHERE target_id = 1 AND id = x'00'")).toContain('file_by_id');
    expect(planOf('SELECT status, files FROM tally WHERE target_id = 1')).toContain('PRIMARY KEY');
    raw.close();
  });

  it('counts what is there, after any sequence of operations', async () => {
    const files = filesNamed(6);
    const evidence = { code: 'c', reason: 'r', at: 1 };
    const indexes = fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 6 });
    const operation = fc.tuple(
      fc.constantFrom('add', 'load', 'quarantine', 'supersede', 'redrive', 'note'),
      indexes,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const tracker = new SqliteTracker(':memory:');
        const statuses = new Map<string, string>();
        for (const [kind, chosen] of operations) {
          const some = files.filter((_, index) => chosen.includes(index));
          const ids = some.map(({ id }) => id);
          const aside = (status: 'quarantined' | 'superseded') =>
            some.map((file) => ({ file, status, evidence }));
          if (kind === 'add') await tracker.addFiles(TARGET, some);
          if (kind === 'load') await tracker.markLoaded(TARGET, some);
          if (kind === 'quarantine') await tracker.putAside(TARGET, aside('quarantined'));
          if (kind === 'supersede') await tracker.putAside(TARGET, aside('superseded'));
          if (kind === 'redrive') await tracker.redrive(TARGET, ids, 9_000);
          if (kind === 'note') await tracker.noteFailure(TARGET, ids, evidence);
        }
        for (const { file, status } of await tracker.filesById(
          TARGET,
          files.map(({ id }) => id),
        )) {
          statuses.set(file.id, status);
        }
        const counted = (wanted: string) =>
          [...statuses.values()].filter((status) => status === wanted).length;
        expect(await tracker.counts(TARGET)).toMatchObject({
          waiting: counted('waiting'),
          superseded: counted('superseded'),
          quarantined: counted('quarantined'),
        });
        tracker.close();
      }),
      { numRuns: 60 },
    );
  });
});
