import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { LoadError, type MillraceConfig } from '@millrace/core';
import { importConfig } from '../project/import-config.ts';
import type { Project } from '../project/project.ts';
import type { ProjectStackProps } from './deploy-kit.ts';

/** What the command line adds to a project. */
export interface DeployOptions {
  /** Where the files of a queue are, by its name. */
  readonly queues: Readonly<Record<string, string>>;
  /** ARNs of secrets, by environment variable. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly handlers: string | undefined;
}

/**
 * What a project becomes on AWS: where its warehouse is, and the configuration as it was written, for the functions to read.
 *
 * @throws LoadError `config-invalid` for a warehouse that is not on AWS.
 */
export async function planDeployment(project: Project, options: DeployOptions): Promise<ProjectStackProps> {
  const { config, directory, configPath } = project;
  const { address, database, secretArn } = requireRedshift(config, configPath);
  const written = await readWritten(configPath);
  const migrations = resolve(directory, config.migrations);
  return {
    configuration: inEnvironment(written, config.environment),
    ...('workgroup' in address
      ? { workgroup: address.workgroup }
      : {
          cluster: address.cluster,
          ...(address.dbUser === undefined ? {} : { dbUser: address.dbUser }),
        }),
    database,
    ...(secretArn === undefined ? {} : { secretArn }),
    ...(existsSync(migrations) ? { migrations } : {}),
    ...withoutProject(options),
  };
}

/** A stack whose targets come from documents of queues: what parameters say is all that is known of it. */
export function withoutProject({ queues, secrets, handlers }: DeployOptions): ProjectStackProps {
  return { queues, secrets, ...(handlers === undefined ? {} : { handlers }) };
}

function requireRedshift({ warehouse, environment }: MillraceConfig, configPath: string) {
  if (warehouse.kind === 'redshift') return warehouse;
  const whose = environment === null ? '' : ` of the environment '${environment}'`;
  throw new LoadError(
    'config-invalid',
    `the warehouse${whose} in ${relative(process.cwd(), configPath)} is of kind '${warehouse.kind}', which is not on AWS`,
    {
      class: 'config',
      hint:
        "write an environment with one: environments: { production: { warehouse: redshift({ workgroup: 'analytics', " +
        "database: 'prod' }), objects: s3(), tracker: dynamodb({ table: 'millrace' }) } }, and deploy it with --env production",
    },
  );
}

/** The document as it is in the file: what was filled in, the functions fill in themselves. */
async function readWritten(path: string): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = /\.[cm]?[jt]s$/u.test(path)
    ? await importConfig(path)
    : JSON.parse(await readFile(path, 'utf8'));
  // It was parsed before, so it is an object.
  return value as Readonly<Record<string, unknown>>;
}

/** What an environment says stands instead of what the document says for all. */
function inEnvironment(
  written: Readonly<Record<string, unknown>>,
  name: string | null,
): Readonly<Record<string, unknown>> {
  if (name === null) return written;
  const { environments } = written as { environments?: Readonly<Record<string, object>> };
  return { ...written, ...environments?.[name] };
}
