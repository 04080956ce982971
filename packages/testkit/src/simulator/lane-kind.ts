import type { MergeRule, ObjectRef, PartitionRule, TargetDefinition } from '@millrace/core';
import type { Dice } from './dice.ts';
import { COLUMNS, DELETION } from './lake-file.ts';

/** What a simulated lane is like. Every seed has several of them. */
export type LaneKind =
  | 'append'
  | 'append-moved'
  | 'append-pinned'
  | 'append-replaced'
  | 'partitioned'
  | 'group-facts'
  | 'group-dimensions'
  | 'upsert'
  | 'insert-only';

export interface SimulatedLane {
  readonly kind: LaneKind;
  readonly definition: TargetDefinition;
  /** Where its files are written. */
  readonly prefix: ObjectRef;
  /** Chance that a written file is bad. */
  readonly badRate: number;
  /** Chance that a file's key is written once more. */
  readonly rewriteRate: number;
  /** Chance that a file is deleted before or after it is loaded. */
  readonly deleteRate: number;
}

export const BUCKET = 'lake';
export const CONTROL: ObjectRef = { bucket: BUCKET, key: '_millrace/' };

const APPEND: MergeRule = {
  mode: 'append',
  key: [],
  latestBy: [],
  tombstone: null,
  nullKeys: 'reject',
  columns: COLUMNS,
  onRewrite: 'quarantine',
};

const RULES: Readonly<Record<LaneKind, MergeRule>> = {
  append: APPEND,
  'append-moved': APPEND,
  // Without a pin a rewritten key may be loaded twice by an append: a limit that is documented, and not simulated.
  'append-pinned': { ...APPEND, onRewrite: 'reload' },
  'append-replaced': { ...APPEND, provenance: true, onRewrite: 'replace' },
  'group-facts': APPEND,
  'group-dimensions': {
    ...APPEND,
    mode: 'upsert',
    key: ['k'],
    latestBy: ['at'],
    tombstone: { column: 'op', equals: DELETION },
    onRewrite: 'reload',
  },
  partitioned: { ...APPEND, mode: 'replace-partition', onRewrite: 'reload' },
  upsert: {
    ...APPEND,
    mode: 'upsert',
    key: ['k'],
    latestBy: ['at'],
    tombstone: { column: 'op', equals: DELETION },
    onRewrite: 'reload',
  },
  'insert-only': { ...APPEND, mode: 'insert-only', key: ['k'], latestBy: ['at'], onRewrite: 'reload' },
};

/** Lanes whose seeds are runs of their own: among the others they would change what kept seeds do. */
export const REPLACED_LANES: readonly LaneKind[] = [
  'append-replaced',
  'append-replaced',
  'append-replaced',
  'upsert',
];

/** Lanes that are loaded partition by partition: seeds of their own as well. */
export const PARTITIONED_LANES: readonly LaneKind[] = ['partitioned', 'partitioned', 'partitioned', 'upsert'];

/** Two lanes of one group, and others beside it: seeds of their own as well. */
export const GROUPED_LANES: readonly LaneKind[] = [
  'group-facts',
  'group-dimensions',
  'group-facts',
  'append',
];

/** What says that a partition is whole, in lanes where something does. */
export const MARKER = '_SUCCESS';

/** One lane of each of the kinds. */
export function simulateLanes(kinds: readonly LaneKind[], dice: Dice): readonly SimulatedLane[] {
  return kinds.map((kind, index): SimulatedLane => {
    const prefix = { bucket: BUCKET, key: `lane${index}/` };
    const definition: TargetDefinition = {
      name: `public.lane${index}`,
      rule: RULES[kind],
      batching: {
        maxFiles: dice.pick([2, 5, 12, 30]),
        maxBytes: 1_000_000,
        freshnessMs: dice.pick([500, 2_000, 10_000]),
      },
      after: afterOf(kind, { index, dice }),
      pin:
        kind === 'append-pinned' || ((kind === 'upsert' || kind === 'append-replaced') && dice.chance(0.3)),
      copyFor: () => ({
        format: 'csv',
        options: 'FORMAT AS CSV COMPUPDATE OFF STATUPDATE OFF',
        iamRole: null,
      }),
      from: [`s3://${prefix.bucket}/${prefix.key}`],
      ...(isGrouped(kind) ? { group: { name: 'g', members: groupOf(kinds) } } : {}),
      ...(kind === 'partitioned' ? { partition: partitionRule(dice) } : {}),
    };
    return {
      kind,
      definition,
      prefix,
      badRate: dice.pick([0, 0.05, 0.2]),
      rewriteRate: dice.pick([0, 0.1, 0.3]),
      deleteRate: dice.pick([0, 0.03, 0.1]),
    };
  });
}

export function isGrouped(kind: LaneKind): boolean {
  return kind === 'group-facts' || kind === 'group-dimensions';
}

function groupOf(kinds: readonly LaneKind[]): readonly string[] {
  return kinds.flatMap((kind, index) => (isGrouped(kind) ? [`public.lane${index}`] : []));
}

function partitionRule(dice: Dice): PartitionRule {
  return {
    folder: [{ text: 'p=' }, { name: 'p' }, { text: '/' }],
    columns: null,
    ready: dice.pick([
      { kind: 'quiet', quietMs: 1_000 },
      { kind: 'quiet', quietMs: 4_000 },
      { kind: 'marker', name: MARKER },
    ]),
    replacesEmpty: dice.chance(0.3),
  };
}

function afterOf(kind: LaneKind, { index, dice }: { index: number; dice: Dice }): TargetDefinition['after'] {
  const move = { kind: 'move', to: `s3://${BUCKET}/done/lane${index}/` } as const;
  if (kind === 'append-moved') return dice.pick([move, { kind: 'delete' }]);
  if (kind === 'append' || kind === 'append-replaced' || kind === 'partitioned')
    return dice.pick([{ kind: 'keep' }, { kind: 'tag' }]);
  return dice.pick([{ kind: 'keep' }, { kind: 'keep' }, { kind: 'tag' }, move, { kind: 'delete' }]);
}

/** At least one lane that appends and one that merges. */
export function pickKinds(dice: Dice): readonly LaneKind[] {
  const append = dice.pick(['append', 'append-moved', 'append-pinned'] as const);
  const merge = dice.pick(['upsert', 'insert-only'] as const);
  const all = ['append', 'append-moved', 'append-pinned', 'upsert', 'insert-only'] as const;
  const more = Array.from({ length: dice.int(1, 3) }, () => dice.pick(all));
  return [append, merge, ...more];
}
