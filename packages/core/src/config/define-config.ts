import type { Transform } from '../event/transform.ts';
import type { AlertChannelJson } from './alert-schema.ts';
import type {
  AppendJson,
  ConfigJson,
  InsertOnlyJson,
  ReplacePartitionJson,
  UpsertJson,
} from './config-schema.ts';
import type { RowMappingJson } from './event-schema.ts';
import type { CsvJson, DelimitedJson, FixedWidthJson, JsonFormatJson } from './format-schema.ts';
import type { ObjectsJson, TrackerJson, WakesJson, WarehouseJson } from './place-schema.ts';

/*
 * The words of millrace.config.ts. Each returns the piece of JSON that it stands for and nothing else, so that both
 * ways of writing a configuration are one, and a configuration can always be printed.
 */

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type KindOf<T, K extends string> = Extract<T, { kind: K }>;

/** What a millrace.config.ts may say: as the JSON, and what events become also as functions. */
export interface ConfigInput extends Omit<ConfigJson, 'events'> {
  readonly events?: Readonly<Record<string, Transform | RowMappingJson[]>>;
}

/** The configuration itself, typed. It is checked by `parseConfig`, when it is used. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/** redshift-local in this process. */
export function local(options: Without<KindOf<WarehouseJson, 'local'>, 'kind'> = {}): WarehouseJson {
  return { kind: 'local', ...options };
}

/** Amazon Redshift, through the Data API. */
export function redshift(options: Without<KindOf<WarehouseJson, 'redshift'>, 'kind'>): WarehouseJson {
  return { kind: 'redshift', ...options };
}

/** PostgreSQL, 15 or later. */
export function postgres(options: Without<KindOf<WarehouseJson, 'postgres'>, 'kind'>): WarehouseJson {
  return { kind: 'postgres', ...options };
}

/** A folder that plays S3: one folder in it per bucket. */
export function directory(options: Without<KindOf<ObjectsJson, 'directory'>, 'kind'> = {}): ObjectsJson {
  return { kind: 'directory', ...options };
}

/** Amazon S3. */
export function s3(options: Without<KindOf<ObjectsJson, 's3'>, 'kind'> = {}): ObjectsJson {
  return { kind: 's3', ...options };
}

/** A tracker in one SQLite file. */
export function sqlite(options: Without<KindOf<TrackerJson, 'sqlite'>, 'kind'> = {}): TrackerJson {
  return { kind: 'sqlite', ...options };
}

/** A tracker in a DynamoDB table, shared by all that work on it. */
export function dynamodb(options: Without<KindOf<TrackerJson, 'dynamodb'>, 'kind'>): TrackerJson {
  return { kind: 'dynamodb', ...options };
}

/** Wakes as delayed messages of an SQS queue. */
export function sqs(options: Without<WakesJson, 'kind'>): WakesJson {
  return { kind: 'sqs', ...options };
}

/** The source of a target whose files a queue of their own announces, wherever they are. */
export function queue(name: string): { queue: string } {
  return { queue: name };
}

/** A target to which every row of every file is added. */
export function append(options: Without<AppendJson, 'mode'>): AppendJson {
  return { mode: 'append', ...options };
}

/** A target that holds the latest version of each key. */
export function upsert(options: Without<UpsertJson, 'mode'>): UpsertJson {
  return { mode: 'upsert', ...options };
}

/** A target that holds the first version of each key. */
export function insertOnly(options: Without<InsertOnlyJson, 'mode'>): InsertOnlyJson {
  return { mode: 'insert-only', ...options };
}

/** A target whose partitions are replaced as a whole, by the files that are in them. */
export function replacePartition(options: Without<ReplacePartitionJson, 'mode'>): ReplacePartitionJson {
  return { mode: 'replace-partition', ...options };
}

export function csv(options: Without<CsvJson, 'kind'> = {}): CsvJson {
  return { kind: 'csv', ...options };
}

export function delimited(options: Without<DelimitedJson, 'kind'> = {}): DelimitedJson {
  return { kind: 'delimited', ...options };
}

export function fixedwidth(options: Without<FixedWidthJson, 'kind'>): FixedWidthJson {
  return { kind: 'fixedwidth', ...options };
}

export function json(options: Without<JsonFormatJson, 'kind'> = {}): JsonFormatJson {
  return { kind: 'json', ...options };
}

export function parquet(): { kind: 'parquet' } {
  return { kind: 'parquet' };
}

/** Conditions as lines of the log. */
export function logAlerts(options: Without<KindOf<AlertChannelJson, 'log'>, 'kind'> = {}): AlertChannelJson {
  return { kind: 'log', ...options };
}

/** Conditions as messages in Slack. */
export function slack(options: Without<KindOf<AlertChannelJson, 'slack'>, 'kind'>): AlertChannelJson {
  return { kind: 'slack', ...options };
}

/** Conditions as incidents in PagerDuty. */
export function pagerduty(options: Without<KindOf<AlertChannelJson, 'pagerduty'>, 'kind'>): AlertChannelJson {
  return { kind: 'pagerduty', ...options };
}

/** Conditions as items in Rollbar. */
export function rollbar(options: Without<KindOf<AlertChannelJson, 'rollbar'>, 'kind'>): AlertChannelJson {
  return { kind: 'rollbar', ...options };
}

/** Conditions as events in Sentry. */
export function sentry(options: Without<KindOf<AlertChannelJson, 'sentry'>, 'kind'>): AlertChannelJson {
  return { kind: 'sentry', ...options };
}

/** Conditions as JSON to an address of yours. */
export function webhook(options: Without<KindOf<AlertChannelJson, 'json'>, 'kind'>): AlertChannelJson {
  return { kind: 'json', ...options };
}
