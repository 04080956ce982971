import type { WarehouseAddress } from '@millrace/aws/redshift';
import { ConfigError, type ConfigProblem } from '@millrace/core';

/** What the function is told that a deployment runs. */
export interface DeploymentEnvironment {
  /** Where migrations run; null: there are none. */
  readonly warehouse: {
    readonly address: WarehouseAddress;
    readonly database: string;
    readonly secretArn: string | undefined;
  } | null;
  readonly forcePathStyle: boolean;
}

/**
 * Reads the environment variables. An empty variable is one that is not there.
 *
 * @throws ConfigError with every problem: which variable, what is wrong, what to do.
 */
export function readDeploymentEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): DeploymentEnvironment {
  const said = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const cluster = said('REDSHIFT_CLUSTER');
  const workgroup = said('REDSHIFT_WORKGROUP');
  const database = said('REDSHIFT_DATABASE');
  const dbUser = said('REDSHIFT_DB_USER');
  const forcePathStyle = said('S3_FORCE_PATH_STYLE') === 'true';
  if (cluster === undefined && workgroup === undefined && database === undefined) {
    return { warehouse: null, forcePathStyle };
  }
  const problems: ConfigProblem[] = [];
  if ((cluster === undefined) === (workgroup === undefined)) {
    const message = 'has to be there, or REDSHIFT_WORKGROUP: one of the two';
    problems.push({ path: ['REDSHIFT_CLUSTER'], message });
  }
  if (database === undefined) {
    problems.push({
      path: ['REDSHIFT_DATABASE'],
      message: 'is missing',
      hint: 'name the database of the migrations',
    });
  }
  if (problems.length > 0 || database === undefined) throw new ConfigError('the environment', problems);
  const address: WarehouseAddress =
    cluster === undefined
      ? { workgroup: workgroup ?? '' }
      : { cluster, ...(dbUser === undefined ? {} : { dbUser }) };
  return { warehouse: { address, database, secretArn: said('REDSHIFT_SECRET_ARN') }, forcePathStyle };
}
