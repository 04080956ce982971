import { shortHash } from '../file/identity.ts';
import type { TableName } from './statement.ts';

/** The schema of Millrace's own tables in every warehouse. */
export const LEDGER_SCHEMA = 'millrace';

/**
 * The small tables beside a target: one set per target, so that lanes never wait for one another.
 *
 * - `receipts`: one row per loaded file, written in the load's own transaction: the proof. Also the voids, and the horizon
 *   below which receipts were pruned.
 * - `lock`: holds nothing; every job locks it, so two jobs of one target never overlap, whatever the tracker believes.
 * - `graves`: key and `latestBy` of deleted rows of an upsert target with tombstones.
 */
export interface Ledger {
  readonly receipts: TableName;
  readonly lock: TableName;
  readonly graves: TableName;
}

/** Names are `<what>_<slug>_<hash>`: readable, and unique also for targets whose slugs collide or are cut. */
export function ledgerOf(target: string): Ledger {
  const slug = target
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '_')
    .slice(0, 60);
  const suffix = `${slug}_${shortHash(['target', target]).slice(0, 8)}`;
  const table = (what: string): TableName => ({ schema: LEDGER_SCHEMA, name: `${what}_${suffix}` });
  return { receipts: table('receipts'), lock: table('lock'), graves: table('graves') };
}

/** `schema.table` as parts. @throws nothing: configuration has checked the form. */
export function tableNameOf(target: string): TableName {
  const dot = target.indexOf('.');
  return dot < 0
    ? { schema: 'public', name: target }
    : { schema: target.slice(0, dot), name: target.slice(dot + 1) };
}

/** The `key_id` and `file_id` of the horizon: the guard finds it by the same column as the files. */
export const HORIZON_KEY = shortHash(['horizon']);

/** The `key_id` and `file_id` of an attempt's void receipt: the guard finds it by the same column as the files. */
export function voidKeyOf({ jobId, attempt }: { jobId: string; attempt: number }): string {
  return shortHash(['void', jobId, String(attempt)]);
}
