import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What `npm install millrace` gives somebody who has no clone: the packages as they are packed, in an empty folder. */

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** What nobody installs: it is for the tests of those who write adapters, in this clone. */
const NOT_NEEDED = ['packages/testkit'];

const home = mkdtempSync(join(tmpdir(), 'millrace-packing-'));
const project = join(home, 'project');

/** As in a terminal of somebody else: this run's npm has settings that are about the clone. */
const env = Object.fromEntries([
  ...Object.entries(process.env).filter(([name]) => !/^(?:npm_|INIT_CWD|NODE_OPTIONS|VITEST)/u.test(name)),
  ['PATH', [dirname(process.execPath), process.env.PATH].join(delimiter)],
]);

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

function run(command: string, args: readonly string[], cwd = project): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (error) throw error;
  return { code: status, output: stdout + stderr };
}

const millrace = (...args: string[]): Ran => run('npx', ['--no-install', 'millrace', ...args]);

const workspaces = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] })
  .workspaces;

beforeAll(() => {
  const packed = workspaces.filter((folder) => !NOT_NEEDED.includes(folder));
  const tarballs = join(home, 'tarballs');
  mkdirSync(tarballs);
  mkdirSync(project);
  // Built once for all: `prepack` builds for each package what it depends on.
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { cwd: ROOT, env });
  const which = packed.flatMap((folder) => ['-w', folder]);
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', tarballs, ...which];
  execFileSync('npm', pack, { cwd: ROOT, env });
  writeFileSync(join(project, 'package.json'), '{"private": true}');
  const files = readdirSync(tarballs).map((name) => join(tarballs, name));
  expect(files).toHaveLength(packed.length);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...files], {
    cwd: project,
    env,
  });
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the packed packages, installed in an empty folder', { timeout: 60_000 }, () => {
  it('are built before they are packed, and hold no source', () => {
    for (const folder of workspaces) {
      const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
        scripts?: { prepack?: string };
      };
      expect(manifest.scripts?.prepack, folder).toMatch(/scripts\/build\.mjs/u);
    }
    for (const name of ['millrace', '@millrace/core', '@millrace/redshift-local']) {
      const installed = join(project, 'node_modules', name);
      expect(existsSync(join(installed, 'dist', 'index.js'))).toBe(true);
      expect(existsSync(join(installed, 'src'))).toBe(false);
    }
  });

  it('begin a project, load its sample and answer', () => {
    expect(millrace('init', 'flights', '--yes')).toMatchObject({ code: 0 });
    const up = millrace('--dir', 'flights', 'up', '--until-idle');
    expect(up.output).toMatch(/public\.flights {2}loaded 1 file, 8 rows/u);
    expect(up.code).toBe(0);
    const query = millrace('--dir', 'flights', 'query', '--json', 'SELECT COUNT(*) AS n FROM public.flights');
    expect(query.code).toBe(0);
    expect(query.output).toMatch(/"n": ?8/u);
  });

  it("take a millrace.config.ts that imports from 'millrace', with its types", () => {
    const shop = join(project, 'shop');
    mkdirSync(join(shop, 'migrations'), { recursive: true });
    mkdirSync(join(shop, '.millrace', 'objects', 'lake', 'orders'), { recursive: true });
    writeFileSync(join(shop, 'migrations', '0001_orders.sql'), 'CREATE TABLE orders (id INTEGER);');
    writeFileSync(join(shop, '.millrace', 'objects', 'lake', 'orders', '1.csv'), 'id\n1\n2\n');
    const config = join(shop, 'millrace.config.ts');
    writeFileSync(
      config,
      `import { append, csv, defineConfig, local } from 'millrace';

export default defineConfig({
  warehouse: local(),
  targets: { 'public.orders': append({ from: 's3://lake/orders/', format: csv({ header: true }) }) },
});
`,
    );
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', ''];
    expect(run(tsc, [...flags, config])).toEqual({ code: 0, output: '' });
    const up = millrace('--dir', 'shop', 'up', '--until-idle');
    expect(up).toMatchObject({
      code: 0,
      output: expect.stringMatching(/public\.orders {2}loaded 1 file, 2 rows/u),
    });
  });

  it('say on an older Node which one they need, and how to get it', () => {
    const { version } = process;
    const old = findOlderNode();
    const bin = join(project, 'node_modules', 'millrace', 'bin', 'millrace.js');
    const pretend = join(home, 'pretend-old.mjs');
    writeFileSync(
      pretend,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } });\n`,
    );
    const refused =
      old === undefined
        ? run(process.execPath, ['--import', pretend, bin, 'status'])
        : run(old, [bin, 'status']);
    expect(refused.code, `with ${old ?? `${version} as v20.0.0`}`).toBe(2);
    expect(refused.output).toMatch(
      /^millrace needs Node 24 or newer, found v\d+\.\d+\.\d+: install it from https:\/\/nodejs\.org, or with `npm install node@24` beside millrace\n$/u,
    );
  });
});

/** The machine's own Node, where it is older than the pinned one. */
function findOlderNode(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const node = join(folder, 'node');
    if (folder.includes('node_modules') || !existsSync(node)) continue;
    const [major = ''] = execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1).split('.');
    if (Number(major) < 24) return node;
  }
  return undefined;
}
