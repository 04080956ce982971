#!/usr/bin/env node
// Starts the command line on a Node that can run it. Plain JavaScript without new syntax or new imports: this file
// has to be understood by every Node that somebody may have, in order to tell them what to do.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
// As a namespace: a named import of what an old Node does not have would fail before the first line.
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_MAJOR = 24;
const here = fileURLToPath(import.meta.url);
const packageDirectory = dirname(dirname(here));

if (majorOf(process.versions.node) >= NEEDED_MAJOR) start();
else startOnNewerNode();

/** Runs the command line in this process: from its sources in a checkout, from `dist` where it is installed. */
function start() {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    // What Node thinks of its own SQLite is no news for whoever loads files.
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
  endWithTheStarter();
  const source = join(packageDirectory, 'src', 'main.ts');
  const isCheckout = existsSync(source);
  if (isCheckout) {
    // The same as --conditions=source, without a second process.
    nodeModule.registerHooks({
      resolve: (specifier, context, next) =>
        next(specifier, { ...context, conditions: ['source', ...context.conditions] }),
    });
  }
  import(pathToFileURL(isCheckout ? source : join(packageDirectory, 'dist', 'main.js')).href).then(
    (main) => main.runMillrace(),
    (error) => {
      process.stderr.write(`millrace cannot start: ${error.message}; install it again\n`);
      if (process.env.MILLRACE_DEBUG) process.stderr.write(`${error.stack}\n`);
      process.exit(1);
    },
  );
}

/** A Node of the project's own dependencies does as well as the machine's. */
function startOnNewerNode() {
  const node = findNode(packageDirectory) || findNode(process.cwd());
  if (node === undefined) {
    process.stderr.write(
      `millrace needs Node ${NEEDED_MAJOR} or newer, found v${process.versions.node}: install it from https://nodejs.org, or with \`npm install node@${NEEDED_MAJOR}\` beside millrace\n`,
    );
    process.exit(2);
  }
  // The channel says nothing; its end is how the child learns that this process was killed.
  const child = spawn(node, [here].concat(process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: Object.assign({}, process.env, { MILLRACE_STARTER: String(process.pid) }),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`millrace cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const one of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(one);
    process.kill(process.pid, signal);
  });
}

/**
 * A process that was started by `startOnNewerNode` ends when that one is killed: otherwise it would go on, unseen,
 * and keep the lock of the state directory.
 */
function endWithTheStarter() {
  if (process.env.MILLRACE_STARTER === undefined || process.channel === undefined) return;
  delete process.env.MILLRACE_STARTER;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}

/** The nearest `node_modules/node/bin/node` that is new enough, upwards from a folder. */
function findNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node');
    const binary = join(candidate, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (existsSync(binary)) {
      const version = JSON.parse(readFileSync(join(candidate, 'package.json'), 'utf8')).version;
      if (majorOf(version) >= NEEDED_MAJOR) return binary;
    }
    if (dirname(folder) === folder) return undefined;
  }
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}
