import { type DuckDBAppender, type DuckDBConnection, DuckDBTimestampValue } from '@duckdb/node-api';
import type { LOG_TABLES, LogTable } from './log-tables.ts';
import type { LoadDetailRow, LoadErrorRow, LoadHistoryRow, SystemLog } from './system-log.ts';

/**
 * For how long the rows of statements that succeeded may wait for more. A commit for each would double the waits for
 * the disk of a load of few rows.
 */
const WRITE_BEHIND_MS = 200;
/** Rows that wait at most. */
const MAX_WAITING_ROWS = 20_000;

/** Older rows are dropped beyond this number, per table. */
const MAX_ROWS = 100_000;

/** Whose rows they are: the session adds this to what COPY reports. */
export interface LoggedStatement {
  readonly queryId: number;
  readonly transactionId: number;
  readonly sessionId: number;
  readonly startedAtMs: number;
}

/** The log of one statement. Rows are kept in memory until `flush`. */
export interface StatementLog extends SystemLog {
  /**
   * Writes the rows in a transaction of their own, so that they outlive the rollback of the statement that they tell
   * of. The session awaits it when the statement has failed, before it answers: clients ask for the reason next.
   */
  flush(): Promise<void>;
  /** Leaves the rows to be written soon, or when `written` is called. A process that is killed before loses them. */
  flushLater(): void;
}

export interface SystemLogStore {
  forStatement(statement: LoggedStatement): StatementLog;
  /**
   * Resolves when everything that was handed over is in the tables. To be awaited before they are read, and before
   * the connection is closed.
   *
   * @throws what a write behind the back of its statement threw.
   */
  written(): Promise<void>;
}

/**
 * Opens the load history of a database for writing.
 *
 * `connection` is the log's own: it must never be in a transaction of anybody else, and its current database must be
 * the one in which `createSystemTables` made the tables. Flushes of several statements queue behind one another.
 */
export async function openSystemLog(
  connection: DuckDBConnection,
  options: { readonly database: string; readonly now: () => number; readonly maxRows?: number },
): Promise<SystemLogStore> {
  const { database, now, maxRows = MAX_ROWS } = options;
  const counters = await readCounters(connection);
  let queue: Promise<void> = Promise.resolve();
  let waiting: LogBatch = new Map();
  let timer: NodeJS.Timeout | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function write(batch: LogBatch): Promise<void> {
    await connection.run('BEGIN');
    try {
      for (const [table, rows] of batch.entries()) await append(table, rows);
      await connection.run('COMMIT');
    } catch (error) {
      await connection.run('ROLLBACK');
      throw error;
    }
  }

  async function append(table: LogTable, rows: readonly LogRow[]): Promise<void> {
    const counter = counters[table];
    const appender = await connection.createAppender(table, 'rs_system', database);
    for (const row of rows.slice(-maxRows)) {
      counter.last += 1;
      appender.appendBigInt(BigInt(counter.last));
      row(appender);
      appender.endRow();
    }
    appender.flushSync();
    appender.closeSync();
    // A margin, so that a busy log is trimmed once in a while and not at every load.
    if (counter.last - counter.first < maxRows * 1.1) return;
    counter.first = counter.last - maxRows;
    await connection.run(`DELETE FROM rs_system.${table} WHERE seq <= ${counter.first}`);
  }

  function writeAll(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return queue;
    const rows = waiting;
    waiting = new Map();
    // A failed write is the caller's to hear of; the next one goes on after it.
    const written = queue.then(() => write(rows));
    queue = written.catch(() => undefined);
    return written;
  }

  function writeSoon(): void {
    const rows = [...waiting.values()].reduce((sum, list) => sum + list.length, 0);
    timer ??= setTimeout(writeBehind, WRITE_BEHIND_MS).unref();
    if (rows > MAX_WAITING_ROWS) writeBehind();
  }

  function writeBehind(): void {
    writeAll().catch((error: unknown) => {
      failure ??= { error };
    });
  }

  return {
    forStatement(statement) {
      let batch: LogBatch = new Map();
      const add = (table: LogTable, rows: readonly LogRow[]): void => addRows(batch, table, rows);
      const handOver = (): void => {
        for (const [table, rows] of batch) addRows(waiting, table, rows);
        batch = new Map();
      };
      return {
        loadErrors: (rows) =>
          add(
            'load_errors',
            rows.map((row) => errorRow(row, statement, database)),
          ),
        loadHistory: (row) => add('load_history', [historyRow(row, statement, database)]),
        loadDetail: (rows) =>
          add(
            'load_detail',
            rows.map((row) => detailRow(row, statement, database, now())),
          ),
        flush() {
          handOver();
          return writeAll();
        },
        flushLater() {
          handOver();
          if (waiting.size > 0) writeSoon();
        },
      };
    },
    async written() {
      await writeAll();
      const failed = failure;
      failure = undefined;
      if (failed !== undefined) throw failed.error;
    },
  };
}

