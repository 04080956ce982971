import { z } from 'zod';
import { alertChannel, loadedHook } from './alert-schema.ts';
import { drift } from './drift-schema.ts';
import { consumer, rowMapping, stream } from './event-schema.ts';
import { formatMessage, formatSchemas } from './format-schema.ts';
import { duration, environment, path, places, s3Prefix } from './place-schema.ts';
import { SIZE_HINT, SIZE_PATTERN } from './size.ts';
import { strictFields } from './strict-fields.ts';
import { IDENTIFIER } from './target-name.ts';

/**
 * The shape of `millrace.config.json`, key by key: types, defaults, and what a key means.
 *
 * What depends on several keys (a key column that is not among the columns, routes that overlap) is not here but in
 * `read-target.ts` and `check-routes.ts`.
 */

const NO_SIZE = `is not a size; ${SIZE_HINT}`;
const size = (meaning: string) => z.string(NO_SIZE).regex(SIZE_PATTERN, NO_SIZE).describe(meaning);

const column = z
  .string()
  .regex(IDENTIFIER, 'is not the name of a column; write it as in the table, without quotes');
const columns = (meaning: string) =>
  z.union([column, z.array(column).min(1, 'is empty; name at least one column')]).describe(meaning);

const matched = strictFields({
  prefix: s3Prefix('Where the files are: `s3://bucket/prefix`.'),
  match: z
    .string()
    .min(1, "is empty; leave it out, or write a pattern such as '*.csv'")
    .optional()
    .describe('What the rest of the key has to be: `*`, `**`, `?`, `{a,b}`. Default: anything.'),
  format: z
    .discriminatedUnion('kind', formatSchemas, { error: formatMessage })
    .optional()
    .describe('What the files from there look like, where that is not what the target says.'),
  copy: z
    .string()
    .optional()
    .describe(
      "COPY options for the files from there. With `format` or `copy`, the target's own say nothing here.",
    ),
}).describe('A prefix, what the rest of the key has to be, and what the files from there look like.');

const queued = strictFields({
  queue: z
    .string()
    .regex(/^[\w-]{1,80}$/u, 'is not the name of a standard queue; write letters, digits, - and _')
    .describe('The name of the queue: every object that it announces is a file of this target.'),
}).describe('A queue that S3 tells of new objects.');

const from = z
  .union([
    s3Prefix('A prefix.'),
    matched,
    queued,
    z
      .array(z.union([s3Prefix('A prefix.'), matched, queued]))
      .min(1, "is empty; write where the files are: 's3://bucket/prefix/'"),
  ])
  .describe(
    'Where the files of the target come from: an S3 prefix, a prefix with a pattern or a format, a queue, or a list of these.',
  );

const everyTarget = {
  from,
  format: z
    .discriminatedUnion('kind', formatSchemas, { error: formatMessage })
    .optional()
    .describe(
      'What the files look like. May be left out when `copy`, or every entry of `from`, names a format.',
    ),
  copy: z.string().optional().describe("Further COPY options, as SQL: `TIMEFORMAT 'auto' TRUNCATECOLUMNS`."),
  allowRowLoss: z
    .boolean()
    .default(false)
    .describe('Lets `copy` say MAXERROR above 1 or IGNOREALLERRORS, with which COPY drops bad rows.'),
  columns: z
    .array(column)
    .min(1, 'is empty; leave it out to mean all columns of the table')
    .optional()
    .describe(
      'The columns that the files have, in their order. Default: all columns of the table but IDENTITY.',
    ),
  freshness: duration('How old a file may be when its rows can be queried.').default('60s'),
  maxFiles: z
    .int('is not a whole number')
    .min(1, 'is too small; write 1 or more')
    .max(100_000, 'is too large; write 100000 or less')
    .default(500)
    .describe('Files that one load may hold; a lane that has so many waits no longer.'),
  maxBytes: size('Bytes that one load may hold; a lane that has so many waits no longer.').default('1GB'),
  after: z
    .enum(['keep', 'move', 'tag', 'delete'])
    .default('keep')
    .describe('What happens to a file when its rows are proven to be loaded.'),
  processedPrefix: s3Prefix(
    'Where `after: move` moves files to. Default: `processed/` beside the folder of `from`.',
  ).optional(),
  pin: z
    .boolean()
    .default(false)
    .describe(
      'Copies the announced version aside and loads the copy: for objects that are rewritten as a habit.',
    ),
  provenance: z
    .boolean()
    .default(false)
    .describe('Fills `_loaded_at` and `_job_id` of the table: when each row came, and by which load.'),
  drift,
  group: z
    .string()
    .regex(/^[\w-]{1,80}$/u, 'is not a name; write letters, digits, - and _')
    .optional()
    .describe(
      'The targets of one group are loaded together: in one transaction, so that what comes together is seen together.',
    ),
};

