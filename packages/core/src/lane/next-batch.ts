import type { TrackedFile } from '../file/load-file.ts';
import { copyKindOf } from '../load/build-job.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { type DataStreak, pickSample, stretchToTry } from '../recover/data-streak.ts';
import { type Batch, planBatch } from './batching.ts';
import type { Lane } from './lane.ts';

/** A sample of a shorter line would not be one, where jobs are small. */
const SAMPLED_LINE = 50;

/** How many of a lane's oldest files its next job is chosen from. */
export function lineToRead({ suspects, streak }: Lane, { batching }: TargetDefinition): number {
  const { maxFiles } = batching;
  const line = Math.max(maxFiles, SAMPLED_LINE);
  const isSampled = pickSample(streak, { line, suspects: suspects ?? 0 }) !== null;
  return isSampled ? line : Math.min(maxFiles, filesToTry(suspects, streak));
}

/** The files of a lane's next job. `sampleAt`: it is the one at this place of the line. */
export function nextBatch(
  { suspects, streak }: Lane,
  loadable: readonly TrackedFile[],
  definition: TargetDefinition,
): { batch: Batch; sampleAt: number | null } {
  const sampleAt = pickSample(streak, { line: loadable.length, suspects: suspects ?? 0 });
  const sample = sampleAt === null ? undefined : loadable[sampleAt];
  if (sample !== undefined) {
    return { batch: { files: [sample], bytes: sample.file.identity.size, isFull: true }, sampleAt };
  }
  const { maxFiles, maxBytes } = definition.batching;
  const batch = planBatch(loadable, {
    maxFiles: Math.min(maxFiles, filesToTry(suspects, streak)),
    maxBytes,
    kindOf: ({ file }) => copyKindOf(definition, file),
  });
  return { batch, sampleAt: null };
}

/** Half of the suspects: when they load, the bad file is in the other half. */
function filesToTry(suspects: number | null, streak: DataStreak | null): number {
  return suspects === null ? stretchToTry(streak) : Math.max(1, Math.floor(suspects / 2));
}
