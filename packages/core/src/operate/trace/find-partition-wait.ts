import type { TrackedFile } from '../../file/load-file.ts';
import { markerOf } from '../../load/partition.ts';
import type { TargetDefinition } from '../../load/target-definition.ts';
import type { Loader } from '../../verbs/loader.ts';
import { groupByPartition, isPartitioned, PARTITION_HELD } from '../../verbs/next-partition.ts';

/** The partition that a waiting file is in, and what it waits for. */
export interface PartitionWait {
  /** `dt=2026-11-20/` */
  readonly name: string;
  readonly state: /** No file of it has come since it was found that it cannot be replaced: `reason` and `hint` say why. */
    | { readonly kind: 'held'; readonly reason: string; readonly hint: string | undefined }
    /** The object that tells that it is whole is not there. */
    | { readonly kind: 'unmarked'; readonly marker: string }
    /** It is replaced when nothing has arrived in it until then. */
    | { readonly kind: 'quiet'; readonly until: number; readonly quietMs: number }
    /** Nothing of its own keeps it. */
    | { readonly kind: 'ready' };
}

/**
 * The partition of a waiting file; undefined where its target has none, or the file is in none.
 *
 * @param waiting the files of the target's line, the oldest first.
 */
export async function findPartitionWait(
  loader: Loader,
  {
    definition,
    file,
    waiting,
  }: { definition: TargetDefinition | undefined; file: TrackedFile; waiting: readonly TrackedFile[] },
): Promise<PartitionWait | undefined> {
  if (definition === undefined || !isPartitioned(definition)) return undefined;
  // Of a line that is longer than what was read of it the file itself has to do.
  const isInLine = waiting.some((one) => one.file.id === file.file.id);
  const { partitions } = groupByPartition(definition, isInLine ? waiting : [...waiting, file]);
  const own = partitions.find(({ files }) => files.some((one) => one.file.id === file.file.id));
  if (own === undefined) return undefined;
  const { partition, files } = own;
  const { name } = partition;
  const held = files.every(({ evidence }) => evidence?.code === PARTITION_HELD) ? file.evidence : undefined;
  if (held !== undefined) return { name, state: { kind: 'held', reason: held.reason, hint: held.hint } };
  const { ready } = definition.partition;
  const marker = markerOf(definition.partition, partition);
  if (ready.kind === 'quiet' || marker === null) {
    const quietMs = ready.kind === 'quiet' ? ready.quietMs : 0;
    const until = Math.max(...files.map((one) => one.file.arrivedAt)) + quietMs;
    return { name, state: until > loader.now() ? { kind: 'quiet', until, quietMs } : { kind: 'ready' } };
  }
  const isMarked = (await loader.objects.head(marker)) !== undefined;
  return { name, state: isMarked ? { kind: 'ready' } : { kind: 'unmarked', marker: ready.name } };
}
