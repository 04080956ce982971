import { createHash } from 'node:crypto';
import { LoadError } from '../recover/load-error.ts';
import { splitStatements } from '../sql/tokenizer.ts';

/** A file of the migrations folder. */
export interface MigrationFile {
  /** The file's name without its folder: `0001_create_flights.sql`. */
  readonly name: string;
  readonly sql: string;
}

/** What the warehouse remembers of a migration that ran. */
export interface AppliedMigration {
  readonly id: number;
  readonly name: string;
  readonly checksum: string;
}

/** A migration that is to run, whole, before the next. */
export interface PendingMigration extends AppliedMigration {
  readonly statements: readonly string[];
}

const FILE_NAME = /^(\d{1,9})_([\p{L}\p{N}_-]+)\.sql$/u;

/**
 * Which migrations are to run, in the order of their numbers. Numbers may leave gaps. A migration is the same by its
 * number and its text: a file may get another name.
 *
 * @throws LoadError `migrations-invalid`, naming every file concerned, when a name has no number, two files share one,
 * an applied file was changed or is missing, a file is numbered before one that was applied, has no statement or
 * cannot be split. Nothing is to be run then.
 */
export function planMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly PendingMigration[] {
  const problems: string[] = [];
  const byId = new Map<number, MigrationFile>();
  for (const file of files.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const id = idOf(file.name);
    const twin = id === undefined ? undefined : byId.get(id);
    if (id === undefined) {
      problems.push(`'${file.name}' is not the name of a migration; call it like 0001_create_flights.sql`);
    } else if (twin) {
      problems.push(
        `'${twin.name}' and '${file.name}' have the same number; give one of them a number of its own`,
      );
    } else {
      byId.set(id, file);
    }
  }
  for (const { id, name, checksum } of applied) {
    const file = byId.get(id);
    if (!file) {
      problems.push(`'${name}' was applied but its file is missing; put it back as it was`);
    } else if (checksumOf(file.sql) !== checksum) {
      problems.push(
        `'${file.name}' was changed after it was applied; undo that, and write the change as a new migration`,
      );
    }
  }
  const appliedIds = new Set(applied.map(({ id }) => id));
  const lastId = Math.max(-1, ...appliedIds);
  const pending: PendingMigration[] = [];
  for (const [id, { name, sql }] of [...byId].toSorted(([one], [other]) => one - other)) {
    if (appliedIds.has(id)) continue;
    if (id < lastId) {
      // It would run after later ones here, and before them on an empty warehouse: two different schemas.
      problems.push(`'${name}' comes before number ${lastId}, which was applied; give it a higher number`);
      continue;
    }
    const statements = readStatements(name, sql, problems);
    if (statements) pending.push({ id, name, checksum: checksumOf(sql), statements });
  }
  if (problems.length > 0) {
    throw new LoadError('migrations-invalid', `the migrations cannot be applied: ${problems.join('. ')}`, {
      class: 'config',
    });
  }
  return pending;
}

/**
 * SHA-256 of the text with `\n` for every line end and without a byte order mark: a checkout on another system is no
 * change.
 */
export function checksumOf(sql: string): string {
  const normal = sql.replace(/^\u{feff}/u, '').replaceAll(/\r\n?/gu, '\n');
  return createHash('sha256').update(normal).digest('hex');
}

function idOf(name: string): number | undefined {
  const digits = FILE_NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function readStatements(name: string, sql: string, problems: string[]): readonly string[] | undefined {
  try {
    const statements = splitStatements(sql.replace(/^\u{feff}/u, ''));
    if (statements.length > 0) return statements;
    problems.push(`'${name}' has no statement; write one or delete the file`);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    problems.push(`'${name}' cannot be split into statements: ${error.message}`);
  }
  return undefined;
}
