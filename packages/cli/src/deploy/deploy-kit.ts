import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LoadError } from '@millrace/core';

/** What a stack is made of: as `ProjectStackProps` of the constructs, which are compiled by another compiler, for five languages. */
export interface ProjectStackProps {
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly cluster?: string;
  readonly workgroup?: string;
  readonly database?: string;
  readonly dbUser?: string;
  readonly secretArn?: string;
  readonly migrations?: string;
  readonly queues?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly handlers?: string;
}

/** As much of the constructs as is used here. */
export interface DeployKit {
  readonly ProjectStack: {
    synthesize(directory: string, id: string, props: ProjectStackProps): void;
  };
}

/**
 * The constructs and the CDK, which only those who deploy have installed: together they are larger than all the rest.
 *
 * @throws LoadError `deploy-kit-missing`, which says what to install.
 */
export function openDeployKit(): DeployKit {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve('@millrace/cdk/package.json');
    compile(dirname(manifest));
    // Before the constructs, which need them: their absence has the same name.
    require.resolve('aws-cdk-lib');
    require.resolve('constructs');
    return require('@millrace/cdk') as DeployKit;
  } catch (cause) {
    throw asMissing(cause);
  }
}

/**
 * The script of the `cdk` command, of the version that fits.
 *
 * @throws LoadError `deploy-kit-missing`
 */
export function findCdkCommand(): string {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');
  } catch (cause) {
    throw asMissing(cause);
  }
}

/** In Millrace's own repository the constructs are compiled when somebody wants them; an installed package is compiled. */
function compile(directory: string): void {
  const script = join(directory, 'scripts', 'build.mjs');
  if (existsSync(script)) execFileSync(process.execPath, [script], { stdio: ['ignore', 2, 2] });
}

function asMissing(cause: unknown): unknown {
  const { code } = cause as { code?: unknown };
  if (code !== 'MODULE_NOT_FOUND') return cause;
  return new LoadError('deploy-kit-missing', 'what deploys is not installed', {
    class: 'config',
    hint: 'npm install --save-dev @millrace/cdk aws-cdk-lib@2 constructs@10 aws-cdk@2.1148.1',
    cause,
  });
}
