import { sortBacklog } from '../lane/batching.ts';
import { laneNameOf } from '../load/load-group.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import type { Loader } from '../verbs/loader.ts';
import { groupByPartition, isPartitioned, PARTITION_HELD } from '../verbs/next-partition.ts';

/** Waiting files that are looked at to name their partitions: people read a few names. */
const MAX_LOOKED = 1_000;
const MAX_NAMED = 3;

/**
 * What a target's line is made of, in words, where files alone do not say it: the partitions that wait, each with its files
 * and what holds it, or the targets that it is loaded together with; null: nothing of the kind.
 */
export async function sayLine(loader: Loader, definition: TargetDefinition): Promise<string | null> {
  if (definition.group !== undefined) {
    const others = definition.group.members.filter((name) => name !== definition.name);
    return `loaded together with ${others.join(', ')} in the lane of ${laneNameOf(definition)}`;
  }
  if (!isPartitioned(definition)) return null;
  const { loadable } = sortBacklog(await loader.tracker.waitingFiles(definition.name, MAX_LOOKED));
  const { partitions } = groupByPartition(definition, loadable);
  if (partitions.length === 0) return null;
  const named = partitions.slice(0, MAX_NAMED).map(({ partition, files }) => {
    const held = files.find(({ evidence }) => evidence?.code === PARTITION_HELD)?.evidence;
    const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
    return held === undefined ? `${partition.name} (${count})` : `${partition.name} (${count}, held)`;
  });
  const more = partitions.length > MAX_NAMED ? [`${partitions.length - MAX_NAMED} more`] : [];
  const word = partitions.length === 1 ? 'partition waits' : 'partitions wait';
  return `${partitions.length} ${word}: ${[...named, ...more].join(', ')}`;
}
