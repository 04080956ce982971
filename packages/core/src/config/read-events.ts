import { Transforms } from '../event/apply-transforms.ts';
import { type CompiledMapping, compileMapping, type RowMapping } from '../event/mapping.ts';
import type { Transform } from '../event/transform.ts';
import { attempt, type ConfigProblem, formatValue } from './config-error.ts';
import { rowMapping } from './event-schema.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { readFields, unknownKey } from './read-fields.ts';
import { parseTargetName } from './target-name.ts';

/** What `events` says, before anybody knows the targets. */
export interface ReadEvents {
  readonly transforms: ReadonlyMap<string, Transform | CompiledMapping>;
  /** The rows that mappings make, and where each is written. */
  readonly mappings: readonly { readonly mapping: RowMapping; readonly path: ConfigProblem['path'] }[];
  /** Functions may make rows of any target. */
  readonly hasFunctions: boolean;
}

/** Reads `events`: a function, a mapping or a list of mappings per type of event. */
export function readEvents(events: Readonly<Record<string, unknown>>, problems: ConfigProblem[]): ReadEvents {
  const transforms = new Map<string, Transform | CompiledMapping>();
  const mappings: { mapping: RowMapping; path: ConfigProblem['path'] }[] = [];
  let hasFunctions = false;
  for (const [type, value] of Object.entries(events)) {
    const path = ['events', type];
    if (typeof value === 'function') {
      transforms.set(type, value as Transform);
      hasFunctions = true;
      continue;
    }
    if (!Array.isArray(value) || value.length === 0) {
      problems.push({
        path,
        message: `${formatValue(value)} is not a list of rows`,
        hint: 'write [{"fact": "schema.table", "columns": {"id": "$.id"}}], or a function in millrace.config.ts',
      });
      continue;
    }
    const own = value.flatMap((row: unknown, at) => readRow(row, { path: [...path, at], problems }));
    mappings.push(...own);
    const transform = attempt({ path, problems }, () => compileMapping(own.map(({ mapping }) => mapping)));
    if (transform !== undefined) transforms.set(type, transform);
  }
  return { transforms, mappings, hasFunctions };
}

function readRow(row: unknown, site: { path: ConfigProblem['path']; problems: ConfigProblem[] }) {
  const { path, problems } = site;
  const isDimension = typeof row === 'object' && row !== null && 'dimension' in row;
  const [fact, dimension] = rowMapping.options;
  const before = problems.length;
  const kind = isDimension ? 'dimension' : 'fact';
  const fields = readFields(isDimension ? dimension : fact, row, site);
  if (isDimension && typeof row === 'object' && 'fact' in row) {
    problems.push(unknownKey('fact', { path, known: ['dimension', 'columns'] }));
  }
  const written = (fields as { fact?: string; dimension?: string })[kind];
  if (problems.length > before || written === undefined || fields.columns === undefined) return [];
  const target = attempt({ path: [...path, kind], problems }, () => parseTargetName(written));
  return target === undefined
    ? []
    : [{ mapping: { kind, target, columns: fields.columns } as RowMapping, path }];
}

/** The columns of a mapping that hold this path of the event. */
const columnsOf = ({ columns }: RowMapping, path: string): readonly string[] =>
  Object.entries(columns).flatMap(([column, from]) => (from === path ? [column.toLowerCase()] : []));

/** Whether events, and nothing else, may make rows of a target. */
export function isFed(
  name: string,
  { from }: Readonly<Record<string, unknown>>,
  { mappings, hasFunctions }: ReadEvents,
): boolean {
  return from === undefined && (hasFunctions || mappings.some(({ mapping }) => mapping.target === name));
}

/**
 * What a target says, filled in from the events that feed it: a fact is insert-only on the event's id, a dimension an
 * upsert by the event's time. What the target itself says stands.
 */
export function withEventDefaults(
  name: string,
  value: Readonly<Record<string, unknown>>,
  { mappings }: ReadEvents,
): Readonly<Record<string, unknown>> {
  const mapping = mappings.find((one) => one.mapping.target === name)?.mapping;
  const { mode = mapping?.kind === 'dimension' ? 'upsert' : 'insert-only' } = value;
  // What functions make of the id cannot be seen: it is looked for under its own name.
  const ids = mapping === undefined ? ['id'] : columnsOf(mapping, '$.id');
  const times = mapping === undefined ? [] : columnsOf(mapping, '$.time');
  return {
    ...(mode === 'insert-only' && ids.length > 0 ? { key: ids } : {}),
    ...(mode === 'upsert' && times.length > 0 ? { latestBy: times } : {}),
    ...value,
    mode,
  };
}

/** Joins transforms and targets, and tells which mappings can make no row of theirs. */
export function joinEvents(
  { transforms, mappings }: ReadEvents,
  targets: ReadonlyMap<string, ConfiguredTarget>,
  { problems, known }: { problems: ConfigProblem[]; known: ReadonlySet<string> },
): Transforms {
  for (const { mapping, path } of mappings) {
    const { kind, target, columns } = mapping;
    const definition = targets.get(target);
    if (definition === undefined) {
      // One that is there and wrong has its problems already.
      if (known.has(target)) continue;
      const hint = "declare it under 'targets'; a target that events feed needs no 'from'";
      problems.push({ path: [...path, kind], message: `'${target}' is not a target`, hint });
      continue;
    }
    const { mode, key, latestBy } = definition.rule;
    if (kind === 'dimension' && mode !== 'upsert') {
      const hint = `write "mode": "upsert" in ${target}, or make it a fact`;
      problems.push({ path: [...path, kind], message: `${target} is in mode ${mode}`, hint });
    }
    const names = Object.keys(columns).map((column) => column.toLowerCase());
    const twice = names.find((name, at) => names.indexOf(name) < at);
    if (twice !== undefined) {
      problems.push({ path: [...path, 'columns'], message: `names '${twice}' twice`, hint: 'name it once' });
    }
    const lacking = [...key, ...latestBy].filter((column) => !names.includes(column));
    if (lacking.length > 0) {
      const message = `lacks '${lacking.join("', '")}', by which rows of ${target} are merged`;
      const hint = `write where in the event it is: "${lacking[0]}": "$.id"`;
      problems.push({ path: [...path, 'columns'], message, hint });
    }
    const other = names.find((name) => definition.rule.columns?.includes(name) === false);
    if (other !== undefined) {
      const message = `'${other}' is not among the 'columns' of ${target}`;
      problems.push({ path: [...path, 'columns'], message, hint: 'add it there, or leave it out here' });
    }
  }
  const rules = new Map([...targets].map(([name, { rule }]) => [name, rule]));
  return new Transforms(transforms, rules);
}
