import { spawn } from 'node:child_process';
import { LoadError } from '@millrace/core';
import { findCdkCommand } from './deploy-kit.ts';

export interface CdkOptions {
  /** The folder with the template and its assets. */
  readonly assembly: string;
  /** `NAME=VALUE` each. */
  readonly parameters: readonly string[];
  readonly profile: string | undefined;
  readonly region: string | undefined;
  /** Whether nobody is asked before rights are widened. */
  readonly isUnasked: boolean;
}

/**
 * Readies the account and region for the CDK, where that has not happened, and deploys what is in the folder. Its output is the
 * command's own.
 *
 * @throws LoadError `deploy-failed`
 */
export async function bootstrapAndDeploy(options: CdkOptions): Promise<void> {
  await cdk(['bootstrap'], options);
  const approval = options.isUnasked ? ['--require-approval', 'never'] : [];
  const parameters = options.parameters.flatMap((one) => ['--parameters', one]);
  await cdk(['deploy', '--all', ...approval, ...parameters], options);
}

async function cdk(args: readonly string[], { assembly, profile, region }: CdkOptions): Promise<void> {
  const command = [
    findCdkCommand(),
    '--app',
    assembly,
    ...(profile === undefined ? [] : ['--profile', profile]),
  ];
  const child = spawn(process.execPath, [...command, ...args], {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(region === undefined ? {} : { AWS_REGION: region }),
    },
  });
  const code = await new Promise<number | null>((settle, reject) => {
    child.on('error', reject);
    child.on('close', settle);
  });
  if (code === 0) return;
  throw new LoadError('deploy-failed', `cdk ${args[0]} ended with ${code}`, {
    class: 'config',
    hint: 'it says why above; what was deployed before goes on as it was',
  });
}
