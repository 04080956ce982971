import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
/** Where pictures of the pages go: not kept in the repository. */
export const SCREENS = join(ROOT, 'node_modules', '.cache', 'dashboard-screens');

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Nothing of the browser's own is asked of a network that may not be there. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A headless Chromium: the one of this machine (or of `CHROMIUM`), else Debian's, which is installed then.
 *
 * @throws Error that says what was tried: tests in a browser are never passed over
 */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser() ?? installBrowser();
  mkdirSync(SCREENS, { recursive: true });
  return chromium.launch({ executablePath, args: ARGS });
}

function findBrowser(): string | undefined {
  const given = process.env.CHROMIUM;
  return given !== undefined && given !== '' ? given : PLACES.find((path) => existsSync(path));
}

/** One test file after the other: two apt-get at once refuse each other. */
function installBrowser(): string {
  const script = `test -x ${PLACES[0]} || { apt-get update -q; apt-get install -y -q --no-install-recommends chromium; }`;
  const { status, error, stderr } = spawnSync(
    'flock',
    [join(tmpdir(), 'millrace-chromium'), 'sh', '-c', script],
    {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    },
  );
  const found = findBrowser();
  if (found !== undefined) return found;
  const why = error?.message ?? `it ended with ${status}: ${stderr?.trim().split('\n').at(-1)}`;
  throw new Error(
    `no Chromium is at ${PLACES.join(', ')}, and Debian's could not be installed (${why}): install one, or name it with CHROMIUM`,
  );
}
