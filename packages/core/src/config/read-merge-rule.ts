import { nearestWord } from '../copy/nearest-word.ts';
import type { MergeRule } from '../load/merge-rule.ts';
import { isProvenance } from '../load/provenance.ts';
import type { ProblemSite } from './config-error.ts';
import { type modelessTargetSchema, targetSchemas } from './config-schema.ts';
import type { ReadFields } from './read-fields.ts';

/** The fields of a target of any mode. */
export type TargetFields = ReadFields<typeof modelessTargetSchema>;

/**
 * How rows are merged, from the fields of a target. Column names are folded to lower case, as Redshift does.
 *
 * @returns undefined when a field is missing or wrong that has its own problem already, such as the mode.
 */
export function readMergeRule(fields: TargetFields, site: ProblemSite): MergeRule | undefined {
  const { mode, tombstone, onRewrite, nullKeys = 'reject', provenance = false } = fields;
  if (!isMode(mode)) return undefined;
  const key = readColumns('key', fields.key, site);
  const latestBy = readColumns('latestBy', fields.latestBy, site);
  const columns = fields.columns === undefined ? null : readColumns('columns', fields.columns, site);
  const mark = tombstone && { column: tombstone.column.toLowerCase(), equals: tombstone.equals };
  requireColumns('key', key, { columns, site });
  requireColumns('latestBy', latestBy, { columns, site });
  if (mark) requireColumns('tombstone', [mark.column], { columns, site });
  for (const [name, others] of [
    ['latestBy', latestBy],
    ['tombstone', mark ? [mark.column] : []],
  ] as const) {
    const shared = others.find((column) => key.includes(column));
    if (shared === undefined) continue;
    site.problems.push({
      path: [...site.path, name],
      message: `'${shared}' is in the key, so it is the same in all versions of a row`,
      hint: 'name another column',
    });
  }
  if (provenance) {
    refuseFilled('columns', columns ?? [], site);
    refuseFilled('key', key, site);
    refuseFilled('latestBy', latestBy, site);
    refuseFilled('tombstone', mark ? [mark.column] : [], site);
  }
  if (mode === 'replace-partition') {
    // A file that is written anew is loaded with its partition, as every other that is in it.
    const parted: MergeRule = {
      mode,
      key,
      latestBy,
      tombstone: null,
      nullKeys,
      columns,
      onRewrite: 'reload',
    };
    return provenance ? { ...parted, provenance } : parted;
  }
  if (onRewrite === 'replace') checkReplace(fields, site);
  if (onRewrite === undefined) return undefined;
  const rule: MergeRule = { mode, key, latestBy, tombstone: mark ?? null, nullKeys, columns, onRewrite };
  return provenance ? { ...rule, provenance } : rule;
}

function isMode(mode: unknown): mode is MergeRule['mode'] {
  return typeof mode === 'string' && Object.hasOwn(targetSchemas, mode);
}

/** A load is replaced by deleting its rows, which have to tell that they are its, and by reading its files once more. */
function checkReplace({ provenance, after }: TargetFields, { path, problems }: ProblemSite): void {
  if (provenance === false) {
    problems.push({
      path: [...path, 'onRewrite'],
      message: "'replace' deletes the rows of a load, which have to tell that they are its",
      hint: `write "provenance": true, or choose 'quarantine' or 'reload'`,
    });
  }
  if (after === 'move' || after === 'delete') {
    problems.push({
      path: [...path, 'after'],
      message: `'${after}' takes files away that onRewrite 'replace' would have to load once more`,
      hint: "choose 'keep' or 'tag', or another 'onRewrite'",
    });
  }
}

/** Files have no value for what Millrace fills, and no order may depend on it. */
function refuseFilled(name: string, columns: readonly string[], { path, problems }: ProblemSite): void {
  const filled = columns.find(isProvenance);
  if (filled === undefined) return;
  problems.push({
    path: [...path, name],
    message: `'${filled}' is filled by 'provenance', and is no column of the files`,
    hint: `leave '${filled}' out, or leave 'provenance' out`,
  });
}

function readColumns(
  name: string,
  value: string | readonly string[] | undefined,
  { path, problems }: ProblemSite,
): readonly string[] {
  const columns = (typeof value === 'string' ? [value] : (value ?? [])).map((column) => column.toLowerCase());
  const twice = columns.find((column, index) => columns.indexOf(column) < index);
  if (twice !== undefined) {
    problems.push({
      path: [...path, name],
      message: `names '${twice}' twice`,
      hint: 'name each column once',
    });
  }
  return [...new Set(columns)];
}

/** With an explicit list of columns, files have no others: a key that is not among them could not be compared. */
function requireColumns(
  name: string,
  needed: readonly string[],
  { columns, site }: { columns: readonly string[] | null; site: ProblemSite },
): void {
  for (const column of needed) {
    if (columns === null || columns.includes(column)) continue;
    const nearest = nearestWord(column, columns);
    site.problems.push({
      path: [...site.path, name],
      message: `'${column}' is not one of the target's columns (${columns.join(', ')})`,
      hint: nearest === undefined ? "add it to 'columns'" : `did you mean '${nearest}'?`,
    });
  }
}
