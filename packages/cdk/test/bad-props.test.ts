import { join } from 'node:path';
import { Duration, Size, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { beforeAll, describe, expect, it } from 'vitest';
import { EventPipeline, ProducerAuthentication } from '../src/event-pipeline';
import { FirehoseSource } from '../src/firehose-source';
import { LandingBucket } from '../src/landing-bucket';
import { Notifications } from '../src/microbatch-loader-props';
import { BUILD_TIMEOUT_MS, buildPackage, PACKAGE } from './build-package';
import { loaderStack, ONE_TARGET, templateOf } from './loader-stack';

beforeAll(buildPackage, BUILD_TIMEOUT_MS);

const WITH_EVENTS = {
  targets: { 'public.clicks': { mode: 'insert-only', key: 'id' } },
  events: { click: [{ fact: 'public.clicks', columns: { id: '$.id' } }] },
};
const freshness = (text: string) => ({
  targets: { 'public.flights': { ...ONE_TARGET.targets['public.flights'], freshness: text } },
});

describe('a loader says what is wrong with', () => {
  it.each([
    [
      'a cluster and a workgroup',
      { cluster: 'analytics' },
      "'cluster' (analytics) and 'workgroup' (analytics) are both given",
    ],
    ['the database of taskers', { database: 'sfn' }, "the database is called 'sfn'"],
    ['a database with a slash', { database: 'a/b' }, "the database is called 'a/b'"],
    ['no database', { database: '' }, "'database' is missing: name the database"],
    ['a user beside a workgroup', { dbUser: 'loader' }, "'dbUser' has no meaning with a workgroup"],
    [
      'a freshness under the minimum',
      { configuration: freshness('500ms') },
      "freshness: 500 ms is too short; write '1s' or more",
    ],
    [
      'an alarm under a minute',
      { freshnessAlarm: Duration.seconds(30) },
      "'freshnessAlarm' is 30 seconds: metrics are by the minute",
    ],
    ['a listing under a minute', { listInterval: Duration.seconds(30) }, "'listInterval' is 30 seconds"],
    ['no patience', { stuckMinutesAlarm: 0 }, "'stuckMinutesAlarm' is 0: write 1 or more"],
    ['no targets', { configuration: { target: {} } }, "'configuration' has"],
    [
      'a function among events',
      { configuration: { ...ONE_TARGET, events: { click: () => [] } } },
      'events.click is a function',
    ],
    [
      'documents beside a configuration',
      { documents: { orders_queue: {} } },
      "'configuration' and 'documents' are both given",
    ],
    [
      'a document that is wrong',
      { configuration: undefined, documents: { orders_queue: { copy: {} } } },
      'orders_queue.json has 1 problem',
    ],
    [
      'secrets that nobody gives',
      { configuration: { ...ONE_TARGET, alerts: [{ kind: 'slack', url: { env: 'SLACK_URL' } }] } },
      'secrets are in SLACK_URL',
    ],
    ['a folder that is not there', { migrations: '/nowhere' }, "there is no folder '/nowhere'"],
    [
      'two files of one number',
      { migrations: join(PACKAGE, 'test', 'twin-migrations') },
      'have the same number',
    ],
    ['a file without a number', { migrations: join(PACKAGE, 'test', 'wrong-migrations') }, "'create.sql' in"],
  ])('%s', (_, props, message) => {
    expect(() => loaderStack(props)).toThrow(message);
  });

  it('neither cluster nor workgroup', () => {
    expect(() => loaderStack({ workgroup: undefined })).toThrow("neither 'cluster' nor 'workgroup' is given");
  });

  it('a user beside a secret', () => {
    const secret = secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'loader');
    const props = { workgroup: undefined, cluster: 'analytics', dbUser: 'loader', secret };
    expect(() => loaderStack(props)).toThrow("'dbUser' and 'secret' are both given");
  });

  it('a configuration that CloudFormation could not hand over', () => {
    const columns = Array.from({ length: 20_000 }, (_, nth) => `column_${nth}`);
    const target = { ...ONE_TARGET.targets['public.flights'], columns };
    const { stack } = loaderStack({ configuration: { targets: { 'public.flights': target } } });
    expect(() => templateOf(stack)).toThrow('part it into several loaders');
  });
});

