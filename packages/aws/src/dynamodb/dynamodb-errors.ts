import { LoadError } from '@millrace/core';
import { type FaultRule, faultOf, toAwsError } from '../client/aws-fault.ts';

/** The only place that knows how DynamoDB names its errors. What all AWS services share comes after. */
const DYNAMODB_RULES: readonly FaultRule[] = [
  {
    names: ['ResourceNotFoundException'],
    code: 'tracker-missing',
    class: 'config',
    hint: 'create the table (keys db_table and status_timestamp, both strings), or correct its name and region',
  },
  {
    names: ['AccessDeniedException'],
    code: 'tracker-denied',
    class: 'config',
    hint: 'allow GetItem, BatchGetItem, Query, PutItem, UpdateItem and BatchWriteItem on the table',
  },
  {
    names: [
      'ProvisionedThroughputExceededException',
      'RequestLimitExceeded',
      'ThrottlingException',
      'LimitExceededException',
    ],
    code: 'tracker-throttled',
    class: 'transient',
    hint: 'when it lasts, raise the capacity of the table or switch it to on-demand',
  },
  {
    names: ['InternalServerError', 'InternalServerErrorException', 'ServiceUnavailable'],
    statuses: [500, 502, 503, 504],
    code: 'tracker-unavailable',
    class: 'transient',
  },
  {
    names: ['ValidationException'],
    code: 'tracker-refused',
    class: 'config',
    hint: 'the table needs the string keys db_table (HASH) and status_timestamp (RANGE)',
  },
];

/** @param verb what was tried, as in "DynamoDB could not <verb> table 'tracker'" */
export function toTrackerError(cause: unknown, verb: string, table: string): LoadError {
  return toAwsError(cause, { service: 'DynamoDB', what: `${verb} table '${table}'`, rules: DYNAMODB_RULES });
}

/** The condition of a write did not hold: an answer, not a failure. */
export function isUnmetCondition(cause: unknown): boolean {
  return faultOf(cause).name === 'ConditionalCheckFailedException';
}

/** What DynamoDB left undone of a batch, again and again. */
export function leftUndone(what: string, table: string, rounds: number): LoadError {
  return new LoadError(
    'tracker-throttled',
    `DynamoDB table '${table}' left ${what} undone ${rounds} times in a row`,
    { class: 'transient', hint: 'raise the capacity of the table or switch it to on-demand' },
  );
}
