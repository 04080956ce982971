/** What Lambda tells a function of its invocation, as far as it is used. */
export interface InvocationContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** A message of an SQS event source. */
export interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
  readonly eventSource: string;
  readonly eventSourceARN: string;
}

export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** The messages that failed: they come again, and go to the dead-letter queue in the end. */
export interface SqsBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export function isSqsEvent(event: unknown): event is SqsEvent {
  if (typeof event !== 'object' || event === null) return false;
  const { Records: records } = event as { Records?: unknown };
  if (!Array.isArray(records) || records.length === 0) return false;
  return records.every((record) => (record as { eventSource?: unknown } | null)?.eventSource === 'aws:sqs');
}

/** `arn:aws:sqs:eu-central-1:123456789012:orders_queue` → `orders_queue`. */
export function queueNameOf({ eventSourceARN = '' }: Partial<SqsRecord>): string {
  return eventSourceARN.slice(eventSourceARN.lastIndexOf(':') + 1);
}
