import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** The house rules that a reader would otherwise have to keep in mind. */

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What core may take of Node: modules that compute, and do nothing else. */
const COMPUTES = ['node:crypto', 'node:zlib'];

/** Which packages a package may import. Arrows point inwards. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  shapes: ['core'],
  redshift: ['core'],
  'redshift-local': ['core', 'shapes'],
  local: ['core', 'redshift', 'redshift-local'],
  postgres: ['core', 'shapes'],
  aws: ['core', 'redshift'],
  server: ['core'],
  // The page talks to the server over HTTP, and takes from core the types of its answers alone; the constructs carry bundles.
  dashboard: [],
  cdk: [],
  lambda: ['core', 'shapes', 'redshift', 'aws', 'server'],
  runtime: ['core', 'shapes', 'redshift-local', 'postgres', 'local', 'aws', 'server'],
  // All but the simulator's real-SQL mode needs core alone.
  testkit: ['core', 'redshift-local', 'local'],
  // The constructs are loaded by `millrace deploy` alone, where they are installed.
  cli: ['core', 'redshift-local', 'runtime', 'local', 'aws', 'server', 'dashboard', 'cdk'],
};
const NAME_OF: Readonly<Record<string, string>> = { cli: 'millrace' };
const nameOf = (folder: string): string => NAME_OF[folder] ?? `@millrace/${folder}`;

/** What is not committed yet counts too, but for what git ignores. */
function listFiles(...patterns: string[]): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...patterns], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const sources = listFiles('packages/*/src/*.ts', 'packages/*/src/**/*.ts');
const shipped = sources.filter((file) => !file.endsWith('.test.ts'));
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\b(?:import|require|require\.resolve)\(\s*'([^']+)'/gu;

