import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeSpoolRoot } from '../src/spool-root.ts';
import { temporaryDirectory } from './open-engine.ts';

const HOUR_MS = 3_600_000;

it('removes the spool folders of processes that are gone, and no others', async () => {
  const parent = await temporaryDirectory();
  const own = await makeSpoolRoot(Date.now(), parent);
  const { pid: gone } = spawnSync('true');
  const prefix = own.slice(0, own.lastIndexOf(String(process.pid)));
  const abandoned = `${prefix}${gone}-abcdef`;
  const elsewhere = join(parent, `redshift-local-spool-another_host-${gone}-abcdef`);
  for (const directory of [abandoned, elsewhere]) mkdirSync(directory);
  writeFileSync(join(abandoned, 'copy-rows-1.csv'), '1\n');

  const young = await makeSpoolRoot(Date.now(), parent);
  expect(existsSync(abandoned)).toBe(true);

  const later = await makeSpoolRoot(Date.now() + HOUR_MS, parent);
  expect(
    readdirSync(parent)
      .map((name) => join(parent, name))
      .toSorted(),
  ).toEqual([own, young, later, elsewhere].toSorted());
});
