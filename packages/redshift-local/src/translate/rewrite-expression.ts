import { quoteName, quoteText } from '../catalog/quote.ts';
import { RedshiftError } from '../redshift-error.ts';
import { isTypeName, readCastType } from './duck-type.ts';
import { translateInterval } from './interval-literal.ts';
import { anywherePattern, likeNeedsEscape, similarToPattern } from './match-patterns.ts';
import { HARD_KEYWORDS, identifierText } from './names.ts';
import { castPiece, joinPieces, literal, type Piece, type Rewriter, refused, startsQuery } from './piece.ts';
import {
  type GroupNode,
  isGroup,
  isSymbol,
  isWord,
  type LeafNode,
  type SqlNode,
  stringOf,
  syntaxError,
  wordOf,
} from './token-tree.ts';

/** Words that stand before a bracket without being functions. */
const NOT_CALLED = new Set(
  'pivot unpivot set matched insert values filter within include exclude partition lateral'.split(' '),
);

/** Values that are written without brackets. */
const BARE_VALUES: Readonly<Record<string, { text: string; isTimestamp?: boolean }>> = {
  sysdate: { text: 'rs_system.sysdate()', isTimestamp: true },
  current_date: { text: 'rs_system.today()' },
  current_timestamp: { text: 'current_timestamp', isTimestamp: true },
  current_time: { text: 'current_time' },
  current_user: { text: 'rs_system.session_user_name()' },
  session_user: { text: 'rs_system.session_user_name()' },
  user: { text: 'rs_system.session_user_name()' },
};

const CONSTANTS = new Set(['null', 'true', 'false']);

const LIKE_ENDS = new Set(
  'and or then when else end as from where group having order limit union'.split(' '),
);

/** The expression as pieces, operands whole. */
export function rewritePieces(nodes: readonly SqlNode[], rewriter: Rewriter): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let likeOpen = false;
  const closeLike = (): void => {
    if (likeOpen) pieces.push({ text: "escape '\\'", kind: 'keyword' });
    likeOpen = false;
  };
  while (at < nodes.length) {
    const node = nodes[at] as SqlNode;
    const word = wordOf(node);
    if (likeOpen && word === 'escape') likeOpen = false;
    if (isSymbol(node, ',') || (word !== undefined && LIKE_ENDS.has(word))) closeLike();
    if (word === 'like' || word === 'ilike') {
      pieces.push({ text: word, kind: 'keyword' });
      likeOpen = likeNeedsEscape(nodes, at + 1);
      at += 1;
    } else if (word === 'at' && isWord(nodes[at + 1], 'time') && isWord(nodes[at + 2], 'zone')) {
      pieces.push({ text: 'at time zone', kind: 'keyword' });
      at += 3;
    } else if (word === 'similar' && isWord(nodes[at + 1], 'to')) {
      const pattern = stringOf(nodes[at + 2]);
      if (pattern === undefined) throw refused('SIMILAR TO with a pattern that is not a literal');
      pieces.push({ text: 'similar to', kind: 'keyword' });
      const given = isWord(nodes[at + 3], 'escape') ? stringOf(nodes[at + 4]) : undefined;
      pieces.push(literal(quoteText(similarToPattern(pattern, given ?? '\\'))));
      at += given === undefined ? 3 : 5;
    } else if (isRegexOperator(node) && pieces.at(-1)?.kind === 'operand') {
      const operator = node.token.text;
      const right = readOperand(nodes, at + 1, rewriter);
      pieces.push({ text: operator.startsWith('!') ? '!~' : '~', kind: 'symbol' });
      pieces.push(
        literal(anywherePattern(right.piece.text, stringOf(nodes[at + 1]), operator.endsWith('*'))),
      );
      at = right.next;
    } else if (isSymbol(node, '#') || word === '#') {
      throw new RedshiftError('operator # is not supported', { sqlState: '0A000' });
    } else if (node.kind === 'leaf' && node.token.kind === 'symbol') {
      pieces.push({ text: node.token.text, kind: 'symbol', isStar: node.token.text === '*' });
      at += 1;
    } else if (word !== undefined && HARD_KEYWORDS.has(word) && !CONSTANTS.has(word)) {
      pieces.push({ text: word, kind: 'keyword' });
      at += 1;
    } else {
      const { piece, next } = readOperand(nodes, at, rewriter);
      pieces.push(asDays(piece, pieces) ?? asDivisor(piece, pieces) ?? piece);
      at = next;
    }
  }
  closeLike();
  return pieces;
}

