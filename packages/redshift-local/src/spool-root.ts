import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'redshift-local-spool';
/** A process number is soon given to another process; a folder that old belongs to nobody who is still starting. */
const MIN_AGE_MS = 60_000;

/**
 * Makes the folder for what COPY and UNLOAD put down for a while, named after this machine and process, and removes
 * those of processes that were killed before they could do so themselves.
 */
export async function makeSpoolRoot(now: number, parent: string = tmpdir()): Promise<string> {
  await removeAbandoned(parent, now);
  return mkdtemp(join(parent, `${ownPrefix()}${process.pid}-`));
}

/** Of this machine only: containers may share a temporary directory, and do not see one another's processes. */
function ownPrefix(): string {
  return `${PREFIX}-${hostname().replaceAll(/[^\w.]/gu, '_')}-`;
}

async function removeAbandoned(parent: string, now: number): Promise<void> {
  const prefix = ownPrefix();
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    const pid = Number(/^(\d+)-/u.exec(name.slice(prefix.length))?.[1]);
    if (!(pid > 0) || isRunning(pid)) continue;
    const path = join(parent, name);
    const stats = await stat(path).catch(() => undefined);
    // Somebody else may be removing it too, or it may not be ours to remove: it is only rubbish.
    if (stats && now - stats.mtimeMs > MIN_AGE_MS) {
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
