import { randomUUID } from 'node:crypto';
import { ACCOUNT } from './authenticate.ts';
import type { DataStatement } from './data-statement.ts';

/** What EventBridge delivers when a statement with `WithEvent` has ended. */
export interface CompletionEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': 'Redshift Data Statement Status Change';
  readonly source: 'aws.redshift-data';
  readonly account: string;
  /** To the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: {
    readonly principal: string;
    readonly statementName: string;
    readonly statementId: string;
    readonly redshiftQueryId: number;
    readonly state: string;
    readonly rows: number;
    /** When the result is forgotten, in seconds since 1970. */
    readonly expireAt: number;
  };
}

/** The event of a statement that has ended. */
export function toCompletionEvent(statement: DataStatement, retentionMs: number): CompletionEvent {
  const { request, parts } = statement;
  const { principal, region } = request.caller.identity;
  const rows = parts.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Redshift Data Statement Status Change',
    source: 'aws.redshift-data',
    account: ACCOUNT,
    time: `${new Date(statement.updatedAt).toISOString().slice(0, 19)}Z`,
    region,
    resources: [resourceOf(statement, region)],
    detail: {
      principal,
      statementName: request.name ?? '',
      statementId: statement.id,
      redshiftQueryId: statement.isBatch ? 0 : (parts[0]?.queryId ?? -1),
      state: statement.state,
      rows: statement.state === 'FINISHED' ? rows : 0,
      expireAt: Math.floor((statement.createdAt + retentionMs) / 1000),
    },
  };
}

function resourceOf({ request }: DataStatement, region: string): string {
  const { clusterIdentifier, workgroupName } = request.caller.address;
  if (workgroupName?.startsWith('arn:')) return workgroupName;
  if (workgroupName !== undefined) {
    return `arn:aws:redshift-serverless:${region}:${ACCOUNT}:workgroup/${workgroupName}`;
  }
  return `arn:aws:redshift:${region}:${ACCOUNT}:cluster:${clusterIdentifier ?? ''}`;
}
