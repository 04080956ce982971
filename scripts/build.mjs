// Compiles packages to dist/, in the order in which they depend on each other.
// `node scripts/build.mjs` builds all of them; with names, those and what they depend on.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces;
const packages = new Map(
  folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return [manifest.name, { folder, dependencies: Object.keys(manifest.dependencies ?? {}) }];
  }),
);
const wanted = process.argv.slice(2);
const built = new Set();

function build(name) {
  const { folder, dependencies } = packages.get(name);
  if (built.has(name)) return;
  built.add(name);
  for (const dependency of dependencies) if (packages.has(dependency)) build(dependency);
  const directory = join(root, folder);
  const own = join(directory, 'scripts', 'build.mjs');
  if (existsSync(own)) {
    // What is not compiled by tsc builds itself.
    execFileSync(process.execPath, [own], { cwd: directory, stdio: 'inherit' });
    const page = join(directory, 'vite.config.ts');
    if (existsSync(page)) {
      const vite = join(root, 'node_modules', '.bin', 'vite');
      const to = join(directory, 'dist', 'page');
      execFileSync(vite, ['build', 'web', '--config', page, '--outDir', to, '--logLevel', 'warn'], {
        cwd: directory,
        stdio: 'inherit',
      });
    }
    console.log(`built ${name}`);
    return;
  }
  rmSync(join(directory, 'dist'), { recursive: true, force: true });
  const project = join(directory, 'tsconfig.dist.json');
  writeFileSync(
    project,
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: {
        rootDir: 'src',
        outDir: 'dist',
        declaration: true,
        rewriteRelativeImportExtensions: true,
      },
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts'],
    }),
  );
  try {
    // Not through npx, which on other machines may take another compiler, and has warnings of its own.
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', project], { cwd: root, stdio: 'inherit' });
  } finally {
    rmSync(project, { force: true });
  }
  const page = join(directory, 'vite.config.ts');
  if (existsSync(page)) {
    const vite = join(root, 'node_modules', '.bin', 'vite');
    const to = join(directory, 'dist', 'page');
    execFileSync(vite, ['build', 'web', '--config', page, '--outDir', to, '--logLevel', 'warn'], {
      cwd: directory,
      stdio: 'inherit',
    });
  }
  console.log(`built ${name}`);
}

for (const [name, { folder }] of packages) {
  if (wanted.length === 0 || wanted.some((one) => folder === `packages/${one}`)) build(name);
}
