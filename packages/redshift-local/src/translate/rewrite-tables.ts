import { quoteName } from '../catalog/quote.ts';
import { SYSTEM_TABLES } from '../system/system-table-names.ts';
import { identifierList, identifierText, isIdentifier } from './names.ts';
import { type Rewriter, refused, startsQuery } from './piece.ts';
import { isGroup, isSymbol, isWord, type LeafNode, type SqlNode, syntaxError, wordOf } from './token-tree.ts';

/** Words between the tables of a FROM clause. `left (` is a function and never gets here as a join word. */
const JOIN_WORDS = new Set('join inner left right full cross natural outer'.split(' '));

/** A FROM or USING clause: tables, sub-queries, functions, joins and their conditions. */
export function rewriteTables(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  const out: string[] = [];
  const names = new Set<string>();
  let at = 0;
  let expectsTable = true;
  while (at < nodes.length) {
    if (expectsTable) {
      const table = readTable(nodes, at, rewriter, names);
      out.push(table.text);
      at = table.next;
      expectsTable = false;
      continue;
    }
    const start = at;
    while (at < nodes.length && !isSymbol(nodes[at], ',') && !isJoinWord(nodes, at)) at += 1;
    if (at > start) out.push(rewriter.expression(nodes.slice(start, at)));
    while (at < nodes.length && (isSymbol(nodes[at], ',') || isJoinWord(nodes, at))) {
      out.push(isSymbol(nodes[at], ',') ? ',' : (wordOf(nodes[at]) as string));
      at += 1;
      expectsTable = true;
    }
  }
  return out.join(' ');
}

function isJoinWord(nodes: readonly SqlNode[], at: number): boolean {
  const word = wordOf(nodes[at]);
  return word !== undefined && JOIN_WORDS.has(word) && !isSymbol(nodes[at - 1], '.') && isJoinTail(nodes, at);
}

/** `left(x, 2)` in a condition is a function: a join word is followed by JOIN, another join word or a table. */
function isJoinTail(nodes: readonly SqlNode[], at: number): boolean {
  return (
    isWord(nodes[at], 'join') || isWord(nodes[at + 1], 'join', 'inner', 'left', 'right', 'full', 'outer')
  );
}

/** One table with its alias. */
export function readTable(
  nodes: readonly SqlNode[],
  start: number,
  rewriter: Rewriter,
  names: Set<string> = new Set(),
): { text: string; next: number } {
  let at = start;
  let text = '';
  const first = nodes[at];
  if (isWord(first, 'lateral', 'only')) {
    text = isWord(first, 'lateral') ? 'lateral ' : '';
    at += 1;
  }
  const node = nodes[at];
  let path: LeafNode[] = [];
  if (isGroup(node, '(')) {
    text += startsQuery(node.children)
      ? `(${rewriter.query(node.children)})`
      : `(${rewriter.tables(node.children)})`;
    at += 1;
  } else if (isIdentifier(node)) {
    path = [node];
    at += 1;
    while (isSymbol(nodes[at], '.') && nodes[at + 1]?.kind === 'leaf') {
      path.push(nodes[at + 1] as LeafNode);
      at += 2;
    }
    if (isGroup(nodes[at], '(') && path.length === 1) {
      text += rewriter.expression([node, nodes[at] as SqlNode]);
      at += 1;
    } else if (path.length > 1 && names.has(path[0]?.token.text ?? '')) {
      return readUnnest(path, nodes, at, names);
    } else {
      text += tableName(path);
    }
  } else {
    throw node?.kind === 'leaf'
      ? syntaxError(node.token.text, node.token.start)
      : refused('this FROM clause');
  }
  const alias = readAlias(nodes, at);
  names.add(alias?.name ?? path.at(-1)?.token.text ?? '');
  if (!alias) return { text, next: at };
  return { text: `${text} as ${quoteName(alias.name)}${alias.columns}`, next: alias.next };
}

/** `orders o, o.items i`: one row for each element of a SUPER array. */
function readUnnest(
  path: readonly LeafNode[],
  nodes: readonly SqlNode[],
  at: number,
  names: Set<string>,
): { text: string; next: number } {
  const alias = readAlias(nodes, at);
  const name = alias?.name ?? (path.at(-1) as LeafNode).token.text;
  names.add(name);
  const array = path.map(identifierText).join('.');
  const column = quoteName(name);
  return {
    text: `lateral (select unnest(rs_system.elements(${array})) as ${column}) as ${column}`,
    next: alias?.next ?? at,
  };
}

/** `[as] name [(columns)]`; join words and the words of the next clause are no names. */
function readAlias(
  nodes: readonly SqlNode[],
  start: number,
): { name: string; columns: string; next: number } | undefined {
  const hasAs = isWord(nodes[start], 'as');
  const node = nodes[hasAs ? start + 1 : start];
  if (!isIdentifier(node)) return undefined;
  const word = wordOf(node);
  if (!hasAs && word !== undefined && (isJoinWord(nodes, start) || NO_ALIAS.has(word))) return undefined;
  let next = start + (hasAs ? 2 : 1);
  let columns = '';
  const group = nodes[next];
  if (isGroup(group, '(')) {
    columns = `(${identifierList(group.children)})`;
    next += 1;
  }
  return { name: node.token.text, columns, next };
}

const NO_ALIAS = new Set('pivot unpivot set tablesample when at'.split(' '));

/** A table's name in DuckDB: system tables have their own schema, `#name` is quoted. */
export function tableName(path: readonly LeafNode[]): string {
  const name = path.at(-1)?.token.text ?? '';
  const schema = path.length > 1 ? path.at(-2)?.token.text : undefined;
  const system = SYSTEM_TABLES.get(
    schema === undefined || schema === 'pg_catalog' ? name : `${schema}.${name}`,
  );
  return system ?? path.map(identifierText).join('.');
}