describe('a source says what is wrong with', () => {
  it.each([
    [
      'files that were loaded',
      { prefixes: ['incoming/processed/orders/'] },
      "'incoming/processed/orders/' is where loaded files are moved to",
    ],
    ['files of UNLOAD', { prefixes: ['incoming/', 'unloads/'] }, "'unloads/' is for what UNLOAD writes"],
    [
      'a batch that Lambda would not collect',
      { maxBatchingWindow: Duration.seconds(0) },
      "'batchSize' is 100 and 'maxBatchingWindow' 0",
    ],
    ['a batch that is too large', { batchSize: 10_001 }, "'batchSize' is 10001: write 1 to 10000"],
    ['one at once', { maxConcurrency: 1 }, "'maxConcurrency' is 1: write 2 to 1000"],
  ])('%s', (_, props, message) => {
    const { loader, landing } = loaderStack();
    expect(() => loader.addSource('Files', { bucket: landing.bucket, ...props })).toThrow(message);
  });

  it('a bucket of somebody else that is to tell it directly', () => {
    const { stack, loader } = loaderStack();
    const bucket = s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
    expect(() => loader.addSource('Files', { bucket, notifications: Notifications.DIRECT })).toThrow(
      'use EVENT_BRIDGE or NONE',
    );
  });

  it('a queue without a name, where documents go by it', () => {
    const { loader, landing } = loaderStack({ configuration: undefined });
    expect(() => loader.addSource('Files', { bucket: landing.bucket })).toThrow("has no 'queueName'");
  });
});

describe('others say what is wrong with', () => {
  it('files that are deleted before they are archived', () => {
    const props = { archiveProcessedAfter: Duration.days(30), expireProcessedAfter: Duration.days(30) };
    expect(() => new LandingBucket(new Stack(), 'Landing', props)).toThrow(
      "'expireProcessedAfter' (30 days) is not after",
    );
  });

  it.each([
    ['buffering for too long', { bufferingInterval: Duration.minutes(16) }, 'Firehose takes 0 to 900'],
    ['buffering too much', { bufferingSize: Size.mebibytes(129) }, 'Firehose takes 1 to 128'],
    ['errors among files', { errorPrefix: 'incoming/clicks/errors/' }, 'what failed would be loaded'],
    [
      'a prefix that is no folder',
      { prefix: 'incoming/clicks' },
      "write a folder such as 'incoming/clicks/'",
    ],
  ])('a Firehose that is %s', (_, props, message) => {
    const { stack, loader, landing } = loaderStack();
    expect(() => new FirehoseSource(stack, 'clicks', { loader, bucket: landing.bucket, ...props })).toThrow(
      message,
    );
  });

  it('errors of Firehose that a target would load', () => {
    const { stack, loader } = loaderStack();
    const bucket = s3.Bucket.fromBucketName(stack, 'Lake', 'lake');
    const props = { loader, bucket, errorPrefix: 'flights/errors/' };
    expect(() => new FirehoseSource(stack, 'clicks', props)).toThrow(
      'which public.flights takes its files from',
    );
  });

  it('events that nobody configured', () => {
    const { stack, loader } = loaderStack();
    expect(() => new EventPipeline(stack, 'Events', { loader })).toThrow("has no 'events'");
  });

  it.each([
    ['kept for too short', { retention: Duration.days(6) }, "'retention' is 6 days"],
    ['collected for too long', { maxBatchingWindow: Duration.minutes(6) }, 'five minutes at most'],
    [
      'sent by anybody',
      { authentication: ProducerAuthentication.KEYS },
      'the settings name neither keys nor webhooks',
    ],
    [
      'told apart by more schemas than a function can hold',
      { settings: { schemas: { click: { description: 'x'.repeat(4_000) } } } },
      "fewer or smaller 'schemas'",
    ],
    [
      'sent by secret keys that nobody gives',
      { settings: { keys: { web: { env: 'WEB_KEY' } } } },
      'secrets are in WEB_KEY',
    ],
  ])('events that are %s', (_, props, message) => {
    const { stack, loader } = loaderStack({ configuration: WITH_EVENTS });
    expect(() => new EventPipeline(stack, 'Events', { loader, ...props })).toThrow(message);
  });
});
