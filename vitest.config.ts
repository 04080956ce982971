import { defineConfig } from 'vitest/config';

/** Packages are tested from their sources: the `source` condition of their `exports`. */
export const fromSource = {
  resolve: { conditions: ['source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['source', 'node', 'import', 'default'] } },
};

export default defineConfig({
  ...fromSource,
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores: one for the runner and the servers that tests start, one for the tests.
    maxWorkers: 2,
  },
});
