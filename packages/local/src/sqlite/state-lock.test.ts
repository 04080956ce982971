import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateLock } from './state-lock.ts';

describe('StateLock', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it('refuses a second holder in the same process, naming the first, until it is released', () => {
    const now = Date.UTC(2026, 10, 21, 12, 0, 0);
    const lock = StateLock.acquire(directory, { what: 'millrace up', now });
    expect(() => StateLock.acquire(directory)).toThrow(
      expect.objectContaining({
        code: 'state-in-use',
        message: `${directory} is in use by process ${process.pid} (millrace up) since 2026-11-21T12:00:00.000Z`,
      }),
    );
    lock.release();
    lock.release();
    StateLock.acquire(directory).release();
  });

  it('makes the directory', () => {
    const lock = StateLock.acquire(join(directory, 'a/b'));
    expect(existsSync(join(directory, 'a/b'))).toBe(true);
    lock.release();
  });

  it('holds against another process, and ends with it when that is killed', async () => {
    const script = `
      import { StateLock } from ${JSON.stringify(join(import.meta.dirname, 'state-lock.ts'))};
      StateLock.acquire(${JSON.stringify(directory)}, { what: 'millrace up' });
      console.log('held');
      setInterval(() => {}, 1_000);`;
    const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(child.stdout, 'data');
      expect(() => StateLock.acquire(directory)).toThrow(
        `is in use by process ${child.pid} (millrace up) since 2`,
      );
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    // The owner's name is still there; it holds nothing.
    expect(existsSync(join(directory, 'lock-owner.json'))).toBe(true);
    const lock = StateLock.acquire(directory, { what: 'millrace load' });
    expect(() => StateLock.acquire(directory)).toThrow(`process ${process.pid} (millrace load)`);
    lock.release();
  });

  it('does not name a holder that a killed process left behind', () => {
    const lock = StateLock.acquire(directory);
    const gone = { pid: 2 ** 30, since: 0, what: 'millrace up' };
    writeFileSync(join(directory, 'lock-owner.json'), JSON.stringify(gone));
    expect(() => StateLock.acquire(directory)).toThrow('is in use by another process');
    lock.release();
  });
});
