import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFiles } from './check-files.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('files to load', () => {
  it.each(['_x.csv', '.x.csv'])('are not named %s: no route would take the copy', async (name) => {
    const path = join(folder, name);
    await writeFile(path, 'a\n1\n');
    await expect(checkFiles([path])).rejects.toMatchObject({
      code: 'wrong-usage',
      message: expect.stringContaining(`never taken: ${path}; nothing was loaded`),
      hint: 'rename the file',
    });
  });

  it('are there, and are files', async () => {
    const path = join(folder, 'a_.csv');
    await writeFile(path, 'a\n1\n');
    await expect(checkFiles([path])).resolves.toBeUndefined();
    await expect(checkFiles([path, join(folder, 'nope.csv')])).rejects.toMatchObject({
      code: 'file-missing',
    });
    await expect(checkFiles([folder])).rejects.toMatchObject({ code: 'file-missing' });
  });
});
