import { z } from 'zod';
import { duration, httpUrl, path } from './place-schema.ts';
import { SIZE_HINT, SIZE_PATTERN } from './size.ts';
import { strictFields } from './strict-fields.ts';
import { IDENTIFIER } from './target-name.ts';

/*
 * Events: the stream that they wait in, what they become, and how the consumer cuts them into chunks.
 */

const NO_SIZE = `is not a size; ${SIZE_HINT}`;
const size = (meaning: string) => z.string(NO_SIZE).regex(SIZE_PATTERN, NO_SIZE).describe(meaning);

const embedded = strictFields({
  kind: z.literal('embedded').describe('`embedded`: files of this machine.'),
  path: path('The folder.').default('.millrace/stream'),
  shards: z
    .int('is not a whole number')
    .min(1, 'is too small; write 1 or more')
    .max(64, 'is too large; write 64 or less')
    .default(2)
    .describe('Parts with an order of their own; events of one key are in one part.'),
  retention: duration('How long events are kept, whoever has read them.').default('7d'),
}).describe('Files of this machine.');

const kinesis = strictFields({
  kind: z.literal('kinesis').describe('`kinesis`: a stream of Amazon Kinesis.'),
  name: z
    .string()
    .regex(/^[\w.-]{1,128}$/u, 'is not the name of a stream; write letters, digits, _ - .')
    .describe('The name of the stream.'),
  region: z.string().min(1, 'is empty; fill it in').optional().describe('The region of the stream.'),
  endpoint: httpUrl('Another address of Kinesis: an emulator, a VPC endpoint.').optional(),
}).describe('A stream of Amazon Kinesis.');

/** Where events wait until they are consumed. */
export const stream = z
  .discriminatedUnion('kind', [embedded, kinesis])
  .describe('Where events wait until they are consumed.');

/** How the consumer makes files out of events. */
export const consumer = strictFields({
  maxAge: duration(
    'How long an event may wait for others before its rows are written to a file. Default: half of the shortest `freshness`.',
  ).optional(),
  chunkBytes: size('Bytes of one table, before packing, that are written at once.').default('16MB'),
  maxBytes: size('Bytes that the consumer may hold over all tables.').default('256MB'),
  compression: z.enum(['none', 'gzip', 'zstd']).default('zstd').describe('How files of rows are packed.'),
}).describe('How the consumer makes files out of events.');

const columns = z
  .record(
    z.string().regex(IDENTIFIER, 'is not the name of a column; write it as in the table, without quotes'),
    z.string().regex(/^\$/u, 'is not a path into an event; write $.id, $.time or $.data.url'),
  )
  .refine((fields) => Object.keys(fields).length > 0, 'is empty; write {"column": "$.data.field"}')
  .describe(
    'Where in the event each column is: `$.id`, `$.time`, `$.data.items[0].sku`. Nothing there: NULL.',
  );

const factRow = strictFields({
  fact: z.string().describe('The target of a row that says what happened.'),
  columns,
}).describe('A row of a fact table.');

const dimensionRow = strictFields({
  dimension: z.string().describe('The target of a row that says how something is now.'),
  columns,
}).describe('A row of a dimension table.');

/** One row that an event becomes. */
export const rowMapping = z.union([factRow, dimensionRow]);

export type StreamJson = z.input<typeof stream>;
export type ConsumerJson = z.input<typeof consumer>;
export type RowMappingJson = z.input<typeof rowMapping>;
