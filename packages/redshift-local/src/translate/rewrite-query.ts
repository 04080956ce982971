import { quoteName } from '../catalog/quote.ts';
import { identifierList, identifierText, isIdentifier } from './names.ts';
import { joinPieces, type Piece, type Rewriter, refused, startsQuery } from './piece.ts';
import {
  isGroup,
  isSymbol,
  isWord,
  type LeafNode,
  type SqlNode,
  splitList,
  syntaxError,
  wordOf,
} from './token-tree.ts';

/** Words that begin a clause on the level of their query. */
const CLAUSES = new Set('with select from where group having qualify order limit offset values'.split(' '));
const SET_OPERATIONS = new Set(['union', 'intersect', 'except', 'minus']);

/** Rewrites a query: SELECT, WITH or VALUES, with its set operations. */
export function rewriteQuery(nodes: readonly SqlNode[], rewriter: Rewriter): string {
  const out: string[] = [];
  let limit: string | undefined;
  for (const { word, body, node } of splitClauses(nodes)) {
    switch (word) {
      case 'with':
        out.push(rewriteWith(body, rewriter));
        break;
      case 'select': {
        const select = rewriteSelect(body, rewriter);
        out.push(select.text);
        if (select.limit !== undefined) limit = select.limit;
        break;
      }
      case 'from':
        out.push(`from ${rewriter.tables(body)}`);
        break;
      case 'limit':
        if (!isWord(body[0], 'all')) out.push(`limit ${rewriter.expression(body)}`);
        break;
      case 'union':
      case 'intersect':
      case 'except':
      case 'minus':
        if (limit !== undefined) throw refused('TOP in a query with set operations');
        out.push(word === 'minus' ? 'except' : word, rewriteTail(body, rewriter));
        break;
      case undefined:
        out.push(rewriteTail(body, rewriter));
        break;
      default:
        if (word === 'order' && isWord(body[0], 'by'))
          out.push(`order by ${rewriter.expression(body.slice(1))}`);
        else out.push(word, rewriter.expression(body));
    }
    if (word === 'select' && body.length === 0) throw syntaxError('select', node?.token.start ?? 0);
  }
  if (limit !== undefined) out.push(`limit ${limit}`);
  return out.filter((text) => text !== '').join(' ');
}

interface Clause {
  readonly word: string | undefined;
  readonly node: LeafNode | undefined;
  readonly body: readonly SqlNode[];
}

function splitClauses(nodes: readonly SqlNode[]): Clause[] {
  const clauses: { word: string | undefined; node: LeafNode | undefined; body: SqlNode[] }[] = [];
  for (const [index, node] of nodes.entries()) {
    const word = wordOf(node);
    if (word !== undefined && beginsClause(word, nodes, index)) {
      clauses.push({ word, node: node as LeafNode, body: [] });
    } else {
      if (clauses.length === 0) clauses.push({ word: undefined, node: undefined, body: [] });
      clauses.at(-1)?.body.push(node);
    }
  }
  return clauses;
}

/** `order`, `group` and `minus` are clauses only where what follows says so; after a dot or `as` all are names. */
function beginsClause(word: string, nodes: readonly SqlNode[], index: number): boolean {
  const previous = nodes[index - 1];
  const next = nodes[index + 1];
  if (isSymbol(previous, '.') || isWord(previous, 'as')) return false;
  if (SET_OPERATIONS.has(word))
    return isWord(next, 'select', 'all', 'distinct', 'values') || isGroup(next, '(');
  if (!CLAUSES.has(word)) return false;
  if (word === 'group' || word === 'order') return isWord(next, 'by') && !isWord(previous, 'within');
  if (word === 'with') return index === 0;
  // `row_number() over (…)` and other brackets are groups, so a FROM on this level is the query's own.
  if (word === 'from') return !isWord(previous, 'distinct');
  if (word === 'offset' || word === 'values' || word === 'qualify')
    return next !== undefined && !isSymbol(next, ',');
  return true;
}

/** `[all | distinct] (query)` after a set operation, or a bracketed first query. */
function rewriteTail(body: readonly SqlNode[], rewriter: Rewriter): string {
  return body
    .map((node) => {
      if (isGroup(node, '(') && startsQuery(node.children)) return `(${rewriter.query(node.children)})`;
      return rewriter.expression([node]);
    })
    .join(' ');
}

