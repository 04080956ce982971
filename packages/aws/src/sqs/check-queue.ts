import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type CheckResult, fails, failsBy, passes, warns } from '@millrace/core';
import { toQueueError } from './sqs-errors.ts';

/**
 * Lambda retries a throttled batch until the visibility timeout runs out. With less than six function timeouts, AWS warns, a
 * message can be given out again while its first reader still works.
 */
const VISIBILITY_FACTOR = 6;
const DAY_SECONDS = 24 * 60 * 60;
/** A queue that nobody reads over a long weekend must still have what came. */
const RETENTION_SECONDS = 4 * DAY_SECONDS;

/** What a queue says of itself, and what it is called. */
export interface CheckedQueue {
  /** Null: it could not be asked. */
  readonly arn: string | null;
  readonly results: readonly CheckResult[];
}

/**
 * Whether a queue keeps a message hidden for as long as its reader may need it, keeps it for days, and has somewhere to put
 * what nobody can read. Needs `sqs:GetQueueAttributes`.
 *
 * @param options `timeoutMs`: how long whoever reads it may work on a message: a function's time-out.
 */
export async function checkQueue(
  client: SQSClient,
  { queueUrl, timeoutMs }: { queueUrl: string; timeoutMs: number },
): Promise<CheckedQueue> {
  const name = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
  try {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
    );
    return { arn: Attributes.QueueArn ?? null, results: judgeQueue(Attributes, { name, timeoutMs }) };
  } catch (cause) {
    const fix = 'correct the address of the queue, or allow sqs:GetQueueAttributes';
    return { arn: null, results: [failsBy(`queue ${name}`, toQueueError(cause, 'ask', queueUrl), fix)] };
  }
}

/** Pure: what the attributes of a queue are worth. */
export function judgeQueue(
  attributes: Readonly<Record<string, string | undefined>>,
  { name, timeoutMs }: { name: string; timeoutMs: number },
): readonly CheckResult[] {
  return [
    judgeVisibility(Number(attributes.VisibilityTimeout ?? 30), { name, timeoutMs }),
    judgeRetention(Number(attributes.MessageRetentionPeriod ?? RETENTION_SECONDS), name),
    judgeDeadLetters(attributes.RedrivePolicy, name),
  ];
}

function judgeVisibility(
  seconds: number,
  { name, timeoutMs }: { name: string; timeoutMs: number },
): CheckResult {
  const check = `queue ${name} visibility`;
  const wanted = Math.ceil((VISIBILITY_FACTOR * timeoutMs) / 1_000);
  const detail = `a message is hidden for ${seconds} s, and its reader may take ${timeoutMs / 1_000} s`;
  if (seconds >= wanted) return passes(check, detail);
  const fix = `set VisibilityTimeout to ${wanted} s at least: ${VISIBILITY_FACTOR} times the time-out`;
  return seconds * 1_000 < timeoutMs ? fails(check, detail, fix) : warns(check, detail, fix);
}

function judgeRetention(seconds: number, name: string): CheckResult {
  const check = `queue ${name} retention`;
  const detail = `messages are kept for ${Math.round((10 * seconds) / DAY_SECONDS) / 10} days`;
  if (seconds >= RETENTION_SECONDS) return passes(check, detail);
  return warns(
    check,
    detail,
    'set MessageRetentionPeriod to 4 days at least; what is lost is found by listing',
  );
}

function judgeDeadLetters(policy: string | undefined, name: string): CheckResult {
  const check = `queue ${name} dead letters`;
  if (policy !== undefined && policy !== '')
    return passes(check, 'messages that nobody can read go to a queue of their own');
  const fix = 'give it a RedrivePolicy with a dead-letter queue';
  return warns(check, 'a message that nobody can read comes again until it is too old', fix);
}
