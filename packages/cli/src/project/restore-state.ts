import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LoadError } from '@millrace/core';
import { type Project, stateDirectoryOf } from './project.ts';

interface StateFile {
  readonly from: string;
  readonly to: string;
  /** What its engine keeps beside it; of another file it would be read as this one's. */
  readonly companions: readonly string[];
  readonly magic: { readonly at: number; readonly text: string };
}

/**
 * Puts a backup's tracker and warehouse in place, and the seals of events before them, when it has some: the events since
 * then are consumed again, as far as the stream keeps them.
 *
 * The tracker comes first: should the machine stop in between, an older tracker stands before a newer warehouse, whose
 * receipts set it right. The other way round, files that the tracker takes for loaded would be missing.
 *
 * @throws LoadError `backup-elsewhere` when they are not on this machine, `state-in-use` while anything runs, `backup-invalid`, `state-exists` without `force`
 */
export async function restoreState(
  project: Project,
  { from, force }: { from: string; force: boolean },
): Promise<{ bytes: number }> {
  const [{ BACKUP_FILES, BACKUP_SEALS }, { StateLock }] = await Promise.all([
    import('@millrace/runtime'),
    import('@millrace/local'),
  ]);
  const files = stateFiles(project, {
    tracker: join(from, BACKUP_FILES.tracker),
    warehouse: join(from, BACKUP_FILES.warehouse),
    seals: existsSync(join(from, BACKUP_SEALS)) ? join(from, BACKUP_SEALS) : undefined,
  });
  for (const file of files) await checkBackup(file, from);
  const lock = StateLock.acquire(stateDirectoryOf(project), {
    what: 'millrace restore',
  });
  try {
    if (!force) for (const { to } of files) await refuseExisting(to);
    for (const { from: source, to } of files) {
      await mkdir(dirname(to), { recursive: true });
      await copyFile(source, draftOf(to));
      await flush(draftOf(to));
    }
    let bytes = 0;
    for (const { to, companions } of files) {
      for (const companion of companions) await rm(to + companion, { force: true });
      await rename(draftOf(to), to);
      await flush(dirname(to));
      bytes += (await stat(to)).size;
    }
    return { bytes };
  } finally {
    for (const { to } of files) await rm(draftOf(to), { force: true });
    lock.release();
  }
}

function stateFiles(
  project: Project,
  backup: { readonly tracker: string; readonly warehouse: string; readonly seals: string | undefined },
): readonly StateFile[] {
  const { directory, config } = project;
  const { tracker, warehouse } = config;
  if (tracker.kind !== 'sqlite' || warehouse.kind !== 'local') {
    throw new LoadError('backup-elsewhere', 'tracker and warehouse are not both on this machine', {
      class: 'usage',
      hint: 'restore the DynamoDB table to a point in time, and the cluster from its snapshot',
    });
  }
  const sqlite = { companions: ['-wal', '-shm', '-journal'], magic: { at: 0, text: 'SQLite format 3' } };
  const seals = join(stateDirectoryOf(project), 'seals.db');
  return [
    ...(backup.seals === undefined ? [] : [{ from: backup.seals, to: seals, ...sqlite }]),
    { from: backup.tracker, to: resolve(directory, tracker.path), ...sqlite },
    {
      from: backup.warehouse,
      to: resolve(directory, warehouse.path),
      companions: ['.wal'],
      magic: { at: 8, text: 'DUCK' },
    },
  ];
}

async function checkBackup({ from: path, magic }: StateFile, directory: string): Promise<void> {
  const head = await readHead(path).catch((cause: unknown) => {
    throw new LoadError('backup-invalid', `${directory} is not a backup: ${path} cannot be read`, {
      hint: 'name a directory that `millrace backup` wrote',
      cause,
    });
  });
  if (head.subarray(magic.at, magic.at + magic.text.length).toString('latin1') === magic.text) return;
  throw new LoadError('backup-invalid', `${path} is not what \`millrace backup\` writes`, {
    hint: 'name another backup',
  });
}

async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(32);
  await file.read(head, 0, head.length, 0);
  return head;
}

async function refuseExisting(path: string): Promise<void> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (info === undefined) return;
  throw new LoadError('state-exists', `${path} is there already`, {
    hint: 'replace it with --force, or back it up and move it away first',
  });
}

function draftOf(path: string): string {
  return `${path}.restoring`;
}

async function flush(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