const REWRITTEN =
  'What happens when a key that was loaded comes again with other bytes. Default: `reload`, in mode append `quarantine`.';
const onRewrite = z.enum(['reload', 'quarantine']).default('reload').describe(REWRITTEN);
const onRewriteOfAppend = z
  .enum(['reload', 'quarantine', 'replace'])
  .default('quarantine')
  .describe(REWRITTEN);

const key = columns('The column or columns that make a row the same row.');
const nullKeys = z
  .enum(['reject', 'append'])
  .default('reject')
  .describe('A NULL in the key is an error of the file, or its row is appended.');

const append = strictFields({
  mode: z.literal('append').describe('How rows are merged into the table.'),
  ...everyTarget,
  onRewrite: onRewriteOfAppend,
}).describe('Every row of every file is added.');

const upsert = strictFields({
  mode: z.literal('upsert').describe('How rows are merged into the table.'),
  key,
  latestBy: columns('The column or columns that tell which version of a row is the latest: the greatest.'),
  tombstone: strictFields({
    column: column.describe('The column that marks a deletion.'),
    equals: z.string().describe('The text that it holds then.'),
  })
    .optional()
    .describe('Rows that delete the row with their key. Default: none.'),
  nullKeys,
  ...everyTarget,
  onRewrite,
}).describe('The latest version of each key is in the table.');

const {
  maxFiles: _maxFiles,
  maxBytes: _maxBytes,
  pin: _pin,
  after: _after,
  drift: _drift,
  group: _group,
  ...everyParted
} = everyTarget;

const partitionColumn = strictFields({
  column: column.describe('A column of the table.'),
  value: z
    .string()
    .min(1, "is empty; write what the column holds, such as '{dt}'")
    .describe(
      'What it holds in all rows of a partition, made of the names in `partition`: `{yyyy}-{MM}-{dd}`.',
    ),
});

const partitioned = {
  partition: z
    .string()
    .min(1, "is empty; write which part of the key names a partition, such as 'dt={dt}/'")
    .describe(
      'The part of the key behind the prefix that names a partition. It ends with `/`; `{name}` is any text without `/`.',
    ),
  partitionBy: z
    .union([
      column,
      partitionColumn,
      z.array(z.union([column, partitionColumn])).min(1, 'is empty; leave it out'),
    ])
    .optional()
    .describe(
      'The columns by which rows belong to a partition: a name means the value of the same name in `partition`. Default: Millrace fills `_partition`.',
    ),
  ready: z
    .union([
      z.string().regex(/^[^/]+$/u, "is not the name of an object; write it without '/': '_SUCCESS'"),
      strictFields({ quiet: duration('How long nothing may have arrived in a partition.') }),
    ])
    .default({ quiet: '10m' })
    .describe(
      'When a partition is replaced: as soon as an object of this name is in it, or when nothing has arrived in it for so long.',
    ),
  whenEmpty: z
    .enum(['keep', 'replace'])
    .default('keep')
    .describe('What becomes of the rows of a partition whose files are all gone.'),
};

const replacePartition = strictFields({
  mode: z.literal('replace-partition').describe('How rows are merged into the table.'),
  ...partitioned,
  ...everyParted,
  after: z
    .enum(['keep', 'tag'])
    .default('keep')
    .describe('What happens to a file when its rows are proven to be loaded.'),
}).describe('The rows of a partition are those of the files that are in it now.');

const insertOnly = strictFields({
  mode: z.literal('insert-only').describe('How rows are merged into the table.'),
  key,
  nullKeys,
  ...everyTarget,
  onRewrite,
}).describe('The first version of each key is in the table; later ones change nothing.');

