import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LoadError, type MillraceConfig, parseConfig, parseConfigText, stateFolderOf } from '@millrace/core';
import { findConfig } from './find-config.ts';
import { importConfig } from './import-config.ts';

/** A directory with a configuration, as a command found it. */
export interface Project {
  readonly directory: string;
  readonly configPath: string;
  readonly config: MillraceConfig;
}

/** Where the state of the project is on this machine: what one process at a time may work in. */
export function stateDirectoryOf({ directory, config }: Project): string {
  return resolve(directory, stateFolderOf(config));
}

/**
 * Where the process that serves the project writes down how to reach it: beside the state that it has, so that two
 * configurations in one directory, each with a state of its own, never reach each other's.
 */
export function controlPathOf(project: Project): string {
  return join(stateDirectoryOf(project), 'up.json');
}

/**
 * Finds and checks the configuration.
 *
 * @throws LoadError `config-missing`, `config-ambiguous` or `config-invalid`
 */
export async function openProject({
  dir,
  config: given,
  env,
  cwd,
}: {
  dir?: string | undefined;
  config?: string | undefined;
  /** Which of the configuration's environments is meant. */
  env?: string | undefined;
  cwd: string;
}): Promise<Project> {
  const directory = resolve(cwd, dir ?? '.');
  const configPath = findConfig(directory, { given, cwd });
  return { directory, configPath, config: await readConfig(configPath, env) };
}

async function readConfig(path: string, environment: string | undefined): Promise<MillraceConfig> {
  const options = { source: path, environment };
  if (/\.[cm]?[jt]s$/u.test(path)) return parseConfig(await importConfig(path), options);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new LoadError('config-missing', `${path} cannot be read: ${(cause as Error).message}`, {
      class: 'config',
      hint: 'check its rights',
      cause,
    });
  });
  return parseConfigText(text, options);
}
