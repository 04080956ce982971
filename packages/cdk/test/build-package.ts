import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));

/** Long enough for a fresh clone on a busy machine: bundles of all functions, and jsii. */
export const BUILD_TIMEOUT_MS = 240_000;

/** Makes the bundles and compiles the constructs, when their sources have changed. */
export function buildPackage(): void {
  execFileSync(process.execPath, [join(PACKAGE, 'scripts', 'build.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
