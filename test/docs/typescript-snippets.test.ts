import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOf, ROOT, type Snippet, snippetsOfKind } from './snippet.ts';
import { fragmentOf, TYPESCRIPT_FRAGMENTS, toModule } from './typescript-fragment.ts';

const SNIPPETS = snippetsOfKind('typescript');
const run = promisify(execFile);

/** Both are compiled in one go: once as users have it, and each fragment once more without what surrounds it. */
const fileOf = (snippet: Snippet): string => `${nameOf(snippet)}.ts`;
const bareFileOf = (snippet: Snippet): string => `${nameOf(snippet)}.bare.ts`;
const nameOf = (snippet: Snippet): string => placeOf(snippet).replaceAll(/[/:.]/gu, '-');

const OPTIONS = {
  extends: join(ROOT, 'tsconfig.base.json'),
  compilerOptions: {
    noEmit: true,
    rootDir: '/',
    lib: ['es2024', 'esnext.disposable', 'dom'],
    module: 'esnext',
    moduleResolution: 'bundler',
    customConditions: ['source'],
    paths: { '@millrace/cdk': [join(ROOT, 'packages/cdk/src/index.ts')] },
    // The constructs are sources for jsii: see packages/cdk/test/tsconfig.json.
    exactOptionalPropertyTypes: false,
    // What `strict` asks of people; the rest is ours.
    noUncheckedIndexedAccess: false,
    verbatimModuleSyntax: false,
    erasableSyntaxOnly: false,
  },
  include: ['*.ts'],
};

const CHECK_CONFIGS = `
import { parseConfig } from '@millrace/core';
const files = process.argv.slice(2);
for (const file of files) {
  const { default: config } = await import('./' + file);
  for (const environment of Object.keys(config.environments ?? { '': {} }))
    parseConfig(config, { source: file, environment: environment || undefined });
}
console.log(JSON.stringify(files));
`;

let folder: string;
/** What the compiler says, by file of a snippet. */
let said: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-snippets-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(OPTIONS));
  for (const snippet of SNIPPETS) {
    const fragment = fragmentOf(snippet);
    const whole = fragment ? toModule(fragment, snippet.text) : `${snippet.text}export {};\n`;
    await writeFile(join(folder, fileOf(snippet)), whole);
    // What does not even parse would be all that the compiler tells.
    if (fragment && parses(snippet)) await writeFile(join(folder, bareFileOf(snippet)), snippet.text);
  }
  said = await compile();
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function parses({ text }: Snippet): boolean {
  try {
    stripTypeScriptTypes(text);
    return true;
  } catch {
    return false;
  }
}

async function compile(): Promise<ReadonlyMap<string, readonly string[]>> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '--pretty', 'false', '-p', folder]).catch(
    (error: { stdout?: string }) => {
      // It ends with a code when it has something to say; without a word it did not run.
      if (!error.stdout) throw error;
      return { stdout: error.stdout };
    },
  );
  const byFile = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const [, path = '', at, problem] = /^(\S.*?)\((\d+),\d+\): (error .*)$/u.exec(line) ?? [];
    if (problem === undefined) {
      if (/^error/u.test(line)) throw new Error(`the compiler was not set up: ${line}`);
      continue;
    }
    const file = path.split('/').at(-1) ?? '';
    byFile.set(file, [...(byFile.get(file) ?? []), `line ${at} of the block: ${problem}`]);
  }
  return byFile;
}

/** That a page shows a value and does nothing with it is what pages are for. An import that it does not need is not. */
function problemsOf(snippet: Snippet): readonly string[] {
  const lines = snippet.text.split('\n');
  return (said.get(fileOf(snippet)) ?? []).filter((problem) => {
    const line = lines[Number(/^line (\d+)/u.exec(problem)?.[1]) - 1] ?? '';
    return !/error TS(?:6133|6196|6198)/u.test(problem) || line.startsWith('import');
  });
}

describe('TypeScript in the pages', () => {
  it.each(SNIPPETS.map((snippet) => [placeOf(snippet), snippet] as const))('%s compiles', (_, snippet) => {
    expect(problemsOf(snippet)).toEqual([]);
  });

  it.each(
    TYPESCRIPT_FRAGMENTS.map((fragment) => [`${fragment.page}: ${fragment.reason}`, fragment] as const),
  )('is a fragment only where it has to be: %s', (_, fragment) => {
    const [snippet, ...others] = SNIPPETS.filter((one) => fragmentOf(one) === fragment);
    expect(others).toEqual([]);
    if (snippet === undefined) throw new Error('no snippet begins so any more: take the fragment away');
    const isNeeded = !parses(snippet) || said.has(bareFileOf(snippet));
    expect(isNeeded, 'it compiles by itself: take the fragment away').toBe(true);
  });

  it('configures what the configuration takes', async () => {
    const files = SNIPPETS.filter(({ text }) => /defineConfig|^\/\/ millrace\.config\.ts/u.test(text)).map(
      fileOf,
    );
    expect(files.length).toBeGreaterThan(2);
    // Node reads them as the command line does: types are taken away, and `millrace` is the one beside them.
    await writeFile(join(folder, 'check-configs.mjs'), CHECK_CONFIGS);
    const { stdout } = await run(process.execPath, ['--conditions=source', 'check-configs.mjs', ...files], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(JSON.parse(stdout)).toEqual(files);
  });
});
