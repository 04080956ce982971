import type { DriftPolicy } from '../drift/drift-policy.ts';
import { namesColumns } from '../drift/names-columns.ts';
import type { ProblemSite } from './config-error.ts';
import type { CompiledCopy, SourceRule } from './millrace-config.ts';
import type { TargetFields } from './read-merge-rule.ts';

/** What holds where a target says a word and no more. */
const DEFAULTS = { maxColumns: 500, headroom: 2, misfits: 'quarantine' } as const;

/**
 * What becomes of files that do not fit, from the fields of a target. What is wrong goes to `problems`.
 *
 * @returns null: COPY refuses them, and nobody looks into them before.
 */
export function readDrift(
  fields: TargetFields,
  {
    path,
    problems,
    copy,
    rules,
    queues,
  }: ProblemSite & {
    readonly copy: CompiledCopy | undefined;
    readonly rules: readonly SourceRule[];
    readonly queues: readonly string[];
  },
): DriftPolicy | null {
  const { drift = 'freeze' } = fields;
  const { policy, maxColumns, headroom, misfits } =
    typeof drift === 'string' ? { policy: drift, ...DEFAULTS } : drift;
  const refuse = (key: string, message: string, hint: string): void => {
    problems.push({ path: [...path, key], message, hint });
  };
  const place = typeof drift === 'string' ? 'drift' : 'drift.policy';
  if (misfits === 'rescue' && policy !== 'evolve') {
    refuse(
      'drift',
      `'misfits' has no meaning with policy '${policy}'`,
      'leave it out, or write "policy": "evolve"',
    );
  }
  if (policy === 'freeze') return null;
  if (fields.columns !== undefined) {
    refuse(
      'columns',
      `says what the files have, and ${place} '${policy}' reads it from them`,
      "leave 'columns' out",
    );
  }
  if (fields.onRewrite === 'replace') {
    refuse(
      'onRewrite',
      `'replace' loads files of several shapes in one job, which ${place} '${policy}' cannot`,
      "choose 'quarantine' or 'reload', or drift 'freeze'",
    );
  }
  // What only events feed is written by Millrace, which knows the columns.
  const own =
    rules.length + queues.length > 0 && (queues.length > 0 || rules.some((rule) => rule.copy === null));
  const copies = [...(own && copy !== undefined ? [copy] : []), ...rules.flatMap((rule) => rule.copy ?? [])];
  if (copies.some((one) => !namesColumns({ options: one.copyOptions('none') }))) {
    refuse(
      'drift',
      `'${policy}' needs files that name their columns`,
      'write them as CSV with one header line ("header": true), as JSON whose names are the columns (without "jsonpaths"), or as Parquet; in UTF-8',
    );
  }
  return {
    evolves: policy === 'evolve',
    rescues: policy === 'rescue' || misfits === 'rescue',
    maxColumns,
    headroom,
  };
}
