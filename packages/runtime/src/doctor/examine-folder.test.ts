import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { examineFolder, judgeSpace } from './examine-folder.ts';

const GIB = 1024 ** 3;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-doctor-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('can be written, and nothing stays', async () => {
  const [found] = await examineFolder('state folder', join(folder, 'new', 'state'));
  expect(found?.detail).toContain('can be written');
  expect(await readdir(join(folder, 'new', 'state'))).toEqual([]);
});

it('cannot be a folder where a file is', async () => {
  await writeFile(join(folder, 'state'), '');
  expect(await examineFolder('state folder', join(folder, 'state'))).toEqual([
    {
      check: 'state folder',
      status: 'fail',
      detail: expect.stringContaining('cannot be written'),
      fix: expect.stringContaining('name another one'),
    },
  ]);
});

it.each([
  [10 * GIB, 'pass'],
  [GIB, 'warn'],
  [GIB / 32, 'fail'],
])('%d bytes free: %s', (freeBytes, status) => {
  expect(judgeSpace('disk', { path: '/x', freeBytes }).status).toBe(status);
});
