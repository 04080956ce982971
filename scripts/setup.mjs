// Makes a fresh clone ready: installs what the lockfile names, once. Runs on any Node >= 20, before the pinned
// Node is there. `node scripts/setup.mjs COMMAND …` then runs the command: a shell that has looked `node` up once
// remembers where the old one was, so `setup && node …` would run the rest of a first start on it.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  console.error(
    `millrace needs Node 20 or newer to set itself up, found ${process.version}: install a newer Node`,
  );
  process.exit(2);
}

const stamp = join(root, 'node_modules', '.millrace-setup');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const isReady = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
if (!isReady) {
  console.log('setting up: installing the packages of package-lock.json (once)');
  // Not `npm ci`: it refuses a lockfile without the native packages of other platforms, which a registry that mirrors
  // only some of them cannot offer. With the lockfile there `npm install` takes its versions; `--no-save` leaves it as it is.
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  writeFileSync(stamp, wanted);
}

const [command, ...args] = process.argv.slice(2);
if (command !== undefined) {
  // Ctrl-C is for the command, which ends in order; this process waits for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw error;
  process.exit(status ?? 128 + constants.signals[signal]);
}
