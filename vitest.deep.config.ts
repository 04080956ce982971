import { defineConfig } from 'vitest/config';
import { fromSource } from './vitest.config.ts';

/** What is too long for every push: the 1 GB file, the long kill series. `npm run test:deep`. */
export default defineConfig({
  ...fromSource,
  test: {
    include: ['packages/*/test/**/*.deep.ts', 'test/**/*.deep.ts'],
    testTimeout: 1_200_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
});
