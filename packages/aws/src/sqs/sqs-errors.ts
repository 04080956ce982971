import type { LoadError } from '@millrace/core';
import { type FaultRule, toAwsError } from '../client/aws-fault.ts';

/** The only place that knows how SQS names its errors. What all AWS services share comes after. */
const SQS_RULES: readonly FaultRule[] = [
  {
    names: ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'],
    code: 'queue-missing',
    class: 'config',
    hint: 'create the queue, or correct its URL and region',
  },
  { names: ['OverLimit'], code: 'queue-in-flight', class: 'transient' },
  {
    names: ['KmsAccessDenied', 'KmsDisabled', 'KmsNotFound', 'KmsInvalidState', 'KmsOptInRequired'],
    code: 'queue-key',
    class: 'config',
    hint: "allow the role to use the queue's KMS key",
  },
];

/** @param verb what was tried, as in "SQS could not <verb> https://sqs…" */
export function toQueueError(cause: unknown, verb: string, queueUrl: string): LoadError {
  return toAwsError(cause, { service: 'SQS', what: `${verb} ${queueUrl}`, rules: SQS_RULES });
}
