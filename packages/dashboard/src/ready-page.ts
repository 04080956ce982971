import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's folder: both `src/` and `dist/` are in it. */
const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The folder of the built page.
 *
 * An installed package carries it. In a clone it is built when it is asked for and the sources have changed since: that costs
 * a second or two, and only those who look at the page; whoever only loads files needs no build at all.
 *
 * @throws Error when it cannot be built
 */
export async function readyPage(): Promise<string> {
  if (!existsSync(join(PACKAGE, 'web'))) return join(PACKAGE, 'dist', 'page');
  // Only in a clone: the bundler is not among what an installed package needs.
  const { buildPage } = await import('./build-page.ts');
  // Not in `dist`, which whoever packs the packages makes anew.
  return buildPage(PACKAGE, join(dirname(dirname(PACKAGE)), 'node_modules', '.cache', 'dashboard-page'));
}
