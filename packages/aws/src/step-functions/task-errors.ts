import type { LoadError } from '@millrace/core';
import { type FaultRule, faultOf, toAwsError } from '../client/aws-fault.ts';

/** What DynamoDB's errors mean for the tasker's table. What all AWS services share comes after. */
const TABLE_RULES: readonly FaultRule[] = [
  {
    names: ['ResourceNotFoundException'],
    code: 'task-table-missing',
    class: 'config',
    hint: "create the tasker's table with its index, or correct its name and region",
  },
  {
    names: ['ValidationException'],
    code: 'task-table-refused',
    class: 'config',
    hint: "the table needs the string keys 'execution' (HASH) and 'statement' (RANGE), and the index 'open-statements'",
  },
];

/** @param verb what was tried, as in "DynamoDB could not <verb> table 'tasks'" */
export function toTaskTableError(cause: unknown, verb: string, table: string): LoadError {
  return toAwsError(cause, { service: 'DynamoDB', what: `${verb} table '${table}'`, rules: TABLE_RULES });
}

/** The condition of a write did not hold: an answer, not a failure. */
export function isUnmet(cause: unknown): boolean {
  return faultOf(cause).name === 'ConditionalCheckFailedException';
}
