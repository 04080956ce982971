import type { AppendJson, ConfigJson, InsertOnlyJson, UpsertJson } from './config-schema.ts';
import type { CsvJson, DelimitedJson, FixedWidthJson, JsonFormatJson } from './format-schema.ts';

/*
 * The words of millrace.config.ts. Each returns the piece of JSON that it stands for and nothing else, so that both
 * ways of writing a configuration are one, and a configuration can always be printed.
 */

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The configuration itself, typed. It is checked by `parseConfig`, when it is used. */
export function defineConfig(config: ConfigJson): ConfigJson {
  return config;
}

type WarehouseJson = NonNullable<ConfigJson['warehouse']>;

/** redshift-local in this process. */
export function local(options: Without<WarehouseJson, 'kind'> = {}): WarehouseJson {
  return { kind: 'local', ...options };
}

type ObjectsJson = NonNullable<ConfigJson['objects']>;

/** A folder that plays S3: one folder in it per bucket. */
export function directory(options: Without<ObjectsJson, 'kind'> = {}): ObjectsJson {
  return { kind: 'directory', ...options };
}

type TrackerJson = NonNullable<ConfigJson['tracker']>;

/** A tracker in one SQLite file. */
export function sqlite(options: Without<TrackerJson, 'kind'> = {}): TrackerJson {
  return { kind: 'sqlite', ...options };
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
