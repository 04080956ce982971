import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { StagedFunction } from '../functions/staged-function.ts';
import { listOf } from '../rights/policy.ts';
import type { Rights } from '../rights/rights.ts';
import type { Storage } from '../template/make-storage.ts';
import type { ResolvedTemplate } from '../template/resolved-template.ts';
import { QueuePoller } from './queue-poller.ts';
import { StreamPoller } from './stream-poller.ts';

export interface EventSourceParts {
  readonly functions: ReadonlyMap<string, StagedFunction>;
  readonly rights: Rights;
  readonly storage: Storage;
  readonly sqs: SQSClient;
  readonly kinesis: KinesisClient;
  readonly region: string;
  readonly onFailure: (who: string, error: unknown) => void;
}

/** What Lambda does in the name of the function's role when it polls for it. */
const QUEUE_ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const STREAM_ACTIONS = [
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
];
const DEFAULT_QUEUE_BATCH = 10;
const DEFAULT_STREAM_BATCH = 100;

/** Starts the event source mappings of a template. One whose function's role may not poll delivers nothing, as on AWS. */
export async function openEventSources(
  template: ResolvedTemplate,
  { functions, rights, storage, sqs, kinesis, region, onFailure }: EventSourceParts,
): Promise<readonly { close(): Promise<void> }[]> {
  const sources: { close(): Promise<void> }[] = [];
  for (const { id, properties } of template.ofType('AWS::Lambda::EventSourceMapping')) {
    const { FunctionName, EventSourceArn, BatchSize, FunctionResponseTypes, Enabled } = properties;
    const arn = String(EventSourceArn);
    const target = [...functions].find(
      ([own, { options }]) => own === FunctionName || options.name === FunctionName,
    )?.[1];
    if (target === undefined)
      throw new Error(`'${id}' calls '${String(FunctionName)}', which is no function of the template`);
    if (Enabled === false) continue;
    const { name, role } = target.options;
    const key = storage.keys.get(arn);
    const isQueue = arn.includes(':sqs:');
    const wishes = (isQueue ? QUEUE_ACTIONS : STREAM_ACTIONS).map((action) => ({ action, resource: arn }));
    if (key !== undefined) wishes.push({ action: 'kms:Decrypt', resource: key });
    if (!wishes.map((wish) => rights.ask(`${name} (${id})`, role, wish)).every(Boolean)) continue;
    const common = { region, target, onFailure: (error: unknown) => onFailure(name, error) };
    if (isQueue) {
      const queueUrl = storage.queues.get(arn);
      if (queueUrl === undefined)
        throw new Error(`'${id}' takes from '${arn}', which is no queue of the template`);
      const isPartial = listOf(FunctionResponseTypes as string[] | undefined).includes(
        'ReportBatchItemFailures',
      );
      const batchSize = Number(BatchSize ?? DEFAULT_QUEUE_BATCH);
      const poller = new QueuePoller({ ...common, sqs, queueUrl, queueArn: arn, batchSize, isPartial });
      poller.start();
      sources.push(poller);
    } else {
      const streamName = arn.slice(arn.lastIndexOf('/') + 1);
      const batchSize = Number(BatchSize ?? DEFAULT_STREAM_BATCH);
      const poller = new StreamPoller({ ...common, kinesis, streamName, streamArn: arn, batchSize });
      await poller.start();
      sources.push(poller);
    }
  }
  return sources;
}
