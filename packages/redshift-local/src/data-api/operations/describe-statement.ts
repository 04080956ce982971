import type { DataStatement, StatementPart } from '../data-statement.ts';
import { MAX_WAIT_SECONDS } from './execute-statement.ts';
import { findStatement, hasReadableResult } from './find-statement.ts';
import { type Operation, toTimestamp } from './operation.ts';
import { callerMembers } from './read-caller.ts';

/** What became of a statement, or of one of a batch. */
export const describeStatement: Operation = async (api, { input }) => {
  const waitSeconds = input.integer('WaitTimeSeconds', { min: 1, max: MAX_WAIT_SECONDS });
  const { statement, part } = findStatement(api, input.requiredText('Id'));
  await api.waitFor(statement, waitSeconds, part);
  const common = {
    ...callerMembers(statement.request.caller),
    RedshiftPid: statement.pid,
    QueryParameters: statement.request.parameters,
    ResultFormat: statement.request.resultFormat,
    SessionId: statement.sessionId,
  };
  if (part !== undefined) return { ...common, ...partMembers(statement, part) };
  return { ...common, ...wholeMembers(statement) };
};

function wholeMembers(statement: DataStatement): object {
  const { parts, request } = statement;
  const [first] = parts;
  const isBatch = statement.isBatch;
  const isDone = statement.state === 'FINISHED';
  return {
    Id: statement.id,
    Status: statement.state,
    Error: statement.error,
    CreatedAt: toTimestamp(statement.createdAt),
    UpdatedAt: toTimestamp(statement.updatedAt),
    Duration: statement.hasEnded ? nanoseconds(statement.startedAt, statement.updatedAt) : -1,
    HasResultSet: parts.some((part) => hasReadableResult(statement, part)),
    QueryString: isBatch ? undefined : first?.sql,
    // Of a batch it is 0: only its parts were queries of Redshift.
    RedshiftQueryId: isBatch ? 0 : (first?.queryId ?? 0),
    ResultRows: isDone ? sum(parts.map(({ rowCount }) => rowCount ?? 0)) : -1,
    ResultSize: isDone ? sum(parts.map(({ result }) => result?.bytes ?? 0)) : -1,
    SubStatements: isBatch ? parts.map((part) => partMembers(statement, part)) : undefined,
    ExecutionMode: isBatch ? (request.mode === 'auto-commit' ? 'AUTO_COMMIT' : 'TRANSACTION') : undefined,
  };
}

function partMembers(statement: DataStatement, part: StatementPart): object {
  const isDone = part.state === 'FINISHED';
  return {
    Id: `${statement.id}:${statement.parts.indexOf(part) + 1}`,
    Status: part.state,
    Error: part.error,
    CreatedAt: toTimestamp(part.createdAt),
    UpdatedAt: toTimestamp(part.updatedAt),
    Duration: part.endedAt === undefined ? -1 : nanoseconds(part.startedAt, part.endedAt),
    HasResultSet: hasReadableResult(statement, part),
    QueryString: part.sql,
    RedshiftQueryId: part.queryId ?? -1,
    ResultRows: isDone ? (part.rowCount ?? 0) : -1,
    ResultSize: isDone ? (part.result?.bytes ?? 0) : -1,
  };
}

function nanoseconds(startedAt: number | undefined, endedAt: number): number {
  return startedAt === undefined ? -1 : (endedAt - startedAt) * 1_000_000;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
