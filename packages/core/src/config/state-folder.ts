import type { MillraceConfig } from './millrace-config.ts';

/** The folder of a path; `.` when it names none. */
const folderOf = (path: string): string =>
  path.replace(/\/?[^/]*$/u, '') || (path.startsWith('/') ? '/' : '.');

/**
 * Where the state of a project is on this machine, relative to its directory: what one process at a time may work in.
 * The tracker's folder; with a tracker elsewhere the warehouse's; else `.millrace`, for what is only noted there.
 */
export function stateFolderOf({ tracker, warehouse }: Pick<MillraceConfig, 'tracker' | 'warehouse'>): string {
  if (tracker.kind === 'sqlite') return folderOf(tracker.path);
  if (warehouse.kind === 'local') return folderOf(warehouse.path);
  return '.millrace';
}
