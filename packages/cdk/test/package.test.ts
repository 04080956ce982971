import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_TIMEOUT_MS, buildPackage, PACKAGE } from './build-package';

const MODULES = join(PACKAGE, '..', '..', 'node_modules');
const TIMEOUT_MS = 120_000;

let directory: string;

beforeAll(() => {
  // Compiles with jsii, and fails when that does, or warns.
  buildPackage();
  directory = mkdtempSync(join(tmpdir(), 'millrace-cdk-'));
}, BUILD_TIMEOUT_MS);

afterAll(() => {
  if (directory) rmSync(directory, { recursive: true, force: true });
});

const run = (cwd: string, script: string, ...args: readonly string[]): string =>
  execFileSync(process.execPath, [script, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

describe('the package', () => {
  it('is known to jsii, with every public construct', () => {
    const { types } = JSON.parse(readFileSync(join(PACKAGE, '.jsii'), 'utf8')) as {
      types: Record<string, unknown>;
    };
    const names = Object.keys(types);
    for (const name of [
      'EventPipeline',
      'FirehoseSource',
      'LandingBucket',
      'MicrobatchLoader',
      'ProjectStack',
      'RedshiftTasker',
    ]) {
      expect(names).toContain(`@millrace/cdk.${name}`);
    }
  });

  it(
    'has a binding for Python',
    () => {
      const out = join(directory, 'python');
      run(
        PACKAGE,
        join(MODULES, 'jsii-pacmak', 'bin', 'jsii-pacmak'),
        '--code-only',
        '--target',
        'python',
        '--outdir',
        out,
      );
      const module = readFileSync(join(out, 'python', 'src', 'millrace', 'cdk', '__init__.py'), 'utf8');
      expect(module).toContain('class MicrobatchLoader(');
      expect(module).toContain('class MicrobatchLoaderProps:');
    },
    TIMEOUT_MS,
  );

  it(
    'is all that a project outside of this repository needs, beside the CDK',
    () => {
      const [tarball = ''] = pack();
      const project = join(directory, 'project');
      const installed = join(project, 'node_modules', '@millrace', 'cdk');
      mkdirSync(installed, { recursive: true });
      execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]);
      expect(existsSync(join(installed, 'src'))).toBe(false);
      expect(existsSync(join(installed, 'scripts'))).toBe(false);
      for (const name of ['aws-cdk-lib', 'constructs', '@types']) {
        symlinkSync(join(MODULES, name), join(project, 'node_modules', name));
      }
      writeFileSync(join(project, 'package.json'), '{"private":true}');
      writeFileSync(join(project, 'app.ts'), APP);
      const options = [
        '--module',
        'node20',
        '--target',
        'es2023',
        '--strict',
        '--skipLibCheck',
        '--types',
        'node',
        '--rootDir',
        '.',
      ];
      run(project, join(MODULES, 'typescript', 'bin', 'tsc'), 'app.ts', '--ignoreConfig', ...options);
      run(project, join(project, 'app.js'));
      const template = readFileSync(join(project, 'out', 'Mine.template.json'), 'utf8');
      expect(template).toContain('Millrace: microbatch-loader');
      const assets = readdirSync(join(project, 'out')).filter((name) => name.startsWith('asset.'));
      expect(assets.length).toBeGreaterThanOrEqual(6);
    },
    TIMEOUT_MS,
  );
});

/** @returns the path of the tarball, and of nothing else. */
function pack(): readonly string[] {
  // Compiled already; npm would compile it again before it packs.
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], {
    cwd: PACKAGE,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return readdirSync(directory)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => join(directory, name));
}

const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { LandingBucket, MicrobatchLoader } from '@millrace/cdk';

const app = new App({ outdir: 'out' });
const stack = new Stack(app, 'Mine');
const { bucket } = new LandingBucket(stack, 'Landing');
const loader = new MicrobatchLoader(stack, 'Loader', {
  workgroup: 'analytics',
  database: 'prod',
  configuration: {
    targets: {
      'public.orders': {
        mode: 'append',
        from: \`s3://\${bucket.bucketName}/incoming/orders/\`,
        format: { kind: 'csv' },
      },
    },
  },
});
loader.addSource('Orders', { bucket, prefixes: ['incoming/orders/'] });
app.synth();
`;
