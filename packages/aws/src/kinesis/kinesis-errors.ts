import { LoadError } from '@millrace/core';
import { type FaultRule, faultOf, toAwsError } from '../client/aws-fault.ts';

/** The only place that knows how Kinesis names its errors. What all AWS services share comes after. */
const KINESIS_RULES: readonly FaultRule[] = [
  {
    names: ['ResourceNotFoundException'],
    code: 'stream-missing',
    class: 'config',
    hint: 'create the stream, or correct its name and region',
  },
  { names: ['LimitExceededException'], code: 'aws-throttled', class: 'transient' },
  {
    names: ['ResourceInUseException', 'InternalFailureException'],
    code: 'aws-unavailable',
    class: 'transient',
  },
  { names: ['KMSThrottlingException'], code: 'aws-throttled', class: 'transient' },
  {
    names: [
      'KMSAccessDeniedException',
      'KMSDisabledException',
      'KMSInvalidStateException',
      'KMSNotFoundException',
      'KMSOptInRequired',
    ],
    code: 'stream-key',
    class: 'config',
    hint: "allow the role to use the stream's KMS key",
  },
];

/** @param verb what was tried, as in "Kinesis could not <verb> stream 'events'" */
export function toStreamError(cause: unknown, verb: string, streamName: string): LoadError {
  return toAwsError(cause, {
    service: 'Kinesis',
    what: `${verb} stream '${streamName}'`,
    rules: KINESIS_RULES,
  });
}

/** The same where a shard was asked for: Kinesis has one name for a missing stream and a missing shard of it. */
export function toShardError(
  cause: unknown,
  { streamName, shard }: { readonly streamName: string; readonly shard: string },
): LoadError {
  const { name, message } = faultOf(cause);
  // An id that is no shard's at all is refused by its form.
  const isShard =
    (name === 'ResourceNotFoundException' && /\bshard\b/iu.test(message)) ||
    (name === 'ValidationException' && /shardId/u.test(message));
  if (!isShard) return toStreamError(cause, `read shard ${shard} of`, streamName);
  return new LoadError('shard-missing', `stream '${streamName}' has no shard ${shard}`, {
    class: 'gone',
    hint: 'nothing of it is kept any more; list the shards again',
    cause,
  });
}

/**
 * What became of one record of a request, by its error code.
 *
 * @param code `ProvisionedThroughputExceededException` or `InternalFailure`
 */
export function toRecordError(code: string, message: string | undefined, streamName: string): LoadError {
  const isThrottled = code === 'ProvisionedThroughputExceededException';
  return new LoadError(
    isThrottled ? 'aws-throttled' : 'aws-unavailable',
    `Kinesis could not put a record into stream '${streamName}': ${code}${message === undefined ? '' : `: ${message}`}`,
    {
      class: 'transient',
      ...(isThrottled
        ? { hint: 'the stream takes no more at this rate: split its shards or make it on-demand' }
        : {}),
    },
  );
}
