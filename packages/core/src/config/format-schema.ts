import { z } from 'zod';
import { strictFields } from './strict-fields.ts';
import { IDENTIFIER } from './target-name.ts';

/** How objects are packed, or `auto`: by the key's ending. */
export const COMPRESSIONS = ['auto', 'none', 'gzip', 'zstd', 'bzip2'] as const;

const compression = z
  .enum(COMPRESSIONS)
  .default('auto')
  .describe('`auto`: by the ending of the key (`.gz`, `.zst`, `.bz2`, else none).');

const header = z
  .union([
    z.boolean(),
    z.int('is not a whole number').min(0, 'is too small; write 0 or more').max(1_000_000, 'is too large'),
  ])
  .default(false)
  .describe('Whether files begin with a line of column names; a number: so many lines to skip.');

/** COPY takes one ASCII character; a control character is taken as it is (`"\t"` in JSON). */
const character = (meaning: string) =>
  z
    .string()
    .regex(/^[^\u0080-\uffff]$/, 'is not one ASCII character')
    .describe(meaning);

const csv = strictFields({
  kind: z.literal('csv').describe('The format.'),
  header,
  delimiter: character('What separates fields. Default: a comma.').optional(),
  quote: character(
    'What encloses fields that hold a delimiter, a quote or a line end. Default: `"`.',
  ).optional(),
  compression,
}).describe('CSV with quoting.');

const delimited = strictFields({
  kind: z.literal('delimited').describe('The format.'),
  header,
  delimiter: character('What separates fields.').default('|'),
  escape: z
    .boolean()
    .default(false)
    .describe('A backslash takes the character behind it as data (COPY ESCAPE).'),
  removeQuotes: z.boolean().default(false).describe('Quotes around fields are dropped (COPY REMOVEQUOTES).'),
  compression,
}).describe('Fields with a delimiter between them, without quoting.');

const fixedwidth = strictFields({
  kind: z.literal('fixedwidth').describe('The format.'),
  header,
  widths: z
    .record(
      z.string().regex(IDENTIFIER, 'is not the name of a field'),
      z.int('is not a whole number').min(1, 'is too small; write 1 or more'),
    )
    .refine((widths) => Object.keys(widths).length > 0, 'is empty; write the fields as {"name": width}')
    .describe('The fields in their order, with their width in characters: `{"iata": 3, "name": 50}`.'),
  compression,
}).describe('Fields by their position in the line.');

const json = strictFields({
  kind: z.literal('json').describe('The format.'),
  ignoreCase: z.boolean().default(false).describe('Names match columns whatever their case.'),
  jsonpaths: z
    .string()
    .regex(/^s3:\/\/[^/]+\/.+$/u, 'is not an address of S3; write s3://bucket/key')
    .optional()
    .describe('The JSONPaths file that tells where each column is. Default: names are columns.'),
  compression,
}).describe('JSON objects, one after another.');

const parquet = strictFields({ kind: z.literal('parquet').describe('The format.') }).describe(
  'Parquet, by position.',
);

/** The format schemas, for a union discriminated by `kind`. */
export const formatSchemas = [csv, delimited, fixedwidth, json, parquet] as const;

/** A format that is written as a word alone: how it is written. Undefined: what zod says. */
export function formatMessage({ code, input }: { readonly code: string; readonly input?: unknown }) {
  if (code !== 'invalid_type' || typeof input !== 'string') return undefined;
  const kind = formatSchemas.some((one) => one.shape.kind.value === input) ? input : 'csv';
  return `is not an object; write {"kind": "${kind}"}, or ${kind}() in millrace.config.ts`;
}

/** A format as it is written. */
export type FormatJson = z.input<(typeof formatSchemas)[number]>;
/** A format with its defaults. */
export type Format = z.output<(typeof formatSchemas)[number]>;
export type CsvJson = z.input<typeof csv>;
export type DelimitedJson = z.input<typeof delimited>;
export type FixedWidthJson = z.input<typeof fixedwidth>;
export type JsonFormatJson = z.input<typeof json>;
