/** AWS's list prices in us-east-1 of November 2026, in dollars, without free tier. */
export const PRICES = {
  /** Per request unit: 1 KB written, 4 KB read consistently; on demand. */
  dynamodbWrite: 0.625 / 1e6,
  dynamodbRead: 0.125 / 1e6,
  /** Per request of up to 64 KB; standard queues. */
  sqs: 0.4 / 1e6,
  lambdaInvocation: 0.2 / 1e6,
  /** x86; arm is a fifth less. */
  lambdaGbSecond: 0.0000166667,
  s3Write: 0.005 / 1e3,
  s3Read: 0.0004 / 1e3,
  /** Per event of up to 64 KB that an application sends; what AWS itself tells is free. */
  eventBridge: 1 / 1e6,
  /** Per byte of a log. */
  log: 0.5 / 1e9,
} as const;

/** Operations of S3 that are billed as writes are. */
const DEAR = new Set(['PutObject', 'CopyObject', 'ListObjectsV2', 'PutObjectTagging']);
/** Deletes are free. */
const FREE = new Set(['DeleteObject']);

/** Dollars of one request to S3. */
export function s3Price(operation: string): number {
  if (FREE.has(operation)) return 0;
  return DEAR.has(operation) ? PRICES.s3Write : PRICES.s3Read;
}
