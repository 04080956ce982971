import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { placeOfQueue, sqsClientOptions } from '@millrace/aws/client';
import { SqsNotifications } from '@millrace/aws/sqs';
import {
  type AwsPlace,
  LoadError,
  type MillraceConfig,
  type ObjectInfo,
  readNotification,
} from '@millrace/core';
import type { AnnouncementOptions } from './adapters.ts';
import { ReceiveLoop } from './receive-loop.ts';

const WAIT_SECONDS = 20;

type S3Place = Extract<MillraceConfig['objects'], { kind: 's3' }>;

interface ReadQueue {
  readonly url: string;
  /** Whose files the queue announces; null: the routes say. */
  readonly targets: readonly string[] | null;
}

/** Where the queues are: where the one with an address is; else beside the objects. */
function queuePlace({ notifications, region, endpoint }: S3Place): AwsPlace {
  const place = notifications === undefined ? { region, endpoint } : placeOfQueue(notifications);
  // An emulator of several services is reached by the address that the configuration says, whatever its URLs name.
  return place.endpoint !== undefined && endpoint !== undefined ? { region, endpoint } : { region, ...place };
}

/**
 * Reads the queues that S3 tells of new objects: the one for all routes, and those of targets with a queue of their
 * own. A message is deleted when its files are written down, so nothing is lost; one that is not S3's stays in the
 * queue, for its dead-letter queue.
 *
 * @returns undefined when the configuration names no queue.
 * @throws LoadError `queue-missing`
 */
export async function announceFromQueues(
  config: MillraceConfig,
  options: AnnouncementOptions,
): Promise<{ close(): Promise<void> } | undefined> {
  const { objects, targets } = config;
  if (objects.kind !== 's3') return undefined;
  const names = new Set([...targets.values()].flatMap(({ queues }) => queues));
  if (objects.notifications === undefined && names.size === 0) return undefined;
  const client = new SQSClient(sqsClientOptions(queuePlace(objects)));
  const queues: ReadQueue[] = [];
  if (objects.notifications !== undefined) queues.push({ url: objects.notifications, targets: null });
  for (const name of names) {
    const mine = [...targets.values()].filter((target) => target.queues.includes(name));
    const url = await findQueue(client, name);
    // One queue may be both: then its name decides, as it does in a Lambda.
    const at = queues.findIndex((queue) => queue.url === url);
    queues.splice(at < 0 ? queues.length : at, 1, { url, targets: mine.map((target) => target.name) });
  }
  const loops = queues.map((queue) => readQueue(client, queue, options));
  return {
    close: async () => {
      await Promise.all(loops.map((loop) => loop.close()));
      client.destroy();
    },
  };
}

async function findQueue(client: SQSClient, name: string): Promise<string> {
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
    if (QueueUrl !== undefined) return QueueUrl;
  } catch (cause) {
    throw new LoadError('queue-missing', `the queue '${name}' cannot be found: ${(cause as Error).message}`, {
      class: 'config',
      hint: "create it, or correct the name in the target's 'from'",
      cause,
    });
  }
  throw new LoadError('queue-missing', `the queue '${name}' has no address`, { class: 'config' });
}

function readQueue(
  client: SQSClient,
  { url, targets }: ReadQueue,
  options: AnnouncementOptions,
): ReceiveLoop {
  const notifications = new SqsNotifications(client, { queueUrl: url });
  return new ReceiveLoop(
    async (signal) => {
      const { failures } = await notifications.receive(
        async ({ body }) => {
          const created = readNotification(body).objects;
          const found = created.map(
            (object): ObjectInfo => ({ ...object, lastModifiedAt: object.writtenAt }),
          );
          if (found.length === 0) return;
          if (targets === null) await options.onObjects(found);
          else await options.onQueued(targets, found);
        },
        { waitSeconds: WAIT_SECONDS, signal },
      );
      for (const error of failures.values()) options.onError(error);
    },
    { onError: options.onError },
  );
}
