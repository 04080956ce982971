import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLING } from '../../packages/lambda/scripts/bundling.ts';
import type { BenchSettings } from '../bench-settings.ts';
import { type Figure, formatNumber, formatSeconds } from '../figure.ts';
import { median, sideBySide } from '../side-by-side.ts';

const ENTRIES = join(import.meta.dirname, '../../packages/lambda/src/entry');
const MAX_MEGABYTES = 2;
const MAX_RATIO = 3;

/** The clients that the functions use: all of them whatever is in the event, since any may have to load, wake and tell. */
const CLIENTS = {
  '@aws-sdk/client-dynamodb': 'DynamoDBClient',
  '@aws-sdk/client-eventbridge': 'EventBridgeClient',
  '@aws-sdk/client-redshift-data': 'RedshiftDataClient',
  '@aws-sdk/client-s3': 'S3Client',
  '@aws-sdk/client-sqs': 'SQSClient',
};

/** Size and import of every function's bundle, beside a bundle of the bare clients of the AWS SDK. */
export async function measureAwsImport({ directory, rounds }: BenchSettings): Promise<readonly Figure[]> {
  const names = readdirSync(ENTRIES).map((file) => basename(file, '.ts'));
  const contenders: Record<string, () => Promise<number>> = {};
  const megabytes = new Map<string, number>();
  for (const name of ['bare', ...names]) {
    const entry = name === 'bare' ? writeBare(directory) : join(ENTRIES, `${name}.ts`);
    const outfile = join(directory, name, 'index.mjs');
    await build({ ...BUNDLING, entryPoints: [entry], outfile });
    megabytes.set(name, statSync(outfile).size / 1e6);
    contenders[name] = async () => importSeconds(outfile);
  }
  const taken = await sideBySide(rounds, contenders);
  const bare = median(taken.bare ?? []);
  return names.flatMap((name) => {
    const seconds = median(taken[name] ?? []);
    return [
      {
        name: `${name}: bundle`,
        value: megabytes.get(name) ?? Number.NaN,
        unit: 'MB',
        bound: { atMost: MAX_MEGABYTES },
        detail: `bare clients ${formatNumber(megabytes.get('bare') ?? Number.NaN)} MB`,
      },
      {
        name: `${name}: import`,
        value: seconds / bare,
        unit: '× bare clients',
        bound: { atMost: MAX_RATIO },
        detail: `${formatSeconds(seconds)}; bare clients ${formatSeconds(bare)}`,
      },
    ];
  });
}

function writeBare(directory: string): string {
  const folder = join(import.meta.dirname, '../../packages/lambda');
  const lines = Object.entries(CLIENTS).map(
    ([name, client]) =>
      `export { ${client} } from ${JSON.stringify(join(folder, '../../node_modules', name))};`,
  );
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'bare-clients.mjs');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** In a process of its own, without the start of Node: what a cold function does after its runtime is up. */
function importSeconds(path: string): number {
  const script = `const startedAt = process.hrtime.bigint();
await import(${JSON.stringify(path)});
process.stdout.write(String(Number(process.hrtime.bigint() - startedAt) / 1e9));`;
  const args = ['--input-type=module', '--eval', script];
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}
