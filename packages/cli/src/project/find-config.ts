import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LoadError } from '@millrace/core';

/** The names of a project's configuration, one of which is in its directory. */
export const CONFIG_NAMES = ['millrace.config.ts', 'millrace.config.json'] as const;

/**
 * The configuration of a project.
 *
 * @param given what `--config` says, from the current directory
 * @throws LoadError `config-missing`, or `config-ambiguous` when both are there: one of them would silently not count.
 */
export function findConfig(
  directory: string,
  { given, cwd }: { given: string | undefined; cwd: string },
): string {
  if (given !== undefined) {
    const path = resolve(cwd, given);
    if (existsSync(path)) return path;
    throw new LoadError('config-missing', `there is no configuration at ${path}`, {
      class: 'config',
      hint: 'check --config',
    });
  }
  const found = CONFIG_NAMES.map((name) => join(directory, name)).filter((path) => existsSync(path));
  const [first, second] = found;
  if (first === undefined) {
    throw new LoadError('config-missing', `there is no ${CONFIG_NAMES.join(' or ')} in ${directory}`, {
      class: 'config',
      hint: 'begin a project with `millrace init`, or name its directory with --dir',
    });
  }
  if (second !== undefined) {
    throw new LoadError('config-ambiguous', `${directory} has ${CONFIG_NAMES.join(' and ')}`, {
      class: 'config',
      hint: 'delete one of them, or name one with --config',
    });
  }
  return first;
}