/** `[recursive] name [(columns)] as (query), …` */
function rewriteWith(body: readonly SqlNode[], rewriter: Rewriter): string {
  const isRecursive = isWord(body[0], 'recursive');
  const parts = splitList(isRecursive ? body.slice(1) : body).map((item) => {
    const [name, second] = item;
    if (!isIdentifier(name)) throw syntaxError('with', 0);
    const columns =
      isGroup(second, '(') && !startsQuery(second.children) ? ` (${identifierList(second.children)})` : '';
    const query = item.at(-1);
    if (!isGroup(query, '(')) throw syntaxError(name.token.text, name.token.start);
    return `${identifierText(name)}${columns} as (${rewriter.query(query.children)})`;
  });
  return `with ${isRecursive ? 'recursive ' : ''}${parts.join(', ')}`;
}

function rewriteSelect(body: readonly SqlNode[], rewriter: Rewriter): { text: string; limit?: string } {
  let at = 0;
  let head = 'select';
  if (isWord(body[at], 'distinct', 'all')) {
    if (isWord(body[at], 'distinct')) head += ' distinct';
    at += 1;
  }
  let limit: string | undefined;
  const count = body[at + 1];
  if (isWord(body[at], 'top') && count !== undefined && isCount(count)) {
    limit = rewriter.expression([count]);
    at += 2;
  }
  const rest = body.slice(at);
  if (rest.some((node, index) => isWord(node, 'into') && index > 0))
    throw refused('SELECT INTO inside this statement');
  const items = splitList(rest).map((item) => rewriteSelectItem(item, rewriter));
  return { text: `${head} ${items.join(', ')}`, ...(limit !== undefined && { limit }) };
}

function isCount(node: SqlNode): boolean {
  return (
    isGroup(node, '(') ||
    (node.kind === 'leaf' && (node.token.kind === 'number' || node.token.kind === 'parameter'))
  );
}

/**
 * One item of a select list. An item without a name gets the one that Redshift would give it: the function's, the
 * column's, or `?column?`.
 */
function rewriteSelectItem(item: readonly SqlNode[], rewriter: Rewriter): string {
  const last = item.at(-1);
  const previous = item.at(-2);
  if (isWord(previous, 'as') && last?.kind === 'leaf') {
    return `${rewriter.expression(item.slice(0, -2))} as ${quoteName(last.token.text)}`;
  }
  if (isImplicitAlias(item)) {
    return `${rewriter.expression(item.slice(0, -1))} as ${quoteName((last as LeafNode).token.text)}`;
  }
  const pieces = rewriter.pieces(item);
  const text = joinPieces(pieces);
  const name = columnName(pieces);
  return name === undefined ? text : `${text} as ${quoteName(name)}`;
}

function columnName(pieces: readonly Piece[]): string | undefined {
  const [only] = pieces;
  if (
    pieces.some((piece) => piece.isStar && piece.kind === 'operand') ||
    (only?.isStar && pieces.length === 1)
  ) {
    return undefined;
  }
  if (pieces.length !== 1 || only === undefined) return '?column?';
  if (only.isColumn && !only.text.includes('[')) return undefined;
  return only.label ?? '?column?';
}

const TYPE_ENDS = new Set(['precision', 'varying', 'zone']);

/** `price total`: a name straight after an operand. */
function isImplicitAlias(item: readonly SqlNode[]): boolean {
  const last = item.at(-1);
  const previous = item.at(-2);
  if (item.length < 2 || !isIdentifier(last) || previous === undefined) return false;
  if (TYPE_ENDS.has(last.token.text) && last.token.kind === 'word') return false;
  // `interval '1' day`: the unit belongs to the literal. `x::varchar`: the type to the cast.
  if (previous.kind === 'leaf' && previous.token.kind === 'string') return !isWord(item.at(-3), 'interval');
  if (previous.kind === 'group') return true;
  if (previous.token.kind === 'symbol') return false;
  return (
    isIdentifier(previous) || previous.token.kind !== 'word' || isWord(previous, 'null', 'true', 'false')
  );
}
