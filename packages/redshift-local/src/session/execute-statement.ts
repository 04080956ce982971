import { MAY_LOCK, MAY_TRUNCATE } from '../privilege/access.ts';
import { executePrivilege } from '../privilege/execute-privilege.ts';
import type { Statement } from '../sql/statement.ts';
import { translateSql } from '../translate/translate-sql.ts';
import type { Backend } from './backend.ts';
import {
  executeAlterTable,
  executeCreateSchema,
  executeDrop,
  executeDropSchema,
  notInBlock,
} from './execute-alter.ts';
import { executeCreateTable, executeCreateTableAs, executeCreateView } from './execute-create.ts';
import { executeDelete, executeInsert, executeUpdate } from './execute-dml.ts';
import { executeForeign } from './execute-foreign.ts';
import { executeMerge } from './execute-merge.ts';
import { command, type Result, type RowsResult, toRowsResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';

/** Everything but what begins and ends transactions. */
export type DataStatement = Exclude<Statement, { kind: 'begin' | 'commit' | 'rollback' }>;

/** Runs one statement in the session's transaction. Committing is the session's. */
export async function executeStatement(statement: DataStatement, context: StatementContext): Promise<Result> {
  const { backend, isInBlock } = context;
  switch (statement.kind) {
    case 'query':
      return executeQuery(backend, statement.sql, { isInBlock });
    case 'insert':
      return executeInsert(backend, statement);
    case 'update':
      return executeUpdate(backend, statement);
    case 'delete':
      return executeDelete(backend, statement);
    case 'merge':
      return executeMerge(backend, statement);
    case 'create-table':
      return executeCreateTable(backend, statement);
    case 'create-table-as':
      return executeCreateTableAs(backend, statement);
    case 'select-into':
      return executeCreateTableAs(backend, statement.create);
    case 'create-view':
      return executeCreateView(backend, statement);
    case 'create-schema':
      return executeCreateSchema(backend, statement);
    case 'drop-schema':
      return executeDropSchema(backend, statement);
    case 'drop':
      return executeDrop(backend, statement);
    case 'alter-table':
      return executeAlterTable(backend, statement, { isInBlock });
    case 'truncate': {
      const table = await backend.lockTable(statement.table, 'exclusive', MAY_TRUNCATE);
      await backend.run(`DELETE FROM ${backend.duckName(table)}`);
      return command('TRUNCATE');
    }
    case 'lock':
      for (const name of statement.tables) await backend.lockTable(name, 'exclusive', MAY_LOCK);
      return command('LOCK');
    case 'set':
      backend.settings.set(statement.name, statement.value);
      if (statement.name === 'search_path' || statement.name === 'timezone') await backend.applySettings();
      return command(statement.value === undefined ? 'RESET' : 'SET');
    case 'show':
      return oneColumn(statement.name, [backend.settings.get(statement.name)]);
    case 'explain':
      return explain(backend, statement.sql);
    case 'accepted':
      if (statement.notInTransaction && isInBlock) throw notInBlock(statement.tag);
      backend.expectRelations(statement.relations);
      return command(statement.tag);
    case 'grant':
    case 'create-user':
    case 'alter-user':
    case 'drop-user':
    case 'own-schema':
      return executePrivilege(backend, statement);
    case 'copy':
    case 'unload':
    case 'create-procedure':
    case 'drop-procedure':
    case 'call':
      return executeForeign(statement, context);
  }
}

/** A query outside of a block is a transaction of its own in DuckDB too. */
async function executeQuery(
  backend: Backend,
  sql: string,
  { isInBlock }: { isInBlock: boolean },
): Promise<RowsResult> {
  const query = translateSql(sql);
  await backend.lockTablesOf(query);
  return toRowsResult(isInBlock ? await backend.run(query) : await backend.runAlone(query));
}

/** DuckDB's plan, one line per row. The statement is not run. */
async function explain(backend: Backend, sql: string): Promise<RowsResult> {
  const translated = translateSql(sql);
  if (/^\W*(?:select|with)\b/iu.test(translated)) await backend.lockTablesOf(translated);
  const plan = await backend.run(`EXPLAIN ${translated}`);
  const lines = (await plan.getRowsJson()).flatMap(([, text]) => String(text).trimEnd().split('\n'));
  return oneColumn('QUERY PLAN', lines);
}

function oneColumn(name: string, lines: readonly string[]): RowsResult {
  return { kind: 'rows', columns: [{ name, type: 'varchar' }], rows: lines.map((line) => [line]) };
}
