import { parseUrl } from '../file/identity.ts';
import { checkRoutes } from './check-routes.ts';
import { withChunks } from './chunk-copy.ts';
import { attempt, ConfigError, type ConfigProblem } from './config-error.ts';
import { documentSchema } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import { joinGroups } from './join-groups.ts';
import type { MillraceConfig } from './millrace-config.ts';
import { parseJson } from './parse-json.ts';
import { readAlerts } from './read-alerts.ts';
import { readEventConfig } from './read-event-config.ts';
import { type ReadEvents, readEvents } from './read-events.ts';
import { readFedTarget } from './read-fed-target.ts';
import { readFields } from './read-fields.ts';
import { readLoadedHooks } from './read-loaded-hooks.ts';
import { readPlaces } from './read-places.ts';
import type { ReadTarget } from './read-target.ts';
import { parseTargetName } from './target-name.ts';

/** A sweep that never rests would be the clock of everything, and keep a small machine busy with itself. */
const MIN_SWEEP_MS = 1_000;

export interface ParseConfigOptions {
  /** What errors call the document: its path. */
  readonly source: string;
  /** Which of the document's `environments` is meant. */
  readonly environment?: string | undefined;
}

/**
 * Checks a configuration and fills in what it leaves out. `value` is what millrace.config.json holds, or what
 * millrace.config.ts exports: the same.
 *
 * @throws ConfigError (code `config-invalid`) with every problem: where it is, what is wrong, what to write instead.
 */
export function parseConfig(value: unknown, { source, environment }: ParseConfigOptions): MillraceConfig {
  const problems: ConfigProblem[] = [];
  const fields = readFields(documentSchema, value, { path: [], problems });
  const { migrations, settle, sweep } = fields;
  const saysWarehouse = typeof value === 'object' && value !== null && 'warehouse' in value;
  const written = namesOf(value);
  const places = readPlaces(fields, { asked: environment, written, saysWarehouse, problems });
  if (sweep !== undefined && parseDuration(sweep) < MIN_SWEEP_MS) {
    problems.push({ path: ['sweep'], message: `'${sweep}' is too short`, hint: "write '1s' or more" });
  }
  const alerts = readAlerts(fields.alerts ?? [], problems);
  const eventRows = readEvents(fields.events ?? {}, problems);
  const targets = readTargets(fields.targets ?? {}, { events: eventRows, problems });
  const control = places?.control ?? fields.control;
  problems.push(...checkRoutes(targets, control === undefined ? null : parseUrl(control)));
  const definitions = joinGroups(
    targets.flatMap(({ definition }) => (definition ? [definition] : [])),
    { problems, isLimited: places?.warehouse.kind !== 'postgres' },
  );
  if (places?.objects.kind === 'directory') {
    for (const { name, queues } of definitions) {
      if (queues.length === 0) continue;
      const message = `queue '${queues[0]}' announces nothing that is in a directory`;
      problems.push({
        path: ['targets', name, 'from'],
        message,
        hint: "write a prefix, or objects of kind 's3'",
      });
    }
  }
  const events = readEventConfig(fields, eventRows, {
    targets: new Map(definitions.map((definition) => [definition.name, definition])),
    known: new Set(targets.map(({ name }) => name)),
    problems,
  });
  const tableLoaded = readLoadedHooks(fields.tableLoaded ?? [], {
    known: new Set(targets.map(({ name }) => name)),
    problems,
  });
  const isWhole = places && migrations !== undefined && settle !== undefined;
  if (problems.length > 0 || !isWhole || sweep === undefined) throw new ConfigError(source, problems);
  const ownPlace = parseUrl(places.control);
  return {
    ...places,
    targets: new Map(definitions.map((definition) => [definition.name, withChunks(definition, ownPlace)])),
    control: ownPlace,
    migrations,
    events,
    settleMs: parseDuration(settle),
    sweepMs: parseDuration(sweep),
    alerts,
    tableLoaded,
  };
}

/**
 * The same from the text of a JSON file.
 *
 * @throws ConfigError also when it is not JSON, with the line.
 */
export function parseConfigText(text: string, options: ParseConfigOptions): MillraceConfig {
  return parseConfig(parseJson(text, { source: options.source, parse: JSON.parse }), options);
}

/** The names under `environments`, whatever is under them. */
function namesOf(value: unknown): readonly string[] {
  const environments = (value as { environments?: unknown } | null)?.environments;
  return typeof environments === 'object' && environments !== null ? Object.keys(environments) : [];
}

function readTargets(
  targets: Readonly<Record<string, unknown>>,
  { events, problems }: { events: ReadEvents; problems: ConfigProblem[] },
): readonly ReadTarget[] {
  const seen = new Map<string, string>();
  return Object.entries(targets).map(([written, value]) => {
    const path = ['targets', written];
    const name = attempt({ path, problems }, () => parseTargetName(written));
    const twin = name === undefined ? undefined : seen.get(name);
    if (twin !== undefined) {
      problems.push({
        path,
        message: `is the same table as '${twin}'`,
        hint: 'a table has one target: join the two',
      });
    }
    if (name !== undefined) seen.set(name, written);
    // Read also when its name is wrong: its own problems are to be shown in the same run.
    return readFedTarget(name ?? written, value, { path, problems, events });
  });
}
