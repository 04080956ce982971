import type { z } from 'zod';
import { prefixesOf, type RouteRule } from '../file/route.ts';
import { MAX_PARTITION_FILES } from '../load/partition.ts';
import type { DoneAction } from '../load/target-definition.ts';
import { type ConfigProblem, formatValue } from './config-error.ts';
import { modelessTargetSchema, targetSchemas } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import type { Format } from './format-schema.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { readDrift } from './read-drift.ts';
import { readFields, unknownWord } from './read-fields.ts';
import { readMergeRule, type TargetFields } from './read-merge-rule.ts';
import { readPartition } from './read-partition.ts';
import { readBy, readSources } from './read-sources.ts';
import { parseSize } from './size.ts';

/** A target that was read, and where each of its rules is written: what checks over all targets report. */
export interface ReadTarget {
  readonly name: string;
  readonly rules: readonly RouteRule[];
  readonly rulePaths: readonly ConfigProblem['path'][];
  /** Undefined when it was wrong. */
  readonly after: DoneAction | undefined;
  /** Undefined when anything of the target was wrong; its routes are checked all the same. */
  readonly definition: ConfiguredTarget | undefined;
  readonly path: ConfigProblem['path'];
}

export interface ReadTargetOptions {
  readonly path: ConfigProblem['path'];
  readonly problems: ConfigProblem[];
  /** What files are that neither `format` nor `copy` describes. Without it, they have to be described. */
  readonly fallbackFormat?: Format;
  /** False for a target whose files are announced by a queue of its own. */
  readonly requiresFrom?: boolean;
}

/** Reads one target as it is written in JSON. `name` is `schema.table`. What is wrong goes to `problems`. */
export function readTarget(name: string, value: unknown, options: ReadTargetOptions): ReadTarget {
  const { path, problems } = options;
  const problemsBefore = problems.length;
  if (!isObject(value)) {
    problems.push({
      path,
      message: `${formatValue(value)} is not an object`,
      hint: 'write {"mode": …, "from": …}',
    });
    return { name, rules: [], rulePaths: [], after: undefined, definition: undefined, path };
  }
  const fields = readTargetFields(value, options);
  const ownRule = readMergeRule(fields, { path, problems });
  // What is there and wrong has its problems already; a format that may be in it is not missing.
  const isFormatKnown =
    fields.format !== undefined ||
    (value.format === undefined && (fields.from !== undefined || typeof value.from !== 'object'));
  const { rules, queues, rulePaths, copy } = readSources(fields, { ...options, isFormatKnown });
  const after = readDoneAction(fields, { path, problems, rules, queues });
  const drift = readDrift(fields, { path, problems, copy, rules, queues });
  const rule: typeof ownRule = drift?.rescues === true && ownRule ? { ...ownRule, rescues: true } : ownRule;
  const partition =
    rule?.mode === 'replace-partition' ? readPartition(fields, { path, problems, rules, queues }) : null;
  const parts = { name, rules, rulePaths, after, path };
  // A partition is one job, however large.
  const { maxFiles, maxBytes, freshness, pin } =
    partition === null
      ? fields
      : { ...fields, maxFiles: MAX_PARTITION_FILES, maxBytes: '1000TB', pin: false };
  const isWhole =
    maxFiles !== undefined && maxBytes !== undefined && freshness !== undefined && pin !== undefined;
  if (problems.length > problemsBefore || !rule || !after || !copy || !isWhole || partition === undefined) {
    return { ...parts, definition: undefined };
  }
  const definition: ConfiguredTarget = {
    name,
    rule,
    batching: { maxFiles, maxBytes: parseSize(maxBytes), freshnessMs: parseDuration(freshness) },
    after,
    pin,
    ...copy,
    rules,
    queues,
    ...(partition === null ? {} : { partition }),
    ...(fields.group === undefined ? {} : { group: { name: fields.group, members: [name] } }),
    ...(drift === null ? {} : { drift }),
    copyFor: readBy(rules, copy),
    from: prefixesOf(rules).map(({ bucket, prefix }) => `s3://${bucket}/${prefix}`),
  };
  return { ...parts, definition };
}

