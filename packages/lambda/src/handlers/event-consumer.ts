import { renderMetricLine } from '@millrace/aws/cloudwatch';
import { type KinesisEvent, readKinesisEvent } from '@millrace/aws/kinesis';
import {
  LoadError,
  openShard,
  type SealedChunk,
  type ShardInHand,
  type StreamRecord,
  sealShard,
  takeRecords,
} from '@millrace/core';
import type { Site } from '../catalog/site.ts';
import type { Composition } from '../compose.ts';
import type { InvocationContext } from '../event/lambda-event.ts';
import { announceChunks } from '../events/announce-chunks.ts';
import { requireEvents, type SiteEvents } from '../events/site-events.ts';
import { errorFields } from '../log.ts';
import { outOfTime } from '../shift/out-of-time.ts';
import type { Shift } from '../shift/shift.ts';

/** What Lambda hands over, as far as it is read here. */
type StreamEvent = KinesisEvent & {
  readonly Records: readonly { readonly eventSource?: string; readonly eventSourceARN?: string }[];
};

/** Records from which the batch comes again; none: all of it is sealed. */
export interface StreamBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Records that are taken between two looks at how much is held. */
const SLICE = 500;
/** How often another invocation with the same records is made way for: Lambda gives up on one before it begins the next. */
const MAX_LOST = 5;

/** What became of a shard's records: how far they are sealed, and what kept the rest from it. */
interface Consumed {
  readonly sealed: string | null;
  readonly events: number;
  /** Of these, those that became no rows. */
  readonly rejected: number;
  readonly chunks: readonly SealedChunk[];
  readonly error?: unknown;
}

/**
 * Makes rows of the events of a Kinesis stream: de-aggregates records, transforms events, writes chunks, seals them, and
 * hands them to their lanes.
 *
 * AWS keeps the order: one invocation per shard at a time, the next batch only when this one has succeeded. All else is the seal's: records that
 * are sealed are passed over, however a repeated batch is cut, and of two invocations with the same records one
 * seals. What is sealed and not announced, because something failed behind it, is announced by the sweeper.
 *
 * @throws what kept the batch from being sealed: it comes again. With `PARTIAL_BATCH_RESPONSE`, what is sealed of it
 * does not.
 */
