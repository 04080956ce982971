import { randomBytes } from 'node:crypto';
import { DynamoDbSeals } from '@millrace/aws/dynamodb';
import {
  ColumnLists,
  type Consumer,
  chunkPacking,
  LoadError,
  type MillraceConfig,
  type ObjectStore,
  type Seals,
} from '@millrace/core';
import type { Clients } from '../clients.ts';

/** What a site makes of events. */
export interface SiteEvents {
  /** The name of the Kinesis stream, and what its seals go by. */
  readonly stream: string;
  readonly seals: Seals;
  readonly consumer: Consumer;
  /** When chunks are cut within a batch: of one table, and over all tables. */
  readonly limits: { readonly chunkBytes: number; readonly maxBytes: number };
}

export interface SiteEventsParts {
  readonly clients: Clients;
  readonly objects: ObjectStore;
  readonly now: () => number;
  /** The tracker's table. */
  readonly table: string;
  /** As the tracker calls the site. */
  readonly database: string;
}

/** Null when a configuration has no events, or keeps them in a folder, which no function sees. */
export function openSiteEvents(
  { events, control }: MillraceConfig,
  { clients, objects, now, table, database }: SiteEventsParts,
): SiteEvents | null {
  if (events === null || events.stream.kind !== 'kinesis') return null;
  const { chunkBytes, maxBytes, compression } = events.consumer;
  const stream = events.stream.name;
  const seals = new DynamoDbSeals(clients.dynamodb, { table, database });
  return {
    stream,
    seals,
    consumer: {
      stream,
      seals,
      objects,
      columnLists: new ColumnLists(objects, control),
      transforms: events.transforms,
      control,
      packing: chunkPacking(compression),
      now,
      random: () => randomBytes(16),
    },
    limits: { chunkBytes, maxBytes },
  };
}

/** @throws LoadError `events-missing` */
export function requireEvents(events: SiteEvents | null | undefined): SiteEvents {
  if (events) return events;
  throw new LoadError('events-missing', 'the configuration makes nothing of a Kinesis stream', {
    class: 'config',
    hint: 'name a configuration by MILLRACE_CONFIG that has \'events\' and a "stream" of kind "kinesis"',
  });
}
