import { type DataStatement, STATEMENT_STATES } from '../data-statement.ts';
import { type Operation, toTimestamp } from './operation.ts';
import { readPageToken, writePageToken } from './page-token.ts';
import { readAddress } from './read-caller.ts';

const MAX_PAGE = 100;

/** Statements of the last day, newest first; only those that FINISHED unless another state or ALL is asked for. */
export const listStatements: Operation = async (api, { input }) => {
  const status = input.text('Status', { oneOf: [...STATEMENT_STATES, 'ALL'] }) ?? 'FINISHED';
  const prefix = input.text('StatementName', { max: 2048 });
  const database = input.text('Database');
  const { clusterIdentifier, workgroupName } = readAddress(input);
  input.flag('RoleLevel');
  const maxResults = input.integer('MaxResults', { min: 0, max: MAX_PAGE }) || MAX_PAGE;
  const before = readPageToken('statements', input.text('NextToken')) ?? Number.POSITIVE_INFINITY;
  const found = api.store.all().filter((statement) => {
    const { caller, name } = statement.request;
    return (
      statement.sequence < before &&
      (status === 'ALL' || statement.state === status) &&
      (prefix === undefined || name?.startsWith(prefix) === true) &&
      (database === undefined || caller.database === database) &&
      (clusterIdentifier === undefined || caller.address.clusterIdentifier === clusterIdentifier) &&
      (workgroupName === undefined || caller.address.workgroupName === workgroupName)
    );
  });
  const page = found.slice(0, maxResults);
  const last = page.at(-1);
  return {
    Statements: page.map(toListed),
    NextToken: found.length > page.length && last ? writePageToken('statements', last.sequence) : undefined,
  };
};

function toListed(statement: DataStatement): object {
  const { request, isBatch } = statement;
  return {
    Id: statement.id,
    QueryString: isBatch ? undefined : request.sqls[0],
    QueryStrings: isBatch ? request.sqls : undefined,
    SecretArn: request.caller.secretArn,
    Status: statement.state,
    StatementName: request.name,
    CreatedAt: toTimestamp(statement.createdAt),
    UpdatedAt: toTimestamp(statement.updatedAt),
    QueryParameters: request.parameters,
    IsBatchStatement: isBatch,
    ResultFormat: request.resultFormat,
    SessionId: statement.sessionId,
  };
}