function readTargetFields(
  value: Readonly<Record<string, unknown>>,
  { path, problems, requiresFrom = true }: ReadTargetOptions,
): TargetFields {
  const at = { path, problems };
  const { mode } = value;
  const modes = Object.keys(targetSchemas);
  if (typeof mode !== 'string' || !isMode(mode)) {
    problems.push(unknownWord(mode, { path: [...path, 'mode'], known: modes }));
    return readFields(modelessTargetSchema, value, at);
  }
  const { shape } = targetSchemas[mode];
  const known: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (!Object.hasOwn(shape, key) && Object.hasOwn(modelessTargetSchema.shape, key)) {
      const others = modes.filter((other) => isMode(other) && Object.hasOwn(targetSchemas[other].shape, key));
      problems.push({
        path: [...path, key],
        message: `has no meaning in mode '${mode}'`,
        hint: `leave it out, or choose mode ${others.map((other) => `'${other}'`).join(' or ')}`,
      });
    } else {
      known[key] = field;
    }
  }
  const schema: z.ZodObject = targetSchemas[mode];
  const optionalFrom = { from: targetSchemas[mode].shape.from.optional() };
  return readFields(requiresFrom ? schema : schema.extend(optionalFrom), known, at) as TargetFields;
}

function readDoneAction(
  { after = 'keep', processedPrefix }: TargetFields,
  {
    path,
    problems,
    rules,
    queues,
  }: {
    path: ConfigProblem['path'];
    problems: ConfigProblem[];
    rules: readonly RouteRule[];
    queues: readonly string[];
  },
): DoneAction | undefined {
  if (after !== 'move') {
    if (processedPrefix === undefined) return { kind: after };
    problems.push({
      path: [...path, 'processedPrefix'],
      message: `has no meaning with after '${after}'`,
      hint: 'leave it out, or write "after": "move"',
    });
    return undefined;
  }
  const [first, ...others] = rules;
  if (first === undefined) {
    // Without this sentence the target would be gone, and nobody told.
    if (queues.length > 0) {
      problems.push({
        path: [...path, 'after'],
        message:
          "'move' needs a target with one prefix: where its files are that a queue announces, nobody knows",
        hint: "choose 'keep', 'tag' or 'delete', or write the prefix beside the queue in 'from'",
      });
    }
    return undefined;
  }
  if (
    others.some(({ bucket, pattern }) => bucket !== first.bucket || pattern.prefix !== first.pattern.prefix)
  ) {
    // Files keep the rest of their key behind the prefix: those of two prefixes would be moved onto each other.
    problems.push({
      path: [...path, 'after'],
      message: "'move' needs a target with one prefix: files of several could be moved to the same place",
      hint: "choose 'keep', 'tag' or 'delete', or write one prefix with a 'match'",
    });
  }
  if (processedPrefix !== undefined && !processedPrefix.endsWith('/')) {
    problems.push({
      path: [...path, 'processedPrefix'],
      message: `${formatValue(processedPrefix)} does not end with '/'`,
      hint: `write '${processedPrefix}/'`,
    });
  }
  return { kind: 'move', to: processedPrefix ?? besideFolder(first) };
}

/** `s3://lake/flights/` → `s3://lake/processed/flights/`: beside the folder, so that no route below it sees the files. */
function besideFolder({ bucket, pattern: { prefix } }: RouteRule): string {
  const nameAt = prefix.slice(0, -1).lastIndexOf('/') + 1;
  return `s3://${bucket}/${prefix.slice(0, nameAt)}processed/${prefix.slice(nameAt)}`;
}

function isMode(mode: string): mode is keyof typeof targetSchemas {
  return Object.hasOwn(targetSchemas, mode);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
