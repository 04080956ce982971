import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '@millrace/aws/s3';
import { RedshiftLocal } from '@millrace/redshift-local';
import { clientConfigOf } from '@millrace/testkit/aws';
import { readAssembly, Stage, type SynthesisedStack, type Template } from '@millrace/testkit/stage';
import { onTestFinished } from 'vitest';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** A second of schedules and state machines: a minute is a second and a half. */
const SECOND_MS = 25;

/** The example's stack, synthesised as `npm run synth` does it, into a directory that goes with `remove`. */
export function synthesise(): { readonly stack: SynthesisedStack; readonly remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-stage-'));
  const run = (script: string, env: Record<string, string> = {}): void => {
    execFileSync(process.execPath, [join(ROOT, script)], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };
  run('packages/cdk/scripts/build.mjs');
  run('examples/cdk/app.ts', { CDK_OUTDIR: directory });
  const [stack] = readAssembly(directory);
  if (stack === undefined) throw new Error('the example has no stack');
  return { stack, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** The stack with another template; freshness is shortened, for functions have the world's time. */
export function changed(
  stack: SynthesisedStack,
  change: (template: Template) => void = () => {},
): SynthesisedStack {
  const text = JSON.stringify(stack.template).replaceAll(/(freshness[\\"]+:[\\"]+)\w+/gu, '$11s');
  const template = JSON.parse(text) as Template;
  change(template);
  return { ...stack, template };
}

/** The stack on a stage, to be closed by `close`. */
export async function openStage(
  stack: SynthesisedStack,
): Promise<{ stage: Stage; close: () => Promise<void> }> {
  const clients: S3Client[] = [];
  const stage = await Stage.open(stack, {
    secondMs: SECOND_MS,
    openWarehouse: (url) => {
      const client = new S3Client({ ...clientConfigOf(url), forcePathStyle: true });
      clients.push(client);
      return RedshiftLocal.open({
        path: ':memory:',
        objects: new S3ObjectStore(client),
        threads: 1,
        memoryLimit: '512MB',
      });
    },
  });
  const close = async (): Promise<void> => {
    await stage.close();
    for (const client of clients) client.destroy();
  };
  return { stage, close };
}

/** The stack on a stage that is closed with the test. */
export async function stageOf(stack: SynthesisedStack): Promise<Stage> {
  const { stage, close } = await openStage(stack);
  onTestFinished(close);
  return stage;
}

/** The logical id of the one resource of a type whose id is of a pattern. */
export function idOf({ template }: SynthesisedStack, type: string, pattern: RegExp): string {
  const ids = Object.entries(template.Resources)
    .filter(([id, { Type }]) => Type === type && pattern.test(id))
    .map(([id]) => id);
  const [only, ...others] = ids;
  if (only === undefined || others.length > 0)
    throw new Error(`${type} like ${pattern}: ${ids.join(', ') || 'none'}`);
  return only;
}
