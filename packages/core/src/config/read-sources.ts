import { parseUrl } from '../file/identity.ts';
import { compileKeyPattern } from '../file/key-pattern.ts';
import { takes } from '../file/route.ts';
import type { FileCopy } from '../load/target-definition.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import { compileCopy } from './compile-copy.ts';
import { attempt, type ConfigProblem } from './config-error.ts';
import type { Format } from './format-schema.ts';
import type { CompiledCopy, SourceRule } from './millrace-config.ts';
import type { TargetFields } from './read-merge-rule.ts';

/** The entries of `from`, each with what its files look like, if it says so, and where it is written. */
export interface ReadSources {
  readonly rules: readonly SourceRule[];
  /** The queues that announce files of the target, wherever these are. */
  readonly queues: readonly string[];
  readonly rulePaths: readonly ConfigProblem['path'][];
  /** The target's own format; undefined when it, or a source, was wrong. */
  readonly copy: CompiledCopy | undefined;
}

export interface SourceSite {
  readonly path: ConfigProblem['path'];
  readonly problems: ConfigProblem[];
  readonly fallbackFormat?: Format;
  /** False when what would say the format is there and wrong: COPY options make no sense without it. */
  readonly isFormatKnown: boolean;
}

/** Reads `from`, `format` and `copy` of a target: which files it takes, and how COPY reads each of them. */
export function readSources(fields: TargetFields, site: SourceSite): ReadSources {
  const { path, problems } = site;
  const { from, allowRowLoss } = fields;
  const entries = from === undefined ? [] : Array.isArray(from) ? from : [from];
  const rules: SourceRule[] = [];
  const queues: string[] = [];
  const rulePaths: ConfigProblem['path'][] = [];
  const problemsBefore = problems.length;
  entries.forEach((entry, index) => {
    const rulePath = Array.isArray(from) ? [...path, 'from', index] : [...path, 'from'];
    if (typeof entry === 'object' && 'queue' in entry) {
      queues.push(entry.queue);
      return;
    }
    const { prefix, match = null, format, copy } = typeof entry === 'string' ? { prefix: entry } : entry;
    const { bucket, key } = parseUrl(prefix);
    const pattern = attempt({ path: [...rulePath, 'match'], problems }, () => compileKeyPattern(key, match));
    const saysCopy = format !== undefined || copy !== undefined;
    const own = saysCopy
      ? compileCopy({ format, copy, allowRowLoss }, { path: rulePath, problems })
      : undefined;
    if (!pattern) return;
    rules.push({ bucket, pattern, copy: own ?? null });
    rulePaths.push(rulePath);
  });
  if (problems.length > problemsBefore) return { rules, queues, rulePaths, copy: undefined };
  return { rules, queues, rulePaths, copy: readOwnCopy(fields, { ...site, rules, queues }) };
}

function readOwnCopy(
  fields: TargetFields,
  {
    rules,
    queues,
    isFormatKnown,
    ...site
  }: SourceSite & { readonly rules: readonly SourceRule[]; readonly queues: readonly string[] },
): CompiledCopy | undefined {
  const [first] = rules;
  // What a queue announces is read as the target says.
  const isSaidBySources = first?.copy && queues.length === 0 && rules.every(({ copy }) => copy !== null);
  if (!isSaidBySources) return isFormatKnown ? compileCopy(fields, site) : undefined;
  // It would be believed to hold for all files, and holds for none.
  const idle = (['format', 'copy'] as const).filter((key) => fields[key] !== undefined);
  for (const key of idle) {
    site.problems.push({
      path: [...site.path, key],
      message: "holds for no file: every entry of 'from' says what its files look like",
      hint: "leave it out, or leave 'format' and 'copy' out of the entries for which it is to hold",
    });
  }
  return first.copy;
}

/** How an object is read: the first source that takes it decides, and the target where that one says nothing. */
export function readBy(rules: readonly SourceRule[], own: CompiledCopy): (at: ObjectRef) => FileCopy {
  return (at) => {
    const { format, copyOptions, compressionOf, iamRole } =
      rules.find((rule) => takes(rule, at))?.copy ?? own;
    return { format, options: copyOptions(compressionOf(at.key)), iamRole };
  };
}