function importsOf(file: string): string[] {
  return [...read(file).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The file that a relative import names. jsii's sources are CommonJS, whose imports have no ending. */
function fileOf(importer: string, name: string): string {
  const file = normalize(join(dirname(importer), name));
  return packageOf(importer) === 'cdk' && !file.endsWith('.ts') ? `${file}.ts` : file;
}

function packageOf(file: string): string {
  return file.split('/')[1] ?? '';
}

describe('the tree is tidy:', () => {
  it('arrows between packages point inwards', () => {
    const wrong = shipped.flatMap((file) => {
      const folder = packageOf(file);
      const allowed = [folder, ...(ARROWS[folder] ?? [])].map(nameOf);
      return importsOf(file)
        .filter((name) => name === 'millrace' || name.startsWith('@millrace/'))
        .filter((name) => !allowed.some((one) => name === one || name.startsWith(`${one}/`)))
        .map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
    expect(Object.keys(ARROWS).sort()).toEqual(listFolders());
  });

  it('no import leaves its package by a path', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter(
          (name) =>
            name.startsWith('.') && packageOf(normalize(join(dirname(file), name))) !== packageOf(file),
        )
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('there are no import circles', () => {
    expect(findCircles()).toEqual([]);
  });

  it('core does no I/O and reads no clock, chance or environment', () => {
    const impure =
      /Date\.now|new Date\(\)|Math\.random|performance\.|\bprocess\.[a-z]|\bfetch\(|setTimeout|setInterval/u;
    const core = shipped.filter((file) => packageOf(file) === 'core');
    const wrong = core.flatMap((file) => [
      ...importsOf(file)
        .filter((name) => name.startsWith('node:') && !COMPUTES.includes(name))
        .map((name) => `${file} imports ${name}`),
      ...(impure.test(withoutComments(read(file))) ? [`${file} is not pure`] : []),
      ...(/randomBytes|randomUUID/u.test(read(file)) ? [`${file} takes chance from node:crypto`] : []),
    ]);
    expect(wrong).toEqual([]);
  });

  it('every source file is used', () => {
    // The mouth of a package, and of each of its subpaths.
    const roots = shipped.filter((file) => /\/src\/(?:[a-z0-9-]+\/)?(?:index|main|vitest)\.ts$/u.test(file));
    const seen = new Set(roots);
    const queue = [...roots];
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      for (const name of importsOf(file).filter((one) => one.startsWith('.'))) {
        const target = fileOf(file, name);
        if (!seen.has(target)) queue.push(target);
        seen.add(target);
      }
    }
    expect(shipped.filter((file) => !seen.has(file))).toEqual([]);
  });

  it('every dependency is declared, and every declared one is used', () => {
    const wrong = Object.keys(ARROWS).flatMap((folder) => {
      const manifest = JSON.parse(read(`packages/${folder}/package.json`)) as {
        dependencies?: Record<string, string>;
        peerDependencies?: Record<string, string>;
      };
      // What builds the page of a clone is not there for those who install it.
      const built = folder === 'dashboard' ? { vite: '' } : {};
      const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...built });
      const used = new Set(
        shipped
          .filter((file) => packageOf(file) === folder)
          .flatMap(importsOf)
          .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && name !== nameOf(folder))
          .map((name) =>
            name
              .split('/')
              .slice(0, name.startsWith('@') ? 2 : 1)
              .join('/'),
          ),
      );
      // testkit's suites run inside the vitest of whoever calls them.
      if (folder === 'testkit') used.delete('vitest');
      return [
        ...[...used]
          .filter((name) => !declared.includes(name))
          .map((name) => `${folder} uses ${name} undeclared`),
        ...declared.filter((name) => !used.has(name)).map((name) => `${folder} declares ${name} unused`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  it('names say what a file holds', () => {
    const vague = /(?:^|[-/])(?:utils?|helpers?|managers?|commons?|misc)(?:[-/.]|$)/u;
    expect(sources.filter((file) => vague.test(file))).toEqual([]);
    expect(sources.filter((file) => !/\/[a-z0-9-]+(?:\.test)?\.ts$/u.test(file))).toEqual([]);
  });

  it('files hold one thing', () => {
    // A contract suite is a list of cases, as tests are.
    const long = shipped.filter(
      (file) => !file.includes('/contract/') && read(file).split('\n').length > 400,
    );
    expect(long).toEqual([]);
  });

  it('nothing is unfinished', () => {
    const mark =
      /\b(?:TODO|FIXME|XXX|HACK)\b|@ts-(?:ignore|nocheck)|\bas any\b|: any\b|catch *(?:\([^)]*\))? *\{ *\}/u;
    const here = relative(ROOT, fileURLToPath(import.meta.url));
    const wrong = [
      ...sources,
      ...listFiles('packages/*/test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts', 'test/*.ts'),
    ]
      .filter((file) => file !== here)
      .filter((file) => mark.test(withoutProse(read(file))));
    expect(wrong).toEqual([]);
  });

  it('links in the documents lead somewhere', () => {
    const wrong = listFiles('*.md', 'docs/*.md', 'packages/*/*.md').flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/gu)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(ROOT, dirname(file), target)))
        .map((target) => `${file} links to ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('the lockfile names no registry', () => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> };
    const hosts = Object.values(lock.packages).filter(({ resolved }) => /^[a-z]+:/u.test(resolved ?? ''));
    expect(hosts).toEqual([]);
  });
});

function listFolders(): string[] {
  const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
  return workspaces.map((folder) => folder.replace('packages/', '')).sort();
}

/** Comments say "any" too; what they must not say is that something is left to do. */
function withoutProse(source: string): string {
  return source.replaceAll(/^\s*(?:\*|\/\*\*|\/\/)(?!.*\b(?:TODO|FIXME|XXX|HACK)\b).*$/gmu, '');
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//gu, '').replaceAll(/^\s*\/\/.*$/gmu, '');
}

function findCircles(): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const name of importsOf(file).filter((one) => one.startsWith('.'))) {
      visit(fileOf(file, name), [...path, file]);
    }
    done.add(file);
  };
  for (const file of shipped) visit(file, []);
  return circles;
}
