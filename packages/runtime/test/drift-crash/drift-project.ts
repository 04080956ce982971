import { type MillraceConfig, parseConfig } from '@millrace/core';

/** Where a process that changes a table, or copies a file, is killed: right behind that. */
export const DRIFT_FAILPOINTS = {
  /** The changes are written down; none is made. */
  'after-record': /INSERT INTO "millrace"\."changes_/u,
  /** One of two changes is made. */
  'between-changes': /ADD COLUMN "carrier"/u,
  /** Both are made; the history does not know. */
  'before-confirm': /ALTER COLUMN "city"/u,
  /** It knows; no job is planned. */
  'after-confirm': /UPDATE "millrace"\."changes_/u,
  /** The column for what does not fit is there, and empty. */
  'after-rescued-column': /ADD COLUMN "_rescued"/u,
  /** The copy that fits is written; no job is planned. */
  'after-copy': /^rescued\//u,
} as const;
export type DriftFailpoint = keyof typeof DRIFT_FAILPOINTS;

export const DRIFT_TABLES = 'CREATE TABLE public.orders (id BIGINT, city VARCHAR(5), price DECIMAL(8,2));';

const CONFIG = {
  settle: '20ms',
  control: 's3://millrace/',
  targets: {
    'public.orders': {
      mode: 'append',
      from: 's3://lake/orders/',
      format: { kind: 'csv', header: true },
      freshness: '1s',
      drift: { policy: 'evolve', misfits: 'rescue' },
    },
  },
} as const;

export function readDriftConfig(): MillraceConfig {
  return parseConfig(CONFIG, { source: 'drift-project.ts' });
}
