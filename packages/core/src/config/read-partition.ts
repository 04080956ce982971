import type { RouteRule } from '../file/route.ts';
import {
  namesOf,
  type PartitionColumnRule,
  type PartitionRule,
  type Template,
  type TemplatePart,
} from '../load/partition.ts';
import { isProvenance } from '../load/provenance.ts';
import { formatValue, type ProblemSite } from './config-error.ts';
import { parseDuration } from './duration.ts';
import type { TargetFields } from './read-merge-rule.ts';

const NAME = /\{([A-Za-z_]\w*)\}/gu;

/**
 * How a target is parted, from its fields. What is wrong goes to `problems`.
 *
 * @returns undefined when something was wrong.
 */
export function readPartition(
  fields: TargetFields,
  {
    path,
    problems,
    rules,
    queues,
  }: ProblemSite & { readonly rules: readonly RouteRule[]; readonly queues: readonly string[] },
): PartitionRule | undefined {
  const before = problems.length;
  const { partition: text, partitionBy, ready, whenEmpty } = fields;
  if (text === undefined || ready === undefined) return undefined;
  const refuse = (key: string, message: string, hint: string): void => {
    problems.push({ path: [...path, key], message, hint });
  };
  const folder = readTemplate(text, (message, hint) => refuse('partition', message, hint));
  if (!text.endsWith('/'))
    refuse('partition', `${formatValue(text)} does not end with '/'`, `write '${text}/'`);
  if (text.startsWith('/')) {
    refuse(
      'partition',
      `${formatValue(text)} begins with '/'`,
      'write what stands behind the prefix of the target',
    );
  }
  const [queue] = queues;
  if (queue !== undefined) {
    const message = `${queue} announces files wherever they are, and a partition is a part of a prefix`;
    refuse('from', message, "write the prefix of the files: 's3://bucket/prefix/'");
  }
  for (const { pattern, bucket } of rules) {
    if (pattern.prefix === '' || pattern.prefix.endsWith('/')) continue;
    const message = `s3://${bucket}/${pattern.prefix} does not end with '/', and partitions are the folders below it`;
    refuse('from', message, `write 's3://${bucket}/${pattern.prefix}/'`);
  }
  const columns = partitionBy === undefined ? null : readColumns(partitionBy, { folder, refuse });
  if (columns !== null && new Set(rules.map(({ bucket, pattern }) => bucket + pattern.prefix)).size > 1) {
    const message = "with several prefixes in 'from', two partitions could have the same rows";
    refuse(
      'partitionBy',
      message,
      "leave it out, so that '_partition' tells them apart, or write one prefix",
    );
  }
  if (problems.length > before) return undefined;
  return {
    folder,
    columns,
    ready:
      typeof ready === 'string'
        ? { kind: 'marker', name: ready }
        : { kind: 'quiet', quietMs: parseDuration(ready.quiet) },
    replacesEmpty: whenEmpty === 'replace',
  };
}

function readColumns(
  value: NonNullable<TargetFields['partitionBy']>,
  { folder, refuse }: { folder: Template; refuse: (key: string, message: string, hint: string) => void },
): readonly PartitionColumnRule[] {
  const entries = Array.isArray(value) ? value : [value];
  const known = namesOf(folder);
  const columns = entries.map((entry): PartitionColumnRule => {
    const { column, value: text } =
      typeof entry === 'string' ? { column: entry, value: `{${entry}}` } : entry;
    const template = readTemplate(text, (message, hint) => refuse('partitionBy', message, hint));
    const strange = namesOf(template).find((name) => !known.includes(name));
    if (strange !== undefined) {
      const names = known.length === 0 ? 'no names' : known.map((name) => `{${name}}`).join(', ');
      refuse(
        'partitionBy',
        `'{${strange}}' is not in 'partition', which has ${names}`,
        'write one of its names',
      );
    }
    if (isProvenance(column.toLowerCase())) {
      refuse('partitionBy', `'${column}' is filled by 'provenance'`, 'name a column of the data');
    }
    return { column: column.toLowerCase(), value: template };
  });
  const twice = columns.find(({ column }, at) => columns.findIndex((one) => one.column === column) < at);
  if (twice !== undefined) refuse('partitionBy', `names '${twice.column}' twice`, 'name each column once');
  const used = new Set(columns.flatMap((one) => namesOf(one.value)));
  const idle = known.find((name) => !used.has(name));
  if (idle !== undefined) {
    const message = `'{${idle}}' of 'partition' is in no column: partitions that differ in it alone would have the same rows`;
    refuse('partitionBy', message, `add a column for it, or write a text instead of '{${idle}}'`);
  }
  return columns;
}

/** A text with names in braces. Two names need something between them, or nobody knows where the one ends. */
function readTemplate(text: string, refuse: (message: string, hint: string) => void): Template {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const match of text.matchAll(NAME)) {
    const [whole, name = ''] = match;
    if (match.index > at) parts.push({ text: text.slice(at, match.index) });
    else if (parts.length > 0) {
      refuse(`${formatValue(text)} has two names with nothing between them`, 'write a text between them');
    }
    parts.push({ name });
    at = match.index + whole.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  if (parts.some((part) => 'text' in part && /[{}]/u.test(part.text))) {
    refuse(`${formatValue(text)} has a brace that belongs to no name`, "write names as '{dt}'");
  }
  const names = namesOf(parts);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) refuse(`${formatValue(text)} names '{${twice}}' twice`, 'name each once');
  return parts;
}
