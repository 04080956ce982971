import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import {
  ColumnLists,
  type Consumer,
  type EventConfig,
  LoadError,
  type MillraceConfig,
  type ObjectStore,
  type Seals,
  stateFolderOf,
} from '@millrace/core';
import { SqliteSeals } from '@millrace/local';
import { chunkPacking } from './chunk-packing.ts';
import { streamNameOf } from './open-event-stream.ts';
import type { ConsumerLimits } from './shard-worker.ts';

/** A stream in a folder is asked often: that costs a look at a file. Kinesis allows five reads a second, for everybody together. */
const POLL_MS = { embedded: 100, kinesis: 1_000 } as const;
const DISCOVER_MS = { embedded: 2_000, kinesis: 30_000 } as const;

/** @throws LoadError `events-missing` when the configuration has none */
export function eventsOf({ events }: MillraceConfig): EventConfig {
  if (events !== null) return events;
  throw new LoadError('events-missing', 'the configuration has no events', {
    hint: "write what they become under 'events'",
  });
}

/** The seals of a configuration: beside the state of this machine. */
export function openSeals(config: MillraceConfig, directory: string): { seals: Seals; close: () => void } {
  const seals = new SqliteSeals(resolve(directory, stateFolderOf(config), 'seals.db'));
  return { seals, close: () => seals.close() };
}

/** What consuming the stream of a configuration is given. */
export function consumerOf(
  config: MillraceConfig,
  { seals, objects, now }: { seals: Seals; objects: ObjectStore; now: () => number },
): Consumer {
  const events = eventsOf(config);
  return {
    stream: streamNameOf(events),
    seals,
    objects,
    columnLists: new ColumnLists(objects, config.control),
    transforms: events.transforms,
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
