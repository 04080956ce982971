import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { KinesisWriter, readKinesisEvent } from '@millrace/aws/kinesis';
import type { Seals, StreamRecord } from '@millrace/core';
import { EmulatedKinesis } from '@millrace/testkit/aws';
import { expect, onTestFinished } from 'vitest';
import type { Site } from '../src/catalog/site.ts';
import type { SiteEvents } from '../src/events/site-events.ts';
import { createEventConsumer, type InvocationContext, type StreamBatchResponse } from '../src/index.ts';
import { STREAM, type StreamRecords } from './kinesis-records.ts';
import { type Container, contextOf, Stage } from './stage.ts';

const TABLES = `
  CREATE TABLE public.views (id varchar(64), url varchar(200), at timestamp);
  CREATE TABLE public.pages (url varchar(200), last_seen timestamp)`;
export const VIEWED = [
  { fact: 'public.views', columns: { id: '$.id', url: '$.data.url', at: '$.time' } },
  { dimension: 'public.pages', columns: { url: '$.data.url', last_seen: '$.time' } },
];

export const config = (events: Readonly<Record<string, unknown>> = { 'page.viewed': VIEWED }) => ({
  warehouse: { kind: 'redshift', cluster: 'analytics', database: 'dev', dbUser: 'loader' },
  objects: { kind: 's3' },
  tracker: { kind: 'dynamodb', table: 'millrace-tracker' },
  control: 's3://control/millrace/',
  targets: { 'public.views': {}, 'public.pages': { key: 'url' } },
  stream: { kind: 'kinesis', name: STREAM },
  events,
});

/** A stream, and the stage behind it. */
export async function open(events?: Readonly<Record<string, unknown>>) {
  const stage = await Stage.open({ tables: TABLES, config: config(events) });
  const kinesis = await EmulatedKinesis.start();
  onTestFinished(() => kinesis.close());
  await kinesis.createStream(STREAM, 1);
  return { stage, client: kinesis.client() };
}

export const eventNamed = (id: string, url = `/${id}`, type = 'page.viewed'): string =>
  JSON.stringify({ id, type, time: '2026-01-01T00:00:00Z', data: { url } });

/** Puts events as the producer does: several share a record. */
export async function put(client: KinesisClient, events: readonly string[]): Promise<void> {
  const writer = new KinesisWriter(client, { streamName: STREAM, maxAggregateCount: 4 });
  const results = await writer.put(
    events.map((data, n) => ({ partitionKey: `key-${n}`, data: Buffer.from(data) })),
  );
  expect(results.filter(({ kind }) => kind !== 'stored')).toEqual([]);
  await writer.close();
}

/** The function in a container, over parts of its site that may be others. */
export function consumerIn(
  { composition }: Container,
  parts: { readonly seals?: (seals: Seals) => Seals; readonly limits?: SiteEvents['limits'] } = {},
): (records: StreamRecords, context?: InvocationContext) => Promise<StreamBatchResponse> {
  const { catalog } = composition;
  const otherSite = (site: Site): Site => {
    if (site.events === null) return site;
    const { consumer, limits } = site.events;
    const seals = parts.seals?.(consumer.seals) ?? consumer.seals;
    const events = {
      ...site.events,
      seals,
      consumer: { ...consumer, seals },
      limits: parts.limits ?? limits,
    };
    return { ...site, events };
  };
  const consume = createEventConsumer(() => ({
    ...composition,
    catalog: {
      ofQueue: (queue, options) => catalog.ofQueue(queue, options),
      ofBulk: (spec, document) => catalog.ofBulk(spec, document),
      isOwn: (at) => catalog.isOwn(at),
      sites: async (options) => (await catalog.sites(options)).map(otherSite),
    },
  }));
  return (records, context = contextOf()) => consume({ Records: records }, context);
}

export const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `e${from + n}`);
export const idsInTable = async (stage: Stage): Promise<unknown[]> =>
  (await stage.rows('SELECT id FROM public.views')).map(([id]) => id).sort();

/** The seals, but for one method. */
export const withSeals = (seals: Seals, other: Partial<Seals>): Seals => ({
  seal: (...args) => seals.seal(...args),
  unannounced: (...args) => seals.unannounced(...args),
  move: (...args) => seals.move(...args),
  markAnnounced: (...args) => seals.markAnnounced(...args),
  ...other,
});

/** The events that share a record. */
export const eventsIn = (record: StreamRecords[number]): readonly StreamRecord[] =>
  [...readKinesisEvent({ Records: [record] } as never).values()].flat();
