// Bundles each handler into one file: `bundles/<handler>/index.mjs`, `handler` exported, the AWS SDK included, so that what
// was tested is what runs, whatever SDK the runtime has.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BUNDLING } from './bundling.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entries = join(root, 'src', 'entry');
const out = process.argv[2] ?? join(root, 'bundles');

rmSync(out, { recursive: true, force: true });
const names = readdirSync(entries).map((file) => basename(file, '.ts'));
await build({
  entryPoints: names.map((name) => ({ in: join(entries, `${name}.ts`), out: `${name}/index` })),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  ...BUNDLING,
});
for (const name of names) console.log(`${name} ${statSync(join(out, name, 'index.mjs')).size} bytes`);
