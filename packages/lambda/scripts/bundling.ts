import type { BuildOptions } from 'esbuild';

/** How functions are bundled, for those who deploy bundles and for those who measure them. */
export const BUNDLING = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source', 'module'],
  mainFields: ['module', 'main'],
  legalComments: 'none',
  // Parts of the SDK are CommonJS and ask for Node's modules by `require`.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'warning',
} satisfies BuildOptions;
