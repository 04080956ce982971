import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Packages are tested from their sources: the `source` condition of their `exports`. */
export const fromSource = {
  resolve: { conditions: ['source', 'node', 'import', 'default'] },
  // Without 'import': these reach Node as `--conditions`, and a `require` of a package with two faces would get the wrong one.
  ssr: { resolve: { conditions: ['source', 'node', 'default'] } },
};

export default defineConfig({
  ...fromSource,
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Processes that tests start find their modules compiled and stripped of types: half of a start is that.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'node-compile') },
    // Two cores: one for the runner and the servers that tests start, one for the tests.
    maxWorkers: 2,
  },
});
