import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { awsClientOptions, placeOfQueue, sqsClientOptions } from '@millrace/aws/client';
import { checkStream } from '@millrace/aws/kinesis';
import { judgeRegions, judgeRole, rolesOfCluster, rolesOfWorkgroup } from '@millrace/aws/redshift';
import { checkNotifications } from '@millrace/aws/s3';
import { checkQueue } from '@millrace/aws/sqs';
import {
  type CheckResult,
  failsBy,
  type MillraceConfig,
  parseUrl,
  type RedshiftWarehouse,
  type StreamPlace,
  warns,
} from '@millrace/core';

/** The time-out of the functions that the constructs deploy, and what a process takes for a message at most. */
const FUNCTION_TIMEOUT_MS = 120_000;
const PROCESS_TIMEOUT_MS = 5_000;

/** From the bucket to the queue, and the queues themselves. */
export async function examineNotifications(config: MillraceConfig): Promise<readonly CheckResult[]> {
  const { objects, targets, tracker } = config;
  if (objects.kind !== 's3') return [];
  const place = objects.notifications === undefined ? {} : placeOfQueue(objects.notifications);
  const sqs = new SQSClient(sqsClientOptions({ region: objects.region, ...place, ...ownEndpoint(objects) }));
  const s3 = new S3Client({ ...awsClientOptions(objects), forcePathStyle: objects.endpoint !== undefined });
  try {
    // Where the tracker is shared, functions may read the queues; their time-out is the longer one.
    const timeoutMs = tracker.kind === 'dynamodb' ? FUNCTION_TIMEOUT_MS : PROCESS_TIMEOUT_MS;
    const results: CheckResult[] = [];
    const queueArns: string[] = [];
    for (const queueUrl of await queueUrls(sqs, config, results)) {
      const { arn, results: found } = await checkQueue(sqs, { queueUrl, timeoutMs });
      results.push(...found);
      if (arn !== null) queueArns.push(arn);
    }
    const sources = [...targets.values()].flatMap(({ name: target, from }) =>
      from.map((url) => ({ target, ...parseUrl(url) })),
    );
    for (const [bucket, own] of Map.groupBy(sources, (one) => one.bucket)) {
      const wanted = {
        bucket,
        sources: own.map(({ target, key: prefix }) => ({ target, prefix })),
        queueArns,
      };
      results.push(...(await checkNotifications(s3, wanted)));
    }
    return results;
  } finally {
    sqs.destroy();
    s3.destroy();
  }
}

/** An emulator of several services is reached by the address that the configuration says, whatever its URLs name. */
function ownEndpoint({ endpoint }: { endpoint?: string | undefined }): { endpoint?: string } {
  return endpoint === undefined ? {} : { endpoint };
}

async function queueUrls(
  sqs: SQSClient,
  { objects, targets }: MillraceConfig,
  results: CheckResult[],
): Promise<readonly string[]> {
  const urls = new Set<string>();
  if (objects.kind === 's3' && objects.notifications !== undefined) urls.add(objects.notifications);
  for (const name of new Set([...targets.values()].flatMap(({ queues }) => queues))) {
    try {
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
      if (QueueUrl !== undefined) urls.add(QueueUrl);
    } catch (error) {
      results.push(
        failsBy(`queue ${name}`, error, 'create the queue, or correct `from: queue(…)` of its target'),
      );
    }
  }
  return [...urls];
}

/** The role that COPY uses, and the regions. */
export async function examineRole(config: MillraceConfig): Promise<readonly CheckResult[]> {
  const { warehouse, objects } = config;
  if (warehouse.kind !== 'redshift') return [];
  const regions =
    objects.kind === 's3' && objects.endpoint === undefined
      ? [judgeRegions(warehouse.region, objects.region)]
      : [];
  // An emulator, or a private address of the Data API alone: there is no telling where the control plane is.
  if (warehouse.endpoint !== undefined) return [judgeRole(warehouse.iamRole, null), ...regions];
  try {
    return [judgeRole(warehouse.iamRole, await rolesOf(warehouse)), ...regions];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const fix = 'allow redshift:DescribeClusters, or redshift-serverless:GetWorkgroup and GetNamespace';
    return [
      judgeRole(warehouse.iamRole, null),
      warns('role attached', `could not be asked: ${why}`, fix),
      ...regions,
    ];
  }
}

async function rolesOf(warehouse: RedshiftWarehouse): ReturnType<typeof rolesOfCluster> {
  const { address } = warehouse;
  if ('workgroup' in address) {
    const { RedshiftServerlessClient } = await import('@aws-sdk/client-redshift-serverless');
    const client = new RedshiftServerlessClient(awsClientOptions(warehouse));
    return rolesOfWorkgroup(client, address.workgroup).finally(() => client.destroy());
  }
  const { RedshiftClient } = await import('@aws-sdk/client-redshift');
  const client = new RedshiftClient(awsClientOptions(warehouse));
  return rolesOfCluster(client, address.cluster).finally(() => client.destroy());
}

/** The stream of events, in Kinesis. */
export async function examineStream(
  place: Extract<StreamPlace, { kind: 'kinesis' }>,
): Promise<readonly CheckResult[]> {
  const client = new KinesisClient(awsClientOptions(place));
  try {
    return await checkStream(client, place.name);
  } finally {
    client.destroy();
  }
}
