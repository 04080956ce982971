import { parseUrl, shortHash, urlOf } from '../file/identity.ts';
import type { ObjectRef } from '../ports/object-store.ts';

/** The column that ties rows to their partition where no column of the files does: the address of the partition's prefix. */
export const PARTITION_COLUMN = '_partition';

/** Files that a partition may have: beyond it the listing would not fit into memory beside others. */
export const MAX_PARTITION_FILES = 100_000;

/** What a template is made of: texts that stand as they are, and names of texts without `/`. */
export type TemplatePart = { readonly text: string } | { readonly name: string };
export type Template = readonly TemplatePart[];

/** A column that holds the same value in all rows of a partition. */
export interface PartitionColumnRule {
  readonly column: string;
  /** The value, made of what the key says. */
  readonly value: Template;
}

/** When a partition whose files have changed may be loaded. */
export type PartitionReady =
  /** As soon as an object of this name is in it. */
  | { readonly kind: 'marker'; readonly name: string }
  /** When nothing has arrived in it for so long. */
  | { readonly kind: 'quiet'; readonly quietMs: number };

/** How a target that is loaded partition by partition is parted. */
export interface PartitionRule {
  /** The part of the key behind the target's prefix that names a partition; it ends with `/`. */
  readonly folder: Template;
  /** What ties rows to their partition; null: Millrace fills `PARTITION_COLUMN`. */
  readonly columns: readonly PartitionColumnRule[] | null;
  readonly ready: PartitionReady;
  /** Whether a partition that has no files any more is emptied. */
  readonly replacesEmpty: boolean;
}

/** A column and what all rows of one partition have in it. */
export interface PartitionValue {
  readonly column: string;
  readonly value: string;
}

/** A prefix whose files are loaded together, and the rows that come from it. */
export interface Partition {
  /** `s3://bucket/prefix/`: every file below it. */
  readonly url: string;
  /** The part of it behind the target's prefix: `dt=2026-11-20/`. */
  readonly name: string;
  /** By what the warehouse knows it: the same for partitions that have the same rows. */
  readonly id: string;
  readonly rows: readonly PartitionValue[];
}

/** A job that replaces a partition: the files that are in it now take the place of those that were. */
export interface PartitionJob extends Partition {
  /** Counts the replacements of the partition; the warehouse refuses one that is not above the last. */
  readonly generation: number;
  /** How many receipts the last generation has, and how many rows it brought. */
  readonly receipts: number;
  readonly replacedRows: number;
  /** Ids of files of the job that the last generation had already. */
  readonly survivorIds: readonly string[];
  /** Ids of files of the last generation that are not in the partition any more. */
  readonly outdatedIds: readonly string[];
  /** Ids of files that waited and are not in the partition any more: nothing is left of them to load. */
  readonly absentIds: readonly string[];
}

/** The partition that an object is in; undefined when its key is not as the rule says. */
export function partitionOf(
  { from, partition }: { readonly from: readonly string[]; readonly partition: PartitionRule },
  at: ObjectRef,
): Partition | undefined {
  const url = urlOf(at);
  const prefix = from.find((one) => url.startsWith(one));
  if (prefix === undefined) return undefined;
  const match = patternOf(partition.folder).exec(url.slice(prefix.length));
  if (match === null) return undefined;
  const [name = ''] = match;
  const values = new Map<string, string>();
  namesOf(partition.folder).forEach((one, index) => {
    values.set(one, match[index + 1] ?? '');
  });
  const place = prefix + name;
  if (partition.columns === null) {
    const rows = [{ column: PARTITION_COLUMN, value: place }];
    return { url: place, name, id: shortHash(['partition', place]), rows };
  }
  const rows = partition.columns.map(({ column, value }) => ({ column, value: fill(value, values) }));
  const parts = rows.flatMap((one) => [one.column, one.value]);
  return { url: place, name, id: shortHash(['partition', ...parts]), rows };
}

/** The object that says that a partition is whole; null when time does. */
export function markerOf({ ready }: PartitionRule, { url }: Pick<Partition, 'url'>): ObjectRef | null {
  return ready.kind === 'marker' ? parseUrl(url + ready.name) : null;
}

/** The names in a template, in order. */
export function namesOf(template: Template): readonly string[] {
  return template.flatMap((part) => ('name' in part ? [part.name] : []));
}

/** A key that the rule takes for a partition's, for those that show what a job would be like. */
export function exampleFolder({ folder }: PartitionRule): string {
  return folder.map((part) => ('name' in part ? part.name : part.text)).join('');
}

function patternOf(template: Template): RegExp {
  const source = template.map((part) =>
    'name' in part ? '([^/]+?)' : part.text.replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&'),
  );
  return new RegExp(`^${source.join('')}`, 'u');
}

function fill(template: Template, values: ReadonlyMap<string, string>): string {
  return template.map((part) => ('name' in part ? (values.get(part.name) ?? '') : part.text)).join('');
}