function addRows(batch: LogBatch, table: LogTable, rows: readonly LogRow[]): void {
  if (rows.length > 0) batch.set(table, [...(batch.get(table) ?? []), ...rows]);
}

/** Appends one row's columns after `seq`. */
type LogRow = (appender: DuckDBAppender) => void;
type LogBatch = Map<LogTable, readonly LogRow[]>;

/** There is one user. */
const USER_ID = 100;

function appendStatement(appender: DuckDBAppender, statement: LoggedStatement, database: string): void {
  appender.appendInteger(USER_ID);
  appender.appendBigInt(BigInt(statement.queryId));
  appender.appendBigInt(BigInt(statement.transactionId));
  appender.appendInteger(statement.sessionId);
  appender.appendVarchar(database);
  appendTime(appender, statement.startedAtMs);
}

function errorRow(row: LoadErrorRow, statement: LoggedStatement, database: string): LogRow {
  return (appender) => {
    appendStatement(appender, statement, database);
    appender.appendInteger(row.tableId);
    appender.appendVarchar(cutBytes(row.fileName, 256));
    appender.appendBigInt(BigInt(row.lineNumber));
    appender.appendVarchar(cutBytes(row.columnName, 127));
    appender.appendVarchar(cutBytes(row.columnType, 10));
    appender.appendVarchar(cutBytes(row.columnLength, 10));
    appender.appendInteger(row.position);
    appender.appendVarchar(dotted(row.rawLine, 1024));
    appender.appendVarchar(dotted(row.rawFieldValue, 1024));
    appender.appendInteger(row.errorCode);
    appender.appendVarchar(cutBytes(row.errorReason, 512));
  };
}

function historyRow(row: LoadHistoryRow, statement: LoggedStatement, database: string): LogRow {
  return (appender) => {
    appendStatement(appender, { ...statement, startedAtMs: row.startedAtMs }, database);
    appendTime(appender, row.endedAtMs);
    appender.appendVarchar(row.tableName);
    appender.appendVarchar(row.dataSource);
    appender.appendVarchar(row.fileFormat);
    appender.appendVarchar(row.status);
    for (const count of [row.loadedRows, row.loadedBytes, row.sourceFileCount, row.errorCount]) {
      appender.appendBigInt(BigInt(count));
    }
  };
}

function detailRow(row: LoadDetailRow, statement: LoggedStatement, database: string, nowMs: number): LogRow {
  return (appender) => {
    appendStatement(appender, statement, database);
    appendTime(appender, nowMs);
    appender.appendVarchar(cutBytes(row.fileName, 256));
    appender.appendBigInt(BigInt(row.bytesScanned));
    appender.appendBigInt(BigInt(row.linesScanned));
  };
}

function appendTime(appender: DuckDBAppender, ms: number): void {
  appender.appendTimestamp(new DuckDBTimestampValue(BigInt(Math.round(ms)) * 1000n));
}

/** Text cut at a number of bytes, never inside a character. */
function cutBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  let cut = text.slice(0, bytes);
  while (Buffer.byteLength(cut) > bytes) cut = cut.slice(0, -1);
  return cut.replace(/[\uD800-\uDBFF]$/u, '');
}

/** Raw data in a CHAR column: Redshift shows a dot for every character that is longer than a byte. */
function dotted(text: string, length: number): string {
  return text
    .replaceAll(/[^\0-\x7F]/gu, '.')
    .replaceAll('\0', '.')
    .slice(0, length);
}

async function readCounters(
  connection: DuckDBConnection,
): Promise<Record<LogTable, { first: number; last: number }>> {
  const read = async (table: LogTable): Promise<{ first: number; last: number }> => {
    const rows = await connection.runAndReadAll(
      `SELECT coalesce(min(seq), 1) - 1, coalesce(max(seq), 0) FROM rs_system.${table}`,
    );
    const [[first, last] = []] = rows.getRowsJson();
    return { first: Number(first), last: Number(last) };
  };
  const [load_errors, load_history, load_detail] = [
    await read('load_errors'),
    await read('load_history'),
    await read('load_detail'),
  ];
  return { load_errors, load_history, load_detail } satisfies Record<keyof typeof LOG_TABLES, unknown>;
}
