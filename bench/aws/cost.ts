import { formatNumber } from '../figure.ts';
import type { Worked } from './loader-functions.ts';
import { PRICES, s3Price } from './prices.ts';
import type { Asked } from './request-meter.ts';

/** What loading some files has taken. */
export interface Counted {
  readonly files: number;
  /** Messages per invocation of the function that takes notifications. */
  readonly messages: number;
  /** By `service operation`. */
  readonly asked: ReadonlyMap<string, Asked>;
  readonly worked: Worked;
}

/** Memory of a function: what its seconds are multiplied with. */
const GIGABYTES = 1;
/** Lambda's poller takes and deletes ten messages per request. */
const MESSAGES_PER_POLL = 10;
const MILLION = 1e6;

export function writeUnitsOf({ asked }: Counted): number {
  return sumOf(asked, (_, { writeUnits }) => writeUnits);
}

/** All requests of the functions but DynamoDB's writes, which are counted in units. */
export function otherRequests({ asked }: Counted): number {
  return sumOf(asked, (_, { requests, writeUnits }) => (writeUnits > 0 ? 0 : requests));
}

/** Operations with a number per file each: `dynamodb PutItem 1.02`. */
export function requestsOf({ asked, files }: Counted, numberOf: (asked: Asked) => number | null): string {
  const parts = [...asked].flatMap(([operation, one]) => {
    const value = numberOf(one);
    return value === null ? [] : [`${operation} ${formatNumber(value / files)}`];
  });
  return parts.join(', ');
}

/** Dollars per million files, by what they are paid for. What AWS itself asks for is told apart. */
export function dollarsOf(counted: Counted): Readonly<Record<string, number>> {
  const { asked, worked, files, messages } = counted;
  const perMillion = (dollars: number): number => (dollars / files) * MILLION;
  const of = (service: string, priceOf: (operation: string, asked: Asked) => number): number =>
    perMillion(
      sumOf(asked, (name, one) => {
        const [owner = '', operation = ''] = name.split(' ');
        return owner === service ? priceOf(operation, one) : 0;
      }),
    );
  const polls = Math.ceil(messages / MESSAGES_PER_POLL) / messages;
  return {
    DynamoDB: of(
      'dynamodb',
      (_, { writeUnits, readUnits }) => writeUnits * PRICES.dynamodbWrite + readUnits * PRICES.dynamodbRead,
    ),
    S3: of('s3', (operation, { requests }) => requests * s3Price(operation)),
    SQS: of('sqs', (_, { requests }) => requests * PRICES.sqs),
    EventBridge: of('eventBridge', (_, { requests }) => requests * PRICES.eventBridge),
    Lambda: perMillion(
      worked.invocations * PRICES.lambdaInvocation +
        (worked.wallMs / 1_000) * GIGABYTES * PRICES.lambdaGbSecond,
    ),
    logs: perMillion(worked.logBytes * PRICES.log),
    // A send per file; the poller receives and deletes; COPY gets every file once.
    'SQS by AWS': (1 + 2 * polls) * PRICES.sqs * MILLION,
    'S3 by COPY': PRICES.s3Read * MILLION,
  };
}

function sumOf(asked: ReadonlyMap<string, Asked>, numberOf: (name: string, asked: Asked) => number): number {
  return [...asked].reduce((sum, [name, one]) => sum + numberOf(name, one), 0);
}
