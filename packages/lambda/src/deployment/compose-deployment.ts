import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { S3Client } from '@aws-sdk/client-s3';
import { DataApiWarehouse } from '@millrace/aws/redshift';
import { S3ObjectStore } from '@millrace/aws/s3';
import type { MigrationFile } from '@millrace/core';
import type { DeploymentParts } from '../handlers/deployment-step.ts';
import type { Log } from '../log.ts';
import { readDeploymentEnvironment } from './deployment-environment.ts';

/** The function has fifteen minutes; what a statement does not do in this time is cancelled, and the deployment says so. */
const STATEMENT_TIMEOUT_MS = 12 * 60_000;

export interface DeploymentOptions {
  /** The folder with the numbered SQL files; no folder: no migrations. */
  readonly migrations: string;
  readonly log: Log;
  readonly now?: () => number;
}

/**
 * Puts the function together that a deployment runs. The SDK finds region, credentials and `AWS_ENDPOINT_URL…` by itself.
 *
 * @throws ConfigError with every problem of the environment variables.
 */
export function composeDeployment(
  env: Readonly<Record<string, string | undefined>>,
  { migrations, log, now = Date.now }: DeploymentOptions,
): DeploymentParts {
  const { warehouse, forcePathStyle } = readDeploymentEnvironment(env);
  return {
    objects: new S3ObjectStore(new S3Client({ forcePathStyle }), { now }),
    warehouse:
      warehouse === null
        ? null
        : new DataApiWarehouse(new RedshiftDataClient({}), {
            ...warehouse,
            timeoutMs: STATEMENT_TIMEOUT_MS,
            now,
          }),
    migrations: () => readMigrations(migrations),
    log,
    now,
  };
}

async function readMigrations(folder: string): Promise<readonly MigrationFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const scripts = names.filter((name) => name.endsWith('.sql'));
  return Promise.all(
    scripts.map(async (name) => ({ name, sql: await readFile(join(folder, name), 'utf8') })),
  );
}
