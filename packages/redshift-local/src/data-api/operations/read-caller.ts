import { invalid } from '../api-error.ts';
import type { Identity } from '../authenticate.ts';
import type { Address, Caller } from '../data-statement.ts';
import type { Input } from '../read-input.ts';

const CLUSTER = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/u;
const WORKGROUP = /^(([a-z0-9-]{3,63})|(arn:[^:]+:redshift-serverless:.*))$/u;

/** @throws ApiError `ValidationException` when both are named, or one does not look like a name. */
export function readAddress(input: Input): Address {
  const clusterIdentifier = input.text('ClusterIdentifier', { min: 1, max: 63, pattern: CLUSTER });
  const workgroupName = input.text('WorkgroupName', { min: 3, max: 128, pattern: WORKGROUP });
  if (clusterIdentifier !== undefined && workgroupName !== undefined) {
    throw invalid('ClusterIdentifier and WorkgroupName cannot both be provided; name one of them.');
  }
  return {
    ...(clusterIdentifier === undefined ? {} : { clusterIdentifier }),
    ...(workgroupName === undefined ? {} : { workgroupName }),
  };
}

/**
 * Who calls, and for which database.
 *
 * @throws ApiError `ValidationException` when no warehouse or no database is named.
 */
export function readCaller(input: Input, identity: Identity): Caller {
  const address = readAddress(input);
  if (address.clusterIdentifier === undefined && address.workgroupName === undefined) {
    throw invalid('Either ClusterIdentifier, WorkgroupName or SessionId must be provided.');
  }
  const database = input.text('Database');
  if (database === undefined || database === '') throw invalid('Database must be provided.');
  const dbUser = input.text('DbUser', { min: 1 });
  const secretArn = input.text('SecretArn', { min: 1 });
  if (dbUser !== undefined && secretArn !== undefined) {
    throw invalid('DbUser and SecretArn cannot both be provided; name one of them.');
  }
  return {
    identity,
    address,
    database,
    ...(dbUser === undefined ? {} : { dbUser }),
    ...(secretArn === undefined ? {} : { secretArn }),
  };
}

/** What answers repeat of it. */
export function callerMembers({ address, database, dbUser, secretArn }: Caller): object {
  return {
    ClusterIdentifier: address.clusterIdentifier,
    WorkgroupName: address.workgroupName,
    Database: database,
    DbUser: dbUser,
    SecretArn: secretArn,
  };
}
