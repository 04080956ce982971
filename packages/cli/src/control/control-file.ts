import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** How to reach the process that works in a project. Written by it, read by every other command. */
export interface ControlAddress {
  readonly port: number;
  readonly pid: number;
  /** Whoever can read the file may steer: it belongs to the user alone. */
  readonly token: string;
  /** Where the dashboard is, without a slash at the end; absent: it is not served. */
  readonly dashboard?: string;
}

export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Writes the address, readable by this user alone. A file that a killed process left is replaced. */
export function writeControlFile(path: string, address: ControlAddress): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  // By rename, so that nobody reads half of it; into a new file, so that its mode is the one asked for.
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(address)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}

/** The address of a process that lives; undefined when there is none, or the file is what a dead one left. */
export function readControlFile(path: string): ControlAddress | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const address = parse(text);
  return address !== undefined && isAlive(address.pid) ? address : undefined;
}

/** Removes the file if it is still this process's. */
export function removeControlFile(path: string, { token }: ControlAddress): void {
  try {
    if (parse(readFileSync(path, 'utf8'))?.token === token) rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function parse(text: string): ControlAddress | undefined {
  try {
    const value = JSON.parse(text) as Partial<ControlAddress> | null;
    const isAddress =
      typeof value?.port === 'number' && typeof value.pid === 'number' && typeof value.token === 'string';
    return isAddress ? (value as ControlAddress) : undefined;
  } catch (error) {
    // Not something that this program wrote; nobody can be reached by it.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
