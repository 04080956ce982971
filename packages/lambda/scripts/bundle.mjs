// Bundles each handler into one file: `bundles/<handler>/index.mjs`, `handler` exported, the AWS SDK included, so that what
// was tested is what runs, whatever SDK the runtime has.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entries = join(root, 'src', 'entry');
const out = process.argv[2] ?? join(root, 'bundles');

rmSync(out, { recursive: true, force: true });
for (const file of readdirSync(entries)) {
  const name = basename(file, '.ts');
  const outfile = join(out, name, 'index.mjs');
  await build({
    entryPoints: [join(entries, file)],
    outfile,
    bundle: true,
    minify: true,
    // Log lines name errors; LoadError makes its own name, which no minifier touches.
    keepNames: false,
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
  });
  console.log(`${name} ${statSync(outfile).size} bytes`);
}
