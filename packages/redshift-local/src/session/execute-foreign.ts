import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toTableInfo } from '../catalog/table-definition.ts';
import { executeCopy } from '../copy/execute-copy.ts';
import { parseCopy } from '../copy/parse-copy.ts';
import { MAY_INSERT } from '../privilege/access.ts';
import type { ForeignStatement } from '../sql/statement.ts';
import { translateSql } from '../translate/translate-sql.ts';
import { executeUnload } from '../unload/execute-unload.ts';
import { parseUnload } from '../unload/parse-unload.ts';
import { executeCall, executeCreateProcedure, executeDropProcedure } from './execute-procedure.ts';
import { command, type Result } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** Statements whose work is done in other folders: COPY, UNLOAD, procedures. */
export async function executeForeign(
  statement: ForeignStatement,
  context: StatementContext,
): Promise<Result> {
  switch (statement.kind) {
    case 'copy':
      return copy(statement.sql, context);
    case 'unload':
      return unload(statement.sql, context);
    case 'create-procedure':
      return executeCreateProcedure(context.backend, statement.sql);
    case 'drop-procedure':
      return executeDropProcedure(context.backend, statement);
    case 'call':
      return executeCall(statement.sql, context);
  }
}

/** What a failed COPY found out is written down before the failure is told: clients ask for it next. */
async function copy(sql: string, { backend, parts, state }: StatementContext): Promise<Result> {
  const startedAtMs = parts.now();
  const table = await backend.lockTable(parseCopy(sql).table, 'write', MAY_INSERT);
  const { queryId } = state;
  const { transactionId, pid: sessionId } = backend;
  const log = parts.log.forStatement({ queryId, transactionId, sessionId, startedAtMs });
  try {
    const { rows } = await withSpool(parts.spoolRoot, (spool) =>
      backend.attempt(async () =>
        executeCopy(sql, {
          connection: await backend.connection(),
          objects: parts.objects,
          table: toTableInfo(parts.database, table),
          log,
          get spoolDirectory() {
            return spool.directory();
          },
          now: parts.now,
          signal: backend.signal,
        }),
      ),
    );
    state.lastCopyCount = rows;
    state.lastCopyId = queryId;
    log.flushLater();
    return command('COPY', rows);
  } catch (error) {
    await log.flush();
    throw error;
  }
}

async function unload(sql: string, { backend, parts, state }: StatementContext): Promise<Result> {
  await backend.lockTablesOf(translateSql(parseUnload(sql).query));
  const { rowCount } = await withSpool(parts.spoolRoot, (spool) =>
    backend.attempt(async () =>
      executeUnload(sql, {
        connection: await backend.connection(),
        objects: parts.objects,
        get spoolDirectory() {
          return spool.directory();
        },
        now: parts.now,
        signal: backend.signal,
      }),
    ),
  );
  state.lastUnloadCount = rowCount;
  state.lastUnloadId = state.queryId;
  return command('UNLOAD', rowCount);
}

/** Gives `work` a directory of its own when it asks for one: a load of few rows does not. */
async function withSpool<T>(
  root: string,
  work: (spool: { directory: () => string }) => Promise<T>,
): Promise<T> {
  let made: string | undefined;
  const directory = (): string => {
    made ??= mkdtempSync(join(root, 'statement-'));
    return made;
  };
  try {
    return await work({ directory });
  } finally {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}
