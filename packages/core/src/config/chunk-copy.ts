import { chunkKeyOf, readChunkKey } from '../event/chunk-key.ts';
import { CHUNK_NULL } from '../event/line-writer.ts';
import type { FileCopy } from '../load/target-definition.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import { compileCopy } from './compile-copy.ts';
import type { ConfigProblem } from './config-error.ts';
import type { CompiledCopy, ConfiguredTarget, MillraceConfig } from './millrace-config.ts';

const NULL_AS = `NULL AS '${CHUNK_NULL}'`;
/** Chunks are written as COPY reads CSV; times in them are ISO 8601. */
const CHUNK_FORMAT = { kind: 'csv', header: false, compression: 'auto' } as const;
const CHUNK_OPTIONS = `TIMEFORMAT 'auto' DATEFORMAT 'auto' ${NULL_AS}`;

/**
 * How COPY reads the files of a target that nothing but events feeds: as chunks, with what the target's own `copy` adds.
 * What it says of times stands instead of ours; of NULL it may say nothing, which is written as chunks have it.
 */
export function chunkFields(copy: unknown): Readonly<Record<string, unknown>> {
  const own = typeof copy === 'string' ? copy : '';
  const options = ['TIMEFORMAT', 'DATEFORMAT'].filter((word) => !new RegExp(`\\b${word}\\b`, 'iu').test(own));
  const added = options.map((word) => `${word} 'auto'`).join(' ');
  return { format: CHUNK_FORMAT, copy: `${own} ${added} ${NULL_AS}`.trim() };
}

/** The same target, which reads its chunks as they are written, each with its own columns. */
export function withChunks(target: ConfiguredTarget, control: ObjectRef): ConfiguredTarget {
  const problems: ConfigProblem[] = [];
  const isOnlyFed = target.rules.length === 0 && target.queues.length === 0;
  const own = isOnlyFed
    ? target
    : (compileCopy({ format: CHUNK_FORMAT, copy: CHUNK_OPTIONS }, { path: [], problems }) ?? target);
  return { ...target, copyFor: (at) => chunkCopy(own, control, at) ?? target.copyFor(at) };
}

/**
 * The COPY options that chunks of a target are read with, but for how they are packed. Undefined: it is no target, or one
 * whose table follows its files or keeps what does not fit, so that nothing can be said before.
 */
export function chunkOptionsOf(
  { control, targets }: Pick<MillraceConfig, 'control' | 'targets'>,
  target: string,
): string | undefined {
  const { drift } = targets.get(target) ?? {};
  if (drift?.evolves === true || drift?.rescues === true) return undefined;
  const chunk = chunkKeyOf(control, { target, columns: '0'.repeat(16) }, { id: 'any', ending: '' });
  return targets.get(target)?.copyFor(chunk).options;
}

function chunkCopy(
  { format, iamRole, copyOptions, compressionOf }: CompiledCopy,
  control: ObjectRef,
  at: ObjectRef,
): FileCopy | undefined {
  const chunk = readChunkKey(control, at);
  if (chunk === undefined) return undefined;
  return { format, iamRole, options: copyOptions(compressionOf(at.key)), columnList: chunk.columns };
}
