import { existsSync } from 'node:fs';
import { glob, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A file that a pattern means. */
export interface FoundLog {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
}

/** What rotation packs is not a log any more. */
const PACKED = /\.(?:gz|bz2|xz|zst|zip|lz4|Z)$/u;
const MAGIC = /[*?[\]{}]/u;

/**
 * The files that patterns mean, each once: two names of one file are one log. Directories, pipes and what is packed are
 * left out, and so is what is gone before it is looked at.
 *
 * @param options `onProblem` hears of files that cannot be looked at.
 */
export async function findLogs(
  patterns: readonly string[],
  { directory, onProblem }: { directory: string; onProblem: (path: string, error: unknown) => void },
): Promise<readonly FoundLog[]> {
  const found = new Map<string, FoundLog>();
  for (const pattern of patterns) {
    for (const path of await pathsOf(pattern, directory)) {
      try {
        const { dev, ino, isFile } = await look(path);
        const log = { path, device: String(dev), inode: String(ino) };
        if (isFile && !found.has(keyOf(log))) found.set(keyOf(log), log);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onProblem(path, error);
      }
    }
  }
  return [...found.values()];
}

/** Where a file that was at `path` is now, as rotation renames within a folder; undefined: it is not there. */
export async function findRenamed({ path, device, inode }: FoundLog): Promise<string | undefined> {
  const folder = dirname(path);
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    try {
      const one = await look(join(folder, name));
      if (String(one.dev) === device && String(one.ino) === inode) return join(folder, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** Files that were named, and not by a glob, and are not there. */
export function missingLogs(patterns: readonly string[], directory: string): readonly string[] {
  const named = patterns.filter((pattern) => !MAGIC.test(pattern)).map((path) => resolve(directory, path));
  return named.filter((path) => !existsSync(path));
}

export function keyOf({ device, inode }: Omit<FoundLog, 'path'>): string {
  return `${device}:${inode}`;
}

async function look(path: string): Promise<{ dev: bigint; ino: bigint; isFile: boolean }> {
  const stats = await stat(path, { bigint: true });
  return { dev: stats.dev, ino: stats.ino, isFile: stats.isFile() };
}

async function pathsOf(pattern: string, directory: string): Promise<readonly string[]> {
  const whole = resolve(directory, pattern);
  // A name may have a bracket in it.
  if (!MAGIC.test(pattern) || existsSync(whole)) return [whole];
  const paths: string[] = [];
  // By its own folder, whose name may have brackets too.
  for await (const path of glob(pattern, { cwd: directory })) {
    if (!PACKED.test(path)) paths.push(resolve(directory, path));
  }
  return paths.sort();
}
