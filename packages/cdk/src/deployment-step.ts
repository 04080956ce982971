import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AssetHashType, CustomResource, DockerImage, Duration, FileSystem, Lazy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { type BundledFunctionOptions, bundledFunction } from './bundled-function';
import { handlerPath } from './handlers';
import type { WarehouseAccess } from './warehouse-access';

export interface DeploymentStepOptions
  extends Omit<BundledFunctionOptions, 'code' | 'description' | 'timeout' | 'environment' | 'retryAttempts'> {
  readonly access: WarehouseAccess;
  readonly migrations?: string | undefined;
  readonly handlers?: string | undefined;
  /** What is written before anything is loaded: `s3://` addresses and texts. */
  readonly objects: () => readonly { readonly Url: string; readonly Body: string }[];
}

/** The longest that Lambda lets a function run. */
const TIMEOUT = Duration.minutes(15);

/**
 * What a deployment does itself, by a custom resource: writes the configuration, applies the migrations. All that depends on the
 * resource is made, or changed, when it has succeeded.
 *
 * @throws Error when there is no folder of migrations, or a file in it has no number.
 */
export function deploymentStep(
  scope: Construct,
  { access, migrations, handlers, objects, ...options }: DeploymentStepOptions,
): { readonly step: lambda.Function; readonly deployed: CustomResource } {
  const step = bundledFunction(scope, 'DeploymentStep', {
    ...options,
    code: codeWith(handlerPath('deployment-step', handlers), migrations),
    description: 'Millrace: writes the configuration and applies migrations while a stack is deployed',
    timeout: TIMEOUT,
    retryAttempts: 0,
    environment: migrations === undefined ? {} : warehouseEnvironment(access),
  });
  const deployed = new CustomResource(scope, 'Deployed', {
    resourceType: 'Custom::MillraceDeployment',
    serviceToken: step.functionArn,
    serviceTimeout: TIMEOUT,
    properties: {
      // A stream may be added behind the loader.
      Objects: Lazy.any({ produce: objects }),
      // Asks for another run when a file has come.
      ...(migrations === undefined ? {} : { Migrations: FileSystem.fingerprint(migrations) }),
    },
  });
  // The role may only be used when all its rights are there.
  deployed.node.addDependency(step);
  return { step, deployed };
}

function warehouseEnvironment({ cluster, workgroup, database, dbUser, secret }: WarehouseAccess) {
  return {
    ...(cluster === undefined ? {} : { REDSHIFT_CLUSTER: cluster }),
    ...(workgroup === undefined ? {} : { REDSHIFT_WORKGROUP: workgroup }),
    REDSHIFT_DATABASE: database,
    ...(dbUser === undefined ? {} : { REDSHIFT_DB_USER: dbUser }),
    ...(secret === undefined ? {} : { REDSHIFT_SECRET_ARN: secret.secretArn }),
  };
}

/** The handler's bundle, with the migrations beside it. */
function codeWith(handler: string, migrations: string | undefined): lambda.Code {
  if (migrations === undefined) return lambda.Code.fromAsset(handler);
  const names = namesOf(migrations);
  return lambda.Code.fromAsset(handler, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Nothing runs in a container: it is copied here.
      image: DockerImage.fromRegistry('scratch'),
      local: {
        tryBundle: (directory: string) => {
          cpSync(handler, directory, { recursive: true });
          for (const name of names) cpSync(join(migrations, name), join(directory, 'migrations', name));
          return true;
        },
      },
    },
  });
}

function namesOf(migrations: string): readonly string[] {
  if (!existsSync(migrations)) {
    throw new Error(`'migrations': there is no folder '${migrations}': create it, or leave 'migrations' out`);
  }
  const names = readdirSync(migrations).filter((name) => name.endsWith('.sql'));
  const wrong = names.filter((name) => !/^\d{1,9}_[\p{L}\p{N}_-]+\.sql$/u.test(name));
  if (wrong.length === 0) return withNumbersOfTheirOwn(names, migrations);
  throw new Error(
    `'migrations': ${wrong.map((name) => `'${name}'`).join(', ')} in '${migrations}' has no number: ` +
      'call it like 0001_create_flights.sql',
  );
}

/** @throws Error for two with one number: nobody could tell which comes first. */
function withNumbersOfTheirOwn(names: readonly string[], migrations: string): readonly string[] {
  const byNumber = new Map<number, string>();
  for (const name of names) {
    const number = Number.parseInt(name, 10);
    const other = byNumber.get(number);
    if (other !== undefined) {
      throw new Error(
        `'migrations': '${other}' and '${name}' in '${migrations}' have the same number: give one of them a number of its own`,
      );
    }
    byNumber.set(number, name);
  }
  return names;
}
