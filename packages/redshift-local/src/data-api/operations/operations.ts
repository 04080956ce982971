import { cancelStatement } from './cancel-statement.ts';
import { describeTable, listDatabases, listSchemas, listTables } from './catalog-operations.ts';
import { describeStatement } from './describe-statement.ts';
import { batchExecuteStatement, executeStatement } from './execute-statement.ts';
import { getStatementResult, getStatementResultV2 } from './get-statement-result.ts';
import { listSessions } from './list-sessions.ts';
import { listStatements } from './list-statements.ts';
import type { Operation } from './operation.ts';

/** Everything that can be called, by its name in `X-Amz-Target`. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['ExecuteStatement', executeStatement],
  ['BatchExecuteStatement', batchExecuteStatement],
  ['DescribeStatement', describeStatement],
  ['GetStatementResult', getStatementResult],
  ['GetStatementResultV2', getStatementResultV2],
  ['CancelStatement', cancelStatement],
  ['ListStatements', listStatements],
  ['ListSessions', listSessions],
  ['ListDatabases', listDatabases],
  ['ListSchemas', listSchemas],
  ['ListTables', listTables],
  ['DescribeTable', describeTable],
]);
