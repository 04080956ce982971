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

/** What the catalog says of a queue, to one invocation. */
interface AskedQueue {
  readonly found: Promise<QueueTargets>;
  readonly isFresh: boolean;
}

interface Taken {
  readonly object: CreatedObject;
  readonly targets: readonly string[];
}

async function take<Source>(
  messages: readonly Message<Source>[],
  desk: Desk,
): Promise<{ failures: ReadonlyMap<Source, unknown> }> {
  const { shift } = desk;
  const failures = new Map<Source, unknown>();
  const deliveries = new Map<string, Delivery<Source>>();
  const queues = new Map<string | null, AskedQueue>();
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
    readonly queues: Map<string | null, AskedQueue>;
  },
): Promise<void> {
  const { log, now } = composition;
  const { objects, ignored } = readNotification(body);
  for (const { what, why } of ignored) log.debug('not a load file', { what, why });
  if (objects.length === 0) return;
  if (shift.isShort) throw outOfTime('the message');
  // Nothing of a message is laid down before all of it is read.
  const { site, sorted } = await findTakers(objects, { queue, queues, composition });
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

/**
 * Whose these objects are. What no target takes may be of one that came while the container was warm, and nobody tells of
 * it again: then the configuration is looked at once more, once per invocation.
 */
async function findTakers(
  objects: readonly CreatedObject[],
  {
    queue,
    queues,
    composition,
  }: {
    readonly queue: string | null;
    readonly queues: Map<string | null, AskedQueue>;
    readonly composition: Composition;
  },
): Promise<{ readonly site: Site; readonly sorted: readonly Taken[] }> {
  const sortBy = (found: QueueTargets): readonly Taken[] =>
    objects.map((object) => ({ object, targets: targetsOf(object, { ...found, composition }) }));
  const asked = queues.get(queue) ?? { found: composition.catalog.ofQueue(queue), isFresh: false };
  queues.set(queue, asked);
  const found = await asked.found;
  const sorted = sortBy(found);
  const isRouted = found.targets === null;
  if (!isRouted || asked.isFresh || sorted.every(({ targets }) => targets.length > 0)) {
    return { site: found.site, sorted };
  }
  const again = composition.catalog.ofQueue(queue, { isFresh: true });
  queues.set(queue, { found: again, isFresh: true });
  const fresh = await again;
  return { site: fresh.site, sorted: sortBy(fresh) };
}

function targetsOf(
  object: CreatedObject,
  { site, targets, composition }: QueueTargets & { readonly composition: Composition },
): readonly string[] {
  if (targets === null) return site.loader.routesOf(object);
  const isFolder = object.size === 0 && object.key.endsWith('/');
  return isFolder || composition.catalog.isOwn(object) ? [] : targets;
}