export function createEventConsumer(
  compose: () => Composition,
): (event: unknown, context: InvocationContext) => Promise<StreamBatchResponse> {
  return async (event, context) => {
    const composition = compose();
    const { begin, catalog, environment, log } = composition;
    const sites = await catalog.sites();
    const site = sites.find(({ events }) => events !== null);
    const events = requireEvents(site?.events);
    const batch = readBatch(event, events.stream);
    const shift = begin(context);
    if (shift.isShort) throw outOfTime(`the batch of stream ${events.stream}`);
    const failures: string[] = [];
    for (const [shard, records] of readKinesisEvent(batch)) {
      const consumed = await consume(events, shard, records);
      tell(composition, { events, shard, records, consumed });
      if (site !== undefined) await announce(site, shift, { composition, shard, consumed });
      if (consumed.error === undefined) continue;
      const from = firstUnsealed(batch, { shard, sealed: consumed.sealed });
      // Unless the event source is set to hear it, Lambda would take the answer for a success of the whole batch.
      if (!environment.answersPartially || consumed.chunks.length === 0 || from === undefined) {
        await shift.finish();
        throw consumed.error;
      }
      log.error('a part of a batch was not sealed; it comes again', {
        shard,
        ...errorFields(consumed.error),
      });
      failures.push(from);
    }
    await shift.finish();
    return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** Seals records of a shard, in one piece where memory allows it. Does not reject for what fails on the way. */
async function consume(
  { consumer, limits }: SiteEvents,
  shard: string,
  records: readonly StreamRecord[],
): Promise<Consumed> {
  const chunks: SealedChunk[] = [];
  let events = 0;
  let rejected = 0;
  let lost = 0;
  let hand: ShardInHand | undefined;
  try {
    hand = await openShard(consumer, shard);
    for (let at = 0; at < records.length; ) {
      await takeRecords(consumer, hand, records.slice(at, at + SLICE));
      at += SLICE;
      const { largestBytes, bytes } = hand.buffer;
      const isFull = largestBytes >= limits.chunkBytes || bytes >= limits.maxBytes;
      if (!isFull && at < records.length) continue;
      const outcome = await sealShard(consumer, hand);
      if (outcome.kind === 'lost') {
        lost += 1;
        if (lost > MAX_LOST) throw seized(shard);
        // Begins again where the other one has come to: what it has sealed is passed over.
        hand = await openShard(consumer, shard);
        at = 0;
        continue;
      }
      hand = outcome.hand;
      if (outcome.kind === 'nothing') continue;
      events += outcome.events;
      rejected += outcome.rejected;
      chunks.push(...outcome.chunks);
    }
    return { sealed: hand.sealed, events, rejected, chunks };
  } catch (error) {
    return { sealed: hand?.sealed ?? null, events, rejected, chunks, error };
  }
}

async function announce(
  site: Site,
  shift: Shift,
  { composition, shard, consumed }: { composition: Composition; shard: string; consumed: Consumed },
): Promise<void> {
  const { log } = composition;
  try {
    await announceChunks(site, shift, { log, shard, sealed: consumed.chunks });
  } catch (error) {
    // They are sealed: nothing of them is to come again.
    log.error('sealed chunks could not be announced; the sweeper does it', { shard, ...errorFields(error) });
  }
}

/** @throws LoadError `event-foreign`, `stream-foreign` */
function readBatch(event: unknown, stream: string): StreamEvent {
  const { Records: records } = (event ?? {}) as Partial<StreamEvent>;
  if (!Array.isArray(records) || records.some(({ eventSource }) => eventSource !== 'aws:kinesis')) {
    throw new LoadError('event-foreign', 'the event is not a batch of a Kinesis stream', {
      class: 'config',
      hint: 'trigger this function by an event source mapping on the stream',
    });
  }
  for (const { eventSourceARN = '' } of records as StreamEvent['Records']) {
    const name = /:stream\/([^/:]+)/u.exec(eventSourceARN)?.[1];
    if (name === stream) continue;
    throw new LoadError(
      'stream-foreign',
      `the batch is of stream '${name}', and the configuration's is '${stream}'`,
      {
        class: 'config',
        hint: "trigger this function by that stream, or correct 'stream' in the configuration",
      },
    );
  }
  return event as StreamEvent;
}

/** The sequence number of the first record that is not sealed, or only in part: what is sealed of it is passed over. */
function firstUnsealed(
  { Records: records }: StreamEvent,
  { shard, sealed }: { shard: string; sealed: string | null },
): string | undefined {
  const unsealed = records.find((record) => {
    const last = readKinesisEvent({ Records: [record] })
      .get(shard)
      ?.at(-1);
    return last !== undefined && (sealed === null || last.position > sealed);
  });
  return unsealed?.kinesis.sequenceNumber;
}

function tell(
  { writeLine, now, log }: Composition,
  {
    events: { stream },
    shard,
    records,
    consumed,
  }: { events: SiteEvents; shard: string; records: readonly StreamRecord[]; consumed: Consumed },
): void {
  const arrivedAt = records.at(-1)?.arrivedAt;
  const { events, rejected, chunks } = consumed;
  if (arrivedAt !== undefined) {
    writeLine(
      renderMetricLine({
        at: now(),
        namespace: 'millrace',
        dimensions: { stream },
        metrics: [
          { name: 'MillisBehindLatest', unit: 'Milliseconds', value: Math.max(0, now() - arrivedAt) },
          { name: 'EventsConsumed', unit: 'Count', value: events },
          { name: 'EventsRejected', unit: 'Count', value: rejected },
        ],
        alsoBy: { shard },
      }),
    );
  }
  log.debug('records were consumed', {
    stream,
    shard,
    records: records.length,
    events,
    rejected,
    chunks: chunks.length,
  });
}

function seized(shard: string): LoadError {
  return new LoadError('shard-contested', `others keep sealing shard ${shard}`, {
    class: 'transient',
    hint: 'consume a stream by one function, with a parallelisation factor of 1, or by one process',
  });
}
