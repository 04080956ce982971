import type { MergeRule, ObjectRef, TargetDefinition } from '@millrace/core';
import { COLUMNS } from './lake-file.ts';
import { BUCKET } from './lane-kind.ts';

const APPEND: MergeRule = {
  mode: 'append',
  key: [],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: COLUMNS,
  onRewrite: 'quarantine',
};

/** The lane with the backlog and the backfill. */
export const BUSY = 'public.busy';
export const BACKLOG: ObjectRef = { bucket: BUCKET, key: 'busy/' };
export const ARCHIVE: ObjectRef = { bucket: BUCKET, key: 'archive/' };

/** The busy lane, and those that get a file now and then. */
export function fairnessTargets({
  lanes,
  maxFiles,
  freshnessMs,
}: {
  lanes: number;
  maxFiles: number;
  freshnessMs: number;
}): ReadonlyMap<string, TargetDefinition> {
  const define = (name: string, prefix: ObjectRef): [string, TargetDefinition] => [
    name,
    {
      name,
      rule: APPEND,
      batching: { maxFiles, maxBytes: 1_000_000_000, freshnessMs },
      after: { kind: 'keep' },
      pin: false,
      copyFor: () => ({
        format: 'csv',
        options: 'FORMAT AS CSV COMPUPDATE OFF STATUPDATE OFF',
        iamRole: null,
      }),
      from: [`s3://${prefix.bucket}/${prefix.key}`],
    },
  ];
  const live = Array.from({ length: lanes - 1 }, (_, index) => {
    const name = `live${String(index).padStart(3, '0')}`;
    return define(`public.${name}`, { bucket: BUCKET, key: `${name}/` });
  });
  return new Map([define(BUSY, BACKLOG), ...live]);
}