/** One operand with its casts, at `at`. */
function readOperand(
  nodes: readonly SqlNode[],
  at: number,
  rewriter: Rewriter,
): { piece: Piece; next: number } {
  let { piece, next } = readPrimary(nodes, at, rewriter);
  while (next < nodes.length) {
    if (isSymbol(nodes[next], '::')) {
      const type = readCastType(nodes, next + 1);
      piece = castPiece(piece, type);
      next = type.next;
    } else if (
      isGroup(nodes[next], '[') ||
      (isSymbol(nodes[next], '.') && nodes[next - 1]?.kind === 'group')
    ) {
      const step = readStep(nodes, next, rewriter);
      piece = { ...piece, text: `${piece.text}${step.text}`, ...(step.label && { label: step.label }) };
      next = step.next;
    } else {
      break;
    }
  }
  return { piece, next };
}

function readPrimary(
  nodes: readonly SqlNode[],
  at: number,
  rewriter: Rewriter,
): { piece: Piece; next: number } {
  const node = nodes[at];
  if (node === undefined) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  if (node.kind === 'group') return { piece: groupPiece(node, rewriter), next: at + 1 };
  const { token } = node;
  if (token.kind === 'string') return { piece: literal(quoteText(token.text)), next: at + 1 };
  if (token.kind === 'number') return { piece: { ...literal(token.text), isNumber: true }, next: at + 1 };
  if (token.kind === 'parameter') {
    return {
      piece: literal(token.text.startsWith(':') ? `$${token.text.slice(1)}` : token.text),
      next: at + 1,
    };
  }
  if (token.kind === 'symbol') throw syntaxError(token.text, token.start);
  if (token.kind === 'word' && CONSTANTS.has(token.text)) {
    const isNull = token.text === 'null';
    const piece: Piece = {
      text: token.text,
      kind: 'operand',
      label: isNull ? '?column?' : 'bool',
      isLiteral: isNull,
    };
    return { piece, next: at + 1 };
  }
  if (token.kind === 'word') {
    const value = readBareWord(nodes, at, rewriter);
    if (value) return value;
  }
  return readColumn(nodes, at, rewriter);
}

/** Typed literals, values without brackets and function calls. */
function readBareWord(
  nodes: readonly SqlNode[],
  at: number,
  rewriter: Rewriter,
): { piece: Piece; next: number } | undefined {
  const word = wordOf(nodes[at]) as string;
  const text = stringOf(nodes[at + 1]);
  if (word === 'interval' && text !== undefined) {
    const unit = wordOf(nodes[at + 2]);
    const interval = translateInterval(text, unit);
    return {
      piece: { text: interval.text, kind: 'operand', label: 'interval' },
      next: at + (interval.tookUnit ? 3 : 2),
    };
  }
  if (text !== undefined && isTypeName(word)) {
    const type = readCastType(nodes, at);
    if (type.next === at + 1) return { piece: castPiece(literal(quoteText(text)), type), next: at + 2 };
  }
  if (isGroup(nodes[at + 1], '(') && !NOT_CALLED.has(word)) return rewriter.call(nodes, at, word);
  if (word === 'approximate' && isGroup(nodes[at + 2], '('))
    return rewriter.call(nodes, at + 1, 'approximate');
  const schema = word === 'pg_catalog' || word === 'sys' ? wordOf(nodes[at + 2]) : undefined;
  if (schema !== undefined && isSymbol(nodes[at + 1], '.') && isGroup(nodes[at + 3], '(')) {
    return rewriter.call(nodes, at + 2, schema);
  }
  const bare = isSymbol(nodes[at + 1], '.') ? undefined : BARE_VALUES[word];
  if (!bare) return undefined;
  return { piece: { kind: 'operand', label: word, ...bare }, next: at + 1 };
}

