import { randomBytes } from 'node:crypto';
import {
  ColumnLists,
  type Consumer,
  chunkPacking,
  type EventConfig,
  LoadError,
  type MillraceConfig,
  type ObjectStore,
  type Seals,
  type TableChecks,
} from '@millrace/core';
import { streamNameOf } from './open-event-stream.ts';
import type { ConsumerLimits } from './shard-worker.ts';

/** A stream in a folder is asked often: that costs a look at a file. Kinesis allows five reads a second, for everybody together. */
const POLL_MS = { embedded: 100, kinesis: 1_000 } as const;
const DISCOVER_MS = { embedded: 2_000, kinesis: 30_000 } as const;

/** @throws LoadError `events-missing` when the configuration has none */
export function eventsOf({ events }: MillraceConfig): EventConfig {
  if (events !== null) return events;
  throw eventsMissing();
}

export function eventsMissing(): LoadError {
  return new LoadError('events-missing', 'the configuration has no events', {
    hint: "write what they become under 'events'",
  });
}

/** What consuming the stream of a configuration is given. */
export function consumerOf(
  config: MillraceConfig,
  {
    seals,
    objects,
    checks,
    now,
  }: { seals: Seals; objects: ObjectStore; checks?: TableChecks | undefined; now: () => number },
): Consumer {
  const events = eventsOf(config);
  return {
    stream: streamNameOf(events),
    seals,
    objects,
    columnLists: new ColumnLists(objects, config.control),
    transforms: events.transforms,
    ...(checks === undefined ? {} : { checks }),
    control: config.control,
    packing: chunkPacking(events.consumer.compression),
    now,
    random: () => randomBytes(16),
  };
}

export function limitsOf({
  stream,
  consumer,
}: EventConfig): ConsumerLimits & { readonly discoverMs: number } {
  const { maxAgeMs, chunkBytes, maxBytes } = consumer;
  const { kind } = stream;
  return { maxAgeMs, chunkBytes, maxBytes, pollMs: POLL_MS[kind], discoverMs: DISCOVER_MS[kind] };
}
