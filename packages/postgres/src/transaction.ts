import { type CopyError, LoadError, type ObjectStore, type SqlRow, type SqlValue } from '@millrace/core';
import type { ClientBase, QueryArrayResult } from 'pg';
import { CopiedRows } from './copy/copied-rows.ts';
import { type CopyColumn, toCopyColumn } from './copy/copy-column.ts';
import { RowRefusal } from './copy/row-refusal.ts';
import { COPIED_ROWS } from './postgres-dialect.ts';
import { asServerError, toLoadError, toUnknown } from './postgres-errors.ts';
import { quoteText } from './quote.ts';
import { readCopy } from './render-copy.ts';
import { sendRows } from './send-rows.ts';
import { readContext, toCopyError } from './to-copy-error.ts';
import { toRows } from './to-rows.ts';

export interface TransactionOptions {
  readonly objects: ObjectStore;
  /** What pg_stat_activity shows of the session. */
  readonly label: string;
}

/** What a transaction that committed told. */
export interface Committed {
  /** Of its last statement. */
  readonly rows: readonly SqlRow[];
  /** Of its last COPY; null: there was none. */
  readonly copiedRows: number | null;
}

/** A transaction that failed, and what its COPY refused. */
export class TransactionFailure extends Error {
  readonly error: LoadError;
  readonly copyErrors: readonly CopyError[];

  constructor(error: LoadError, copyErrors: readonly CopyError[] = []) {
    super(error.message, { cause: error });
    this.error = error;
    this.copyErrors = copyErrors;
  }
}

/** A session that stands still between two statements, its process being stopped, must not keep the lane for ever. */
const IDLE_MS = 5 * 60_000;

/** How often the server looks, while it works, whether its client is still there: a merge for nobody keeps the lane too. */
const CHECK_MS = 5_000;

/**
 * How every transaction begins. The guard has to see what was committed before it had the lock: READ COMMITTED. What is told as
 * loaded must outlive a crash of the server, whatever it is set to. The rest is what our texts are written for.
 */
function beginning(label: string): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL application_name = ${quoteText(label)};
SET LOCAL idle_in_transaction_session_timeout = ${IDLE_MS};
SET LOCAL standard_conforming_strings = on;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL TimeZone = 'UTC';
SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
SELECT set_config('client_connection_check_interval', '${CHECK_MS}', true) WHERE version() ~* 'linux|darwin|bsd'`;
}

/**
 * Runs statements as one transaction: all or nothing.
 *
 * @throws TransactionFailure with an error of class `unknown` when nobody knows whether it committed; of any other class, it
 * did not.
 */
export async function runTransaction(
  client: ClientBase,
  statements: readonly string[],
  options: TransactionOptions,
): Promise<Committed> {
  let isCommitting = false;
  let sql = '';
  refuseEnds(statements);
  try {
    await client.query(beginning(options.label));
    let copiedRows: number | null = null;
    let result: QueryArrayResult | undefined;
    for (sql of statements) {
      const copy = readCopy(sql);
      if (copy === undefined) {
        result = await client.query({ text: sql, rowMode: 'array' });
        continue;
      }
      copiedRows = await runCopy(client, copy, options);
      result = undefined;
      await client.query(`SET LOCAL ${COPIED_ROWS} = ${quoteText(String(copiedRows))}`);
    }
    isCommitting = true;
    sql = 'COMMIT';
    await client.query(sql);
    return { rows: rowsOf(result), copiedRows };
  } catch (thrown) {
    const known = thrown instanceof TransactionFailure ? thrown : undefined;
    const error = known?.error ?? toLoadError(thrown, { sql });
    if (isCommitting && error.class === 'unavailable') throw new TransactionFailure(toUnknown(error));
    if (!isCommitting) await rollBack(client, error);
    throw known ?? new TransactionFailure(error);
  }
}

/** Behind leading comments. `ROLLBACK TO` a savepoint ends nothing. */
const ENDS =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!(?:\s+(?:work|transaction))?\s+to\b))\b/iu;

/** Half of a batch would be committed, and nothing could take it back. */
function refuseEnds(statements: readonly string[]): void {
  const end = statements.find((statement) => ENDS.test(statement));
  if (end === undefined) return;
  const error = new LoadError(
    'transaction-ended',
    `'${end.trim().slice(0, 80)}' begins or ends a transaction`,
    {
      class: 'config',
      hint: 'leave it out: all statements run in one transaction',
    },
  );
  throw new TransactionFailure(error);
}

function rowsOf(result: QueryArrayResult | undefined): readonly SqlRow[] {
  if (result === undefined) return [];
  // Of several statements in one text there are several results: a batch has one statement per text.
  return toRows(
    result.fields.map(({ name }) => name),
    result.rows as readonly (readonly SqlValue[])[],
  );
}

async function rollBack(client: ClientBase, failure: LoadError): Promise<void> {
  if (failure.class === 'unavailable') return;
  try {
    await client.query('ROLLBACK');
  } catch (error) {
    // The connection broke meanwhile, and with it the transaction: whoever uses it next finds it so.
    if (toLoadError(error).class !== 'unavailable') throw error;
  }
}

async function runCopy(
  client: ClientBase,
  { source, command }: NonNullable<ReturnType<typeof readCopy>>,
  { objects }: TransactionOptions,
): Promise<number> {
  const columns = await describeColumns(client, command);
  const copied = new CopiedRows({ objects, columns, ...source });
  try {
    return await sendRows(client, command, copied.rows());
  } catch (thrown) {
    throw await toFailure(thrown, { copied, command });
  }
}

async function toFailure(
  thrown: unknown,
  { copied, command }: { copied: CopiedRows; command: string },
): Promise<unknown> {
  if (thrown instanceof RowRefusal) {
    const refused = copied.refusedBy(thrown);
    const error = new LoadError('copy-data', `${refused?.url ?? command}: ${thrown.message}`, {
      class: 'data',
      cause: thrown,
    });
    return new TransactionFailure(
      error,
      refused === undefined ? [] : [{ fileUrl: refused.url, ...refused.problem }],
    );
  }
  const error = toLoadError(thrown, { sql: command });
  const said = asServerError(thrown);
  const context = readContext(said);
  if (error.class !== 'data' || context === undefined) return new TransactionFailure(error);
  const place = await copied.placeOf(context.row);
  return new TransactionFailure(error, place === undefined ? [] : [toCopyError(said, place)]);
}

/** `COPY "schema"."table" ("a", "b") FROM STDIN`: as `renderCopy` writes it. */
const COMMAND = /^COPY ((?:"(?:[^"]|"")+"\.)?"(?:[^"]|"")+") \(((?:"(?:[^"]|"")+"(?:, )?)+)\) FROM STDIN$/u;

/** The columns that a COPY fills, in its order, with their types: a stage is known to its own session alone. */
async function describeColumns(client: ClientBase, command: string): Promise<readonly CopyColumn[]> {
  const [, table = '', list = ''] = COMMAND.exec(command) ?? [];
  const { rows } = await client.query<[string, string]>({
    text: `SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute
WHERE attrelid = CAST($1 AS regclass) AND attnum > 0 AND NOT attisdropped`,
    values: [table],
    rowMode: 'array',
  });
  const types = new Map(rows);
  return [...list.matchAll(/"((?:[^"]|"")+)"/gu)].map(([, quoted = '']) => {
    const name = quoted.replaceAll('""', '"');
    return toCopyColumn(name, types.get(name) ?? 'text');
  });
}
