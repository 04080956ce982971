import type { MergeRule } from '@millrace/core';
import { compareVersions, isTombstone, keyOf } from './merge-rows.ts';
import type { Row } from './table-store.ts';

/**
 * What a merge target holds after these jobs, told another way than the statements of a plan: per key the one row that
 * comes first in the total order of all rows ever loaded, and none when that is a deletion. With insert-only, the first
 * of the first job that had the key.
 */
export function foldRows(rule: MergeRule, jobs: readonly (readonly Row[])[]): readonly Row[] {
  const { key, latestBy, tombstone, mode } = rule;
  const decided = new Set([...key, ...latestBy, tombstone?.column]);
  const names = rule.columns ?? [];
  const remaining = names
    .filter((name) => !decided.has(name))
    .map((name) => ({ name, type: 'character varying(200)', isRequired: false }));
  const order = { latestBy, tombstone, remaining };
  const best = new Map<string, Row>();
  for (const rows of jobs) {
    const ofJob = new Map<string, Row>();
    for (const row of rows) {
      const value = keyOf(row, key) ?? '';
      const known = ofJob.get(value);
      if (known === undefined || compareVersions(row, known, order) < 0) ofJob.set(value, row);
    }
    for (const [value, row] of ofJob) {
      const known = best.get(value);
      if (known === undefined || (mode === 'upsert' && compareVersions(row, known, order) < 0))
        best.set(value, row);
    }
  }
  return [...best.values()].filter((row) => tombstone === null || !isTombstone(row, tombstone));
}