/** `a.b.c`, `t.*`, `d.items[0].name`. */
function readColumn(
  nodes: readonly SqlNode[],
  at: number,
  rewriter: Rewriter,
): { piece: Piece; next: number } {
  const first = nodes[at] as LeafNode;
  let text = identifierText(first);
  let label = first.token.text;
  let next = at + 1;
  while (isSymbol(nodes[next], '.') || isGroup(nodes[next], '[')) {
    const step = readStep(nodes, next, rewriter);
    text += step.text;
    next = step.next;
    if (step.label === '*') return { piece: { text, kind: 'operand', isStar: true }, next };
    if (step.label !== undefined) label = step.label;
  }
  if (next - at > 1 && isGroup(nodes[next], '(')) {
    throw new RedshiftError(`function ${text}() does not exist`, { sqlState: '42883' });
  }
  return { piece: { text, kind: 'operand', isColumn: true, label }, next };
}

function readStep(
  nodes: readonly SqlNode[],
  at: number,
  rewriter: Rewriter,
): { text: string; label?: string; next: number } {
  const node = nodes[at];
  if (isGroup(node, '[')) return { text: `[${rewriter.expression(node.children)}]`, next: at + 1 };
  const name = nodes[at + 1];
  if (isSymbol(name, '*')) return { text: '.*', label: '*', next: at + 2 };
  if (name?.kind !== 'leaf' || (name.token.kind !== 'word' && name.token.kind !== 'quoted')) {
    throw syntaxError('.', node?.kind === 'leaf' ? node.token.start : 0);
  }
  // After a dot every word is a name, also a reserved one.
  const text = HARD_KEYWORDS.has(name.token.text) ? quoteName(name.token.text) : identifierText(name);
  return { text: `.${text}`, label: name.token.text, next: at + 2 };
}

function groupPiece(group: GroupNode, rewriter: Rewriter): Piece {
  if (group.open === 'case') {
    return { text: `case ${rewriter.expression(group.children)} end`, kind: 'operand', label: 'case' };
  }
  if (group.open === '[') throw refused('an array literal');
  if (startsQuery(group.children)) return { text: `(${rewriter.query(group.children)})`, kind: 'operand' };
  const inner = rewriter.pieces(group.children);
  const only = inner.length === 1 ? inner[0] : undefined;
  return { ...only, text: `(${joinPieces(inner)})`, kind: 'operand', isColumn: only?.isColumn === true };
}

/** Redshift adds a number to a timestamp as days; DuckDB only to a date. */
function asDays(piece: Piece, before: readonly Piece[]): Piece | undefined {
  const operator = before.at(-1);
  const isSum = operator?.kind === 'symbol' && (operator.text === '+' || operator.text === '-');
  if (!isSum || !piece.isNumber || before.at(-2)?.isTimestamp !== true) return undefined;
  const micros = Math.round(Number(piece.text) * 86_400_000_000);
  return { text: `to_microseconds(${micros})`, kind: 'operand', isTimestamp: true };
}

/** Redshift refuses to divide by zero, DuckDB makes NULL of it. Only a literal is seen to be another number. */
function asDivisor(piece: Piece, before: readonly Piece[]): Piece | undefined {
  const isSigned = before.at(-1)?.text === '-' && before.at(-2)?.kind === 'symbol';
  const operator = before.at(isSigned ? -2 : -1);
  const divides = operator?.kind === 'symbol' && (operator.text === '/' || operator.text === '%');
  if (!divides || (piece.isNumber && Number(piece.text) !== 0)) return undefined;
  return { ...piece, text: `rs_system.divisor(${piece.text})` };
}

function isRegexOperator(node: SqlNode): node is LeafNode {
  return node.kind === 'leaf' && node.token.kind === 'symbol' && /^!?~\*?$/u.test(node.token.text);
}
