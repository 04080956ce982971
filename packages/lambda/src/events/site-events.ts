import { randomBytes } from 'node:crypto';
import { DynamoDbSeals } from '@millrace/aws/dynamodb';
import {
  ColumnLists,
  type Consumer,
  chunkOptionsOf,
  chunkPacking,
  LoadError,
  type MillraceConfig,
  type ObjectStore,
  type Seals,
  TableChecks,
  type Warehouse,
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
  readonly warehouse: Pick<Warehouse, 'describeTable' | 'dialect'>;
  readonly onBlind: (error: unknown) => void;
}

/** A look is a statement of the Data API, which a sender of bad events is not to cause with each of them. */
const RECHECK_MS = 60_000;
const PATIENCE_MS = 60_000;

/** Null when a configuration has no events, or keeps them in a folder, which no function sees. */
export function openSiteEvents(
  config: MillraceConfig,
  { clients, objects, now, table, database, warehouse, onBlind }: SiteEventsParts,
): SiteEvents | null {
  const { events, control } = config;
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
      checks: new TableChecks({
        warehouse,
        copyOptionsOf: (target) => chunkOptionsOf(config, target),
        now,
        onBlind,
        recheckMs: RECHECK_MS,
        patienceMs: PATIENCE_MS,
      }),
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
