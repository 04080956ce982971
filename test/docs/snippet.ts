import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A block of code in a page that users read. */
export interface Snippet {
  readonly page: string;
  /** The first line of its text in the page, from 1. */
  readonly line: number;
  /** What the page calls it; empty when it says nothing. */
  readonly language: string;
  readonly text: string;
}

/** What a snippet is, and so who checks it. */
export type SnippetKind = 'typescript' | 'json' | 'sql' | 'shell' | 'python' | 'yaml' | 'printed' | 'drawing';

const PAGES = ['*.md', 'docs/*.md', 'packages/*/README.md', 'examples/*/README.md'];
const FENCE = /^( *)```(\w*)\n(.*?)^ *```$/gmsu;
const LINES_AND_ARROWS = /──|◄|▲/u;

/** Every snippet of every page, in their order. */
export function listSnippets(): readonly Snippet[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...PAGES], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\n').filter(Boolean).flatMap(snippetsOf);
}

function snippetsOf(page: string): readonly Snippet[] {
  const markdown = readFileSync(join(ROOT, page), 'utf8');
  return [...markdown.matchAll(FENCE)].map(({ 1: indent = '', 2: language = '', 3: text = '', index }) => ({
    page,
    line: markdown.slice(0, index).split('\n').length + 1,
    language,
    // In a list blocks are indented; their text is not.
    text: text.replaceAll(new RegExp(`^${indent}`, 'gmu'), ''),
  }));
}

/** @throws Error for what no check knows: a snippet that nobody holds against anything is not to be written. */
export function kindOf(snippet: Snippet): SnippetKind {
  const { language, text } = snippet;
  switch (language) {
    case 'ts':
      return 'typescript';
    case 'js':
      // Members of a configuration, in which readers may use either form of it.
      return /^["{]/u.test(text) ? 'json' : 'typescript';
    case 'json':
    case 'jsonc':
      return 'json';
    case 'sql':
    case 'python':
    case 'yaml':
      return language;
    case 'sh':
    case 'console':
      return 'shell';
    case 'text':
      return 'printed';
    case '':
      if (/^(?:\$ |npm run )/mu.test(text)) return 'shell';
      if (LINES_AND_ARROWS.test(text)) return 'drawing';
      break;
  }
  throw new Error(
    `${placeOf(snippet)}: no check knows a block of language '${language}'; name one that it does`,
  );
}

export function snippetsOfKind(kind: SnippetKind): readonly Snippet[] {
  return listSnippets().filter((snippet) => kindOf(snippet) === kind);
}

/** Where a reader finds it. */
export function placeOf({ page, line }: Snippet): string {
  return `${page}:${line}`;
}
