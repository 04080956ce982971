// Makes what the package ships: `handlers/` (the functions' bundles), `lib/` and `.jsii` (compiled by jsii). Each of the two is
// left alone when it is newer than all that it is made of. Several processes may call it at once: one builds, the others wait.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const workspace = dirname(dirname(root));
const cache = join(workspace, 'node_modules', '.cache', 'millrace-cdk');
const lock = join(cache, 'lock');

/** A build takes ten seconds; a lock that is so old belongs to a process that died. */
const LOCK_MAX_AGE_MS = 5 * 60_000;
const LOCK_POLL_MS = 100;

/** What the bundles are made of: the functions' package, and those that it imports. */
function packagesOf(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  const manifest = readFileSync(join(workspace, 'packages', name, 'package.json'), 'utf8');
  for (const one of Object.keys(JSON.parse(manifest).dependencies ?? {})) {
    if (one.startsWith('@millrace/')) packagesOf(one.slice('@millrace/'.length), seen);
  }
  return seen;
}

const PARTS = [
  {
    name: 'handlers',
    sources: () =>
      [...packagesOf('lambda')]
        .flatMap((name) =>
          list(join(workspace, 'packages', name), ['src/**/*.ts', 'scripts/*', 'package.json']),
        )
        .concat(list(root, ['scripts/*'])),
    build: buildHandlers,
  },
  { name: 'lib', sources: () => list(root, ['src/**/*.ts', 'package.json']), build: buildLib },
];

function list(cwd, patterns) {
  return globSync(patterns, { cwd })
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => join(cwd, file));
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of [
    ...files,
    join(workspace, 'package-lock.json'),
    fileURLToPath(import.meta.url),
  ].sort()) {
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function run(script, ...args) {
  // On stderr: what calls this may have an answer of its own to write.
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
}

function buildHandlers() {
  // Aside, and then at once: somebody may be reading the old ones.
  const handlers = join(root, 'handlers');
  const aside = join(cache, `handlers-${process.pid}`);
  const old = join(cache, `handlers-old-${process.pid}`);
  run(join(workspace, 'packages', 'lambda', 'scripts', 'bundle.mjs'), aside);
  // What checks a configuration while an app is synthesised: CommonJS, as the constructs are.
  buildSync({
    entryPoints: [join(root, 'scripts', 'configuration.ts')],
    outfile: join(aside, 'configuration.cjs'),
    bundle: true,
    minify: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    conditions: ['source'],
    logLevel: 'warning',
  });
  if (existsSync(handlers)) renameSync(handlers, old);
  renameSync(aside, handlers);
  rmSync(old, { recursive: true, force: true });
}

function buildLib() {
  run(join(workspace, 'node_modules', 'jsii', 'bin', 'jsii'), '--fail-on-warnings');
  const made = new Set(list(root, ['src/**/*.ts']).map((file) => file.slice(join(root, 'src').length, -3)));
  for (const file of globSync('lib/**/*.{js,d.ts}', { cwd: root })) {
    // A file whose source is gone would still be shipped.
    if (!made.has(file.slice('lib'.length).replace(/\.d\.ts$|\.js$/u, ''))) rmSync(join(root, file));
  }
}

function claim() {
  mkdirSync(cache, { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > LOCK_MAX_AGE_MS)
      rmSync(lock, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
}

claim();
try {
  for (const { name, sources, build } of PARTS) {
    const stamp = join(cache, name);
    // Taken before: sources that change meanwhile are built again by whoever comes next.
    const now = digest(sources());
    if (existsSync(join(root, name)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) continue;
    rmSync(stamp, { force: true });
    build();
    writeFileSync(stamp, now);
  }
} finally {
  rmSync(lock, { recursive: true, force: true });
}
