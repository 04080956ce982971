import { invalid } from '../api-error.ts';
import type { DataSession } from '../data-session.ts';
import { type Operation, toTimestamp } from './operation.ts';
import { readPageToken, writePageToken } from './page-token.ts';
import { readAddress } from './read-caller.ts';

const MAX_PAGE = 100;

/** Kept sessions of the last day, newest first; only the open ones unless asked otherwise. */
export const listSessions: Operation = async (api, { input }) => {
  const id = input.text('SessionId');
  const status = input.text('Status', { oneOf: ['AVAILABLE', 'BUSY', 'CLOSED'] });
  const database = input.text('Database');
  const { clusterIdentifier, workgroupName } = readAddress(input);
  input.flag('RoleLevel');
  if (id !== undefined) {
    const other = [status, database, clusterIdentifier, workgroupName].some((value) => value !== undefined);
    if (other) {
      throw invalid(
        'SessionId cannot be combined with Status, ClusterIdentifier, WorkgroupName or Database.',
      );
    }
    return { Sessions: [toListed(api.sessions.get(id))] };
  }
  const maxResults = input.integer('MaxResults', { min: 0, max: MAX_PAGE }) || MAX_PAGE;
  const from = readPageToken('sessions', input.text('NextToken')) ?? 0;
  const found = api.sessions.all().filter(({ status: current, caller }) => {
    return (
      (status === undefined ? current !== 'CLOSED' : current === status) &&
      (database === undefined || caller.database === database) &&
      (clusterIdentifier === undefined || caller.address.clusterIdentifier === clusterIdentifier) &&
      (workgroupName === undefined || caller.address.workgroupName === workgroupName)
    );
  });
  const to = from + maxResults;
  return {
    Sessions: found.slice(from, to).map(toListed),
    NextToken: to < found.length ? writePageToken('sessions', to) : undefined,
  };
};

function toListed(session: DataSession): object {
  const { caller } = session;
  return {
    SessionId: session.id,
    Status: session.status,
    CreatedAt: toTimestamp(session.createdAt),
    UpdatedAt: toTimestamp(session.updatedAt),
    Database: caller.database,
    DbUser: caller.dbUser,
    ClusterIdentifier: caller.address.clusterIdentifier,
    WorkgroupName: caller.address.workgroupName,
    SessionAliveSeconds: session.keepAliveSeconds,
    SessionTtl: toTimestamp(session.expiresAt),
    CurrentStatementId: session.current?.id,
  };
}
