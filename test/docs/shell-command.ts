import type { Snippet } from './snippet.ts';

/** One program and what it is given, as a shell would start it. */
export interface ShellCommand {
  /** The line of the page. */
  readonly line: number;
  readonly words: readonly string[];
}

/** What the reader types: behind `$` where answers are shown too, else all of it. */
export function scriptOf({ text }: Snippet): string {
  if (!/^\$ /mu.test(text)) return text;
  const typed = text.split('\n').map((line, n, lines) => {
    if (line.startsWith('$ ')) return line.slice(2);
    return isContinued(lines, n) ? line : '';
  });
  return `${typed.join('\n')}\n`;
}

/** A line belongs to the one above that ends with a backslash, as long as a prompt stands above them. */
function isContinued(lines: readonly string[], n: number): boolean {
  const above = lines[n - 1];
  if (above === undefined || !above.endsWith('\\')) return false;
  return above.startsWith('$ ') || isContinued(lines, n - 1);
}

/** Parts of a script: what a quote holds, what divides commands, what only people or files see, the rest. */
const PART =
  /(?<continued>\\\n)|(?<end>\n|&&|\|\||[;|&])|(?<aside>(?<=^|\s)(?:#[^\n]*|>\s*\S+))|(?<gap>[ \t]+)|'(?<raw>[^']*)'|"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>(?:\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|[^\s'"|&;\\])+|\\.)/gu;

/**
 * The commands of a script, in their order. It knows what pages need: quotes, comments, pipes, `> file`, `&&`, `;`, `&`, lines that go on, and
 * `$(…)` as a word; no loops and no documents in the script.
 */
export function commandsOf(script: string, firstLine = 1): readonly ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | undefined;
  let line = firstLine;
  let startsAt = firstLine;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push({ line: startsAt, words });
    words = [];
  };
  for (const { 0: text, groups = {} } of `${script}\n`.matchAll(PART)) {
    if (groups.end !== undefined) endCommand();
    else if (groups.gap !== undefined || groups.continued !== undefined) endWord();
    else if (groups.aside === undefined) {
      if (words.length === 0 && word === undefined) startsAt = line;
      word = `${word ?? ''}${groups.raw ?? groups.quoted ?? groups.bare ?? ''}`;
    }
    line += text.split('\n').length - 1;
  }
  return commands;
}

/** Without variables that are set for it alone, and without what only finds the program. */
export function programOf({ words }: ShellCommand): readonly string[] {
  const start = words.findIndex((word) => word !== 'npx' && !/^\w+=/u.test(word));
  return start === -1 ? [] : words.slice(start);
}
