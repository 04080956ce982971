import { type ErrorClass, LoadError } from '@millrace/core';

interface ErrorRule {
  /** SQLite's primary result code: the low byte of the extended one that Node reports. */
  readonly primary: number;
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint: string;
  /** The bytes are not what SQLite wrote. */
  readonly isDamage?: true;
}

/** The only list that knows SQLite's result codes. */
const ERROR_RULES: readonly ErrorRule[] = [
  { primary: 5, code: 'state-busy', class: 'transient', hint: 'another process writes to it; try again' },
  { primary: 6, code: 'state-busy', class: 'transient', hint: 'another process writes to it; try again' },
  { primary: 8, code: 'state-read-only', class: 'config', hint: 'give this user the right to write to it' },
  { primary: 10, code: 'state-io', class: 'transient', hint: 'look at the disk and its file system' },
  {
    primary: 11,
    code: 'state-damaged',
    class: 'config',
    hint: 'restore a backup, or move it away and reconcile',
    isDamage: true,
  },
  { primary: 13, code: 'disk-full', class: 'config', hint: 'free space on its disk' },
  {
    primary: 14,
    code: 'state-unreachable',
    class: 'config',
    hint: 'check that the folder exists and may be written',
  },
  { primary: 23, code: 'state-read-only', class: 'config', hint: 'give this user the right to write to it' },
  {
    primary: 26,
    code: 'state-foreign',
    class: 'usage',
    hint: 'name another path; this file is not a database',
    isDamage: true,
  },
];

/**
 * What SQLite threw, classified; anything that is not SQLite's comes back as it is.
 *
 * @param path the file it happened on, for the message.
 * @param options `ifDamaged`: what to do when the file is, if its owner knows better than to name another one.
 */
export function toStateError(
  cause: unknown,
  path: string,
  { ifDamaged }: { ifDamaged?: string | undefined } = {},
): unknown {
  if (!isSqliteError(cause)) return cause;
  const rule = ERROR_RULES.find(({ primary }) => primary === (cause.errcode & 0xff));
  const message = `${path}: ${cause.message}`;
  if (!rule) return new LoadError('state-failed', message, { class: 'transient', cause });
  const hint = rule.isDamage ? (ifDamaged ?? rule.hint) : rule.hint;
  return new LoadError(rule.code, message, { class: rule.class, hint, cause });
}

/** Whether the error says that somebody else holds the lock of the database. */
export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === 5;
}

function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}