/** The target schemas by their mode. */
export const targetSchemas = {
  append,
  upsert,
  'insert-only': insertOnly,
  'replace-partition': replacePartition,
} as const;

/** What can be read of a target whose mode nobody knows: every key, none of them required. */
export const modelessTargetSchema = upsert.extend({
  mode: z.unknown(),
  key: upsert.shape.key.optional(),
  latestBy: upsert.shape.latestBy.optional(),
  onRewrite: onRewriteOfAppend,
  ...partitioned,
  partition: partitioned.partition.optional(),
});

/** The keys of the document but for what is inside `targets`: targets are read one by one, each by its mode. */
export const documentSchema = strictFields({
  $schema: z.string().optional().describe('Where the JSON Schema of this document is; for editors.'),
  // `prefault`, not `default`: what is left out goes through the schema, whose keys have defaults of their own.
  warehouse: places.warehouse.prefault({ kind: 'local' }),
  objects: places.objects.prefault({ kind: 'directory' }),
  tracker: places.tracker.prefault({ kind: 'sqlite' }),
  wakes: places.wakes,
  environments: z
    .record(z.string().regex(/^[\w-]+$/u, 'is not a name; write letters, digits, - and _'), environment)
    .optional()
    .describe('Several places for the same targets, by name; `--env NAME` picks one.'),
  control: s3Prefix('Where Millrace keeps its own objects: job documents, manifests, pins.').default(
    's3://millrace/',
  ),
  migrations: path('The folder of the numbered SQL files.').default('migrations'),
  settle: duration('How long an object has to be unchanged before it is announced.').default('1s'),
  sweep: duration('How often everything is looked at for what was lost, late or stuck.').default('60s'),
  alerts: z
    .array(alertChannel)
    .default([])
    .describe('Who is told when somebody has to look: a log, Slack, PagerDuty, Rollbar, Sentry, a webhook.'),
  tableLoaded: z
    .array(loadedHook)
    .default([])
    .describe('Who is told over HTTP of every load of a table: what comes after it may begin then.'),
  stream: stream.prefault({ kind: 'embedded' }),
  consumer: consumer.prefault({}),
  producer: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('Who may send events over HTTP, and what: keys, webhooks, schemas, limits.'),
  events: z.record(z.string(), z.unknown()).optional().describe('What events become, by their type.'),
  targets: z.record(z.string(), z.unknown()).describe('The targets, by `schema.table`.'),
});

/** A target that events alone feed: what follows from the events may be left out, and its files are Millrace's own. */
const fed = [
  append.omit({ from: true, format: true, processedPrefix: true }),
  upsert
    .omit({ from: true, format: true, processedPrefix: true })
    .extend({ mode: upsert.shape.mode.optional(), latestBy: upsert.shape.latestBy.optional() }),
  insertOnly
    .omit({ from: true, format: true, processedPrefix: true })
    .extend({ mode: insertOnly.shape.mode.optional(), key: insertOnly.shape.key.optional() }),
] as const;

/** The whole document. */
export const configSchema = documentSchema.extend({
  events: z
    .record(z.string(), z.array(rowMapping).min(1, 'is empty; write a row, or leave the type out'))
    .optional()
    .describe('The rows that an event becomes, by its type.'),
  targets: z
    .record(
      z.string(),
      z.union([z.discriminatedUnion('mode', [append, upsert, insertOnly, replacePartition]), ...fed]),
    )
    .describe(
      'The targets, by `schema.table`; a name without a schema is in `public`. One that events feed needs no `from`.',
    ),
});

/** What `millrace.config.json` holds, and what the functions for `millrace.config.ts` return. */
export type ConfigJson = z.input<typeof configSchema>;
/** A target that files feed. */
export type TargetJson = AppendJson | UpsertJson | InsertOnlyJson | ReplacePartitionJson;
export type AppendJson = z.input<typeof append>;
export type UpsertJson = z.input<typeof upsert>;
export type InsertOnlyJson = z.input<typeof insertOnly>;
export type ReplacePartitionJson = z.input<typeof replacePartition>;

/**
 * The JSON Schema (draft 2020-12) of `millrace.config.json`, for editors and the reference. It accepts all that
 * `parseConfig` accepts; what depends on several keys only `parseConfig` refuses.
 */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'millrace.config.json' };
}
