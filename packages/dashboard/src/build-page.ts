import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = '.sources';

/**
 * Builds the page of a clone unless it is up to date. Several processes may do so at once: each builds beside, and the last
 * one's is what stays.
 *
 * @returns `to`
 * @throws Error that says what is wrong with a source
 */
export async function buildPage(packageFolder: string, to: string): Promise<string> {
  const stamp = stampOf(packageFolder);
  if (isBuilt(to, stamp)) return to;
  const beside = `${to}.${process.pid}`;
  const { build } = await import('vite');
  await build({
    root: join(packageFolder, 'web'),
    configFile: join(packageFolder, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: beside, emptyOutDir: true },
  });
  writeFileSync(join(beside, STAMP), stamp);
  replace(beside, to);
  return to;
}

function isBuilt(folder: string, stamp: string): boolean {
  const path = join(folder, STAMP);
  return existsSync(path) && readFileSync(path, 'utf8') === stamp;
}

function replace(from: string, to: string): void {
  const old = `${from}.old`;
  if (existsSync(to)) renameSync(to, old);
  try {
    renameSync(from, to);
  } catch (error) {
    // Somebody else was faster, with the same sources.
    if (!existsSync(to)) throw error;
    rmSync(from, { recursive: true, force: true });
  }
  rmSync(old, { recursive: true, force: true });
}

/** One text for all that the page is made of: names and bytes of its sources, and the versions of what it is built with. */
function stampOf(packageFolder: string): string {
  const web = join(packageFolder, 'web');
  const sources = readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();
  const parts = [...sources, join(packageFolder, 'package.json'), join(packageFolder, 'vite.config.ts')];
  return hash('sha256', parts.map((path) => `${path}\n${readFileSync(path, 'utf8')}`).join('\n'));
}
