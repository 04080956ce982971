import { type Token, tokenize } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';

/**
 * SQL as the rewriter sees it: tokens, with everything between brackets, and between CASE and END, folded into one
 * node. What stands side by side in a list then stands on one level of nesting.
 */
export type SqlNode = LeafNode | GroupNode;

export interface LeafNode {
  readonly kind: 'leaf';
  readonly token: Token;
}

export interface GroupNode {
  readonly kind: 'group';
  /** `(…)`, `[…]` or `CASE … END`. */
  readonly open: '(' | '[' | 'case';
  readonly children: readonly SqlNode[];
}

const CLOSERS: Readonly<Record<string, string>> = { '(': ')', '[': ']', case: 'end' };

/**
 * Builds the tree of a statement, without its final `;`.
 *
 * @throws RedshiftError for brackets that do not match, worded as a syntax error.
 */
export function parseTokenTree(sql: string): SqlNode[] {
  const tokens = tokenize(sql);
  while (tokens.at(-1)?.text === ';' && tokens.at(-1)?.kind === 'symbol') tokens.pop();
  const stack: { open: GroupNode['open'] | undefined; children: SqlNode[] }[] = [
    { open: undefined, children: [] },
  ];
  for (const [index, token] of tokens.entries()) {
    const top = stack.at(-1) as { open: GroupNode['open'] | undefined; children: SqlNode[] };
    const isOpener = opensGroup(token, tokens[index - 1]);
    if (isOpener) {
      stack.push({ open: token.text as GroupNode['open'], children: [] });
    } else if (top.open !== undefined && closesGroup(token, top.open, tokens[index - 1])) {
      stack.pop();
      stack.at(-1)?.children.push({ kind: 'group', open: top.open, children: top.children });
    } else if (token.kind === 'symbol' && (token.text === ')' || token.text === ']' || token.text === ';')) {
      throw syntaxError(token.text, token.start);
    } else {
      top.children.push({ kind: 'leaf', token });
    }
  }
  if (stack.length > 1) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  return stack[0]?.children ?? [];
}

/** `syntax error at or near "x"`, with the 1-based position as drivers show it. */
export function syntaxError(text: string, start: number): RedshiftError {
  return new RedshiftError(`syntax error at or near "${text}"\n  Position: ${start + 1};`, {
    sqlState: '42601',
  });
}

/** Splits a list at the commas of its own level. An empty list has no items. */
export function splitList(nodes: readonly SqlNode[]): SqlNode[][] {
  if (nodes.length === 0) return [];
  const items: SqlNode[][] = [[]];
  for (const node of nodes) {
    if (isSymbol(node, ',')) items.push([]);
    else items.at(-1)?.push(node);
  }
  return items;
}

/** The word of an unquoted leaf, else undefined. */
export function wordOf(node: SqlNode | undefined): string | undefined {
  return node?.kind === 'leaf' && node.token.kind === 'word' ? node.token.text : undefined;
}

/** The value of a string literal, else undefined. */
export function stringOf(node: SqlNode | undefined): string | undefined {
  return node?.kind === 'leaf' && node.token.kind === 'string' ? node.token.text : undefined;
}

export function isWord(node: SqlNode | undefined, ...words: readonly string[]): boolean {
  const word = wordOf(node);
  return word !== undefined && words.includes(word);
}

export function isSymbol(node: SqlNode | undefined, text: string): boolean {
  return node?.kind === 'leaf' && node.token.kind === 'symbol' && node.token.text === text;
}

export function isGroup(node: SqlNode | undefined, open: GroupNode['open']): node is GroupNode {
  return node?.kind === 'group' && node.open === open;
}

/** `t.case` is a column, `case when` opens a group. */
function opensGroup(token: Token, previous: Token | undefined): boolean {
  if (token.kind === 'symbol') return token.text === '(' || token.text === '[';
  return token.kind === 'word' && token.text === 'case' && previous?.text !== '.';
}

function closesGroup(token: Token, open: string, previous: Token | undefined): boolean {
  if (token.text !== CLOSERS[open]) return false;
  return open === 'case' ? token.kind === 'word' && previous?.text !== '.' : token.kind === 'symbol';
}
