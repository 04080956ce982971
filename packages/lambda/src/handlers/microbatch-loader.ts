import { type CreatedObject, type LoadFile, loadFileOf, readNotification } from '@millrace/core';
import type { QueueTargets } from '../catalog/catalog.ts';
import type { Site } from '../catalog/site.ts';
import type { Composition } from '../compose.ts';
import {
  type InvocationContext,
  isSqsEvent,
  queueNameOf,
  type SqsBatchResponse,
  type SqsRecord,
} from '../event/lambda-event.ts';
import { outOfTime } from '../shift/out-of-time.ts';
import type { Desk } from './desk.ts';
import { answerBatch } from './failed-records.ts';

/** Files of one invocation that go to one lane, and who told of them. */
interface Delivery<Source> {
  readonly site: Site;
  readonly target: string;
  readonly files: Map<string, LoadFile>;
  readonly sources: Set<Source>;
}

/**
 * Takes S3's notifications: the files are written down before a message is acknowledged, and the lanes moved on at the end.
 *
 * Messages of SQS succeed or fail one by one; what goes to one lane is admitted together, so that it costs one write of the
 * lane however many messages there are. Events that come without a queue (from S3, SNS or EventBridge straight) are taken
 * whole or not at all.
 */
export function createMicrobatchLoader(
  compose: () => Composition,
): (event: unknown, context: InvocationContext) => Promise<SqsBatchResponse> {
  return async (event, context) => {
    const composition = compose();
    const shift = composition.begin(context);
    if (!isSqsEvent(event)) {
      const { failures } = await take([{ queue: null, body: event, source: 'event' }], {
        composition,
        shift,
      });
      await shift.finish();
      for (const error of failures.values()) throw error;
      return { batchItemFailures: [] };
    }
    const messages = event.Records.map((record: SqsRecord) => ({
      queue: queueNameOf(record),
      body: record.body,
      source: record,
    }));
    const { failures } = await take(messages, { composition, shift });
    await shift.finish();
    return answerBatch(event, failures, composition.log);
  };
}

interface Message<Source> {
  /** Null: it came straight. */
  readonly queue: string | null;
  readonly body: unknown;
  readonly source: Source;
}

async function take<Source>(
  messages: readonly Message<Source>[],
  desk: Desk,
): Promise<{ failures: ReadonlyMap<Source, unknown> }> {
  const { shift } = desk;
  const failures = new Map<Source, unknown>();
  const deliveries = new Map<string, Delivery<Source>>();
  const queues = new Map<string | null, Promise<QueueTargets>>();
  for (const message of messages) {
    try {
      await sort(message, { ...desk, deliveries, queues });
    } catch (error) {
      failures.set(message.source, error);
    }
  }
  for (const { site, target, files, sources } of deliveries.values()) {
    // A message whose other half failed comes again as a whole; its files are known by then.
    try {
      if (shift.isShort) throw outOfTime('the message');
      await shift.admit(site, target, [...files.values()]);
    } catch (error) {
      for (const source of sources) failures.set(source, error);
    }
  }
  return { failures };
}

/** Reads a message and lays its files to those of their lanes. */
async function sort<Source>(
  { queue, body, source }: Message<Source>,
  {
    composition,
    shift,
    deliveries,
    queues,
  }: Desk & {
    readonly deliveries: Map<string, Delivery<Source>>;
    readonly queues: Map<string | null, Promise<QueueTargets>>;
  },
): Promise<void> {
  const { catalog, log, now } = composition;
  const { objects, ignored } = readNotification(body);
  for (const { what, why } of ignored) log.debug('not a load file', { what, why });
  if (objects.length === 0) return;
  if (shift.isShort) throw outOfTime('the message');
  const known = queues.get(queue) ?? catalog.ofQueue(queue);
  queues.set(queue, known);
  const { site, targets } = await known;
  // Nothing of a message is laid down before all of it is read.
  const sorted = objects.map((object) => ({
    object,
    targets: targetsOf(object, { site, targets, composition }),
  }));
  for (const { object, targets: takers } of sorted) {
    if (takers.length === 0) {
      log.info('no target takes the object', { bucket: object.bucket, key: object.key, queue });
    }
    for (const target of takers) {
      const key = `${site.name}/${target}`;
      const delivery = deliveries.get(key) ?? { site, target, files: new Map(), sources: new Set() };
      deliveries.set(key, delivery);
      const file = loadFileOf(object, now());
      if (!delivery.files.has(file.id)) delivery.files.set(file.id, file);
      delivery.sources.add(source);
    }
  }
}

function targetsOf(
  object: CreatedObject,
  { site, targets, composition }: QueueTargets & { readonly composition: Composition },
): readonly string[] {
  if (targets === null) return site.loader.routesOf(object);
  const isFolder = object.size === 0 && object.key.endsWith('/');
  return isFolder || composition.catalog.isOwn(object) ? [] : targets;
}
