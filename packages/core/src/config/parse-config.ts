import { parseUrl } from '../file/identity.ts';
import { checkRoutes } from './check-routes.ts';
import { attempt, ConfigError, type ConfigProblem } from './config-error.ts';
import { documentSchema } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import type { MillraceConfig } from './millrace-config.ts';
import { parseJson } from './parse-json.ts';
import { readFields } from './read-fields.ts';
import { type ReadTarget, readTarget } from './read-target.ts';
import { parseTargetName } from './target-name.ts';

/** A sweep that never rests would be the clock of everything, and keep a small machine busy with itself. */
const MIN_SWEEP_MS = 1_000;

/**
 * Checks a configuration and fills in what it leaves out. `value` is what millrace.config.json holds, or what
 * millrace.config.ts exports: the same.
 *
 * @throws ConfigError (code `config-invalid`) with every problem: where it is, what is wrong, what to write instead.
 */
export function parseConfig(value: unknown, { source }: { source: string }): MillraceConfig {
  const problems: ConfigProblem[] = [];
  const fields = readFields(documentSchema, value, { path: [], problems });
  const { warehouse, objects, tracker, control, migrations, settle, sweep } = fields;
  if (control !== undefined && !/^s3:\/\/[^/]+\/(?:.*\/)?$/su.test(control)) {
    const hint = `write '${control}/'`;
    problems.push({ path: ['control'], message: `'${control}' does not end with '/'`, hint });
  }
  if (sweep !== undefined && parseDuration(sweep) < MIN_SWEEP_MS) {
    problems.push({ path: ['sweep'], message: `'${sweep}' is too short`, hint: "write '1s' or more" });
  }
  const targets = readTargets(fields.targets ?? {}, problems);
  problems.push(...checkRoutes(targets, control === undefined ? null : parseUrl(control)));
  const definitions = targets.flatMap(({ definition }) => (definition ? [definition] : []));
  const isWhole =
    warehouse &&
    objects &&
    tracker &&
    control !== undefined &&
    migrations !== undefined &&
    settle !== undefined;
  if (problems.length > 0 || !isWhole || sweep === undefined) throw new ConfigError(source, problems);
  const { statementTimeout, ...place } = warehouse;
  return {
    warehouse: { ...place, statementTimeoutMs: parseDuration(statementTimeout) },
    objects,
    tracker,
    targets: new Map(definitions.map((definition) => [definition.name, definition])),
    control: parseUrl(control),
    migrations,
    settleMs: parseDuration(settle),
    sweepMs: parseDuration(sweep),
  };
}

/**
 * The same from the text of a JSON file.
 *
 * @throws ConfigError also when it is not JSON, with the line.
 */
export function parseConfigText(text: string, { source }: { source: string }): MillraceConfig {
  return parseConfig(parseJson(text, { source, parse: JSON.parse }), { source });
}

function readTargets(
  targets: Readonly<Record<string, unknown>>,
  problems: ConfigProblem[],
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
    return readTarget(name ?? written, value, { path, problems });
  });
}
