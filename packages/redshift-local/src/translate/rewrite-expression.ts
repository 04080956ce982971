import { RedshiftError } from '../redshift-error.ts';
import { quoteIdentifier, quoteString } from './duck-text.ts';
import { isTypeName, readCastType } from './duck-type.ts';
import { translateInterval } from './interval-literal.ts';
import { anywherePattern, likeNeedsEscape, similarToPattern } from './match-patterns.ts';
import { rewriteCall } from './rewrite-call.ts';
import { rewriteQuery } from './rewrite-query.ts';
import {
  isGroup,
  isSymbol,
  isWord,
  type LeafNode,
  type SqlNode,
  stringOf,
  syntaxError,
  wordOf,
} from './token-tree.ts';

/** A stretch of DuckDB SQL. Operands are complete: what follows (`::type`, `~`) may wrap them. */
export interface Piece {
  readonly text: string;
  readonly kind: 'operand' | 'keyword' | 'symbol';
  /** What Redshift calls the column when the operand stands alone in a select list. */
  readonly label?: string;
  /** A column, or a path into a SUPER column. */
  readonly isColumn?: boolean;
  /** Known to be a timestamp, so that `+ 7` means days. */
  readonly isTimestamp?: boolean;
  readonly isNumber?: boolean;
  readonly isStar?: boolean;
}

/** Reserved in Redshift: never a column, never a function. */
const HARD_KEYWORDS = new Set(
  (
    'and or not in is null true false between like ilike similar to escape as on when then else end from ' +
    'distinct all any some over zone isnull notnull select where group having order limit offset union ' +
    'intersect except by using exists default for'
  ).split(' '),
);

/** Words that stand before a bracket without being functions. */
const NOT_CALLED = new Set(
  'pivot unpivot set matched insert values filter within include exclude partition lateral'.split(' '),
);

/** Reserved in DuckDB, plain names in Redshift. */
const QUOTED_WORDS = new Set(
  'describe lambda show summarize returning variadic pivot_longer pivot_wider do window anti asof glob map positional semi struct columns unpack try_cast generated'.split(
    ' ',
  ),
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

const LIKE_ENDS = new Set(
  'and or then when else end as from where group having order limit union'.split(' '),
);

/** Rewrites an expression, or a list of them, to DuckDB SQL. */
export function rewriteExpression(nodes: readonly SqlNode[]): string {
  return joinPieces(rewritePieces(nodes));
}

export function joinPieces(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.text).join(' ');
}

/** An identifier as DuckDB takes it; plain ones stay readable. */
export function identifierText(node: LeafNode): string {
  const { kind, text } = node.token;
  return kind === 'word' && isPlainWord(text) ? text : quoteIdentifier(text);
}

/** A leaf that can be a name. */
export type NameNode = LeafNode & { readonly token: { readonly kind: 'word' | 'quoted' } };

export function isIdentifier(node: SqlNode | undefined): node is NameNode {
  if (node?.kind !== 'leaf') return false;
  return node.token.kind === 'quoted' || (node.token.kind === 'word' && !HARD_KEYWORDS.has(node.token.text));
}

/** The expression as pieces, operands whole. */
export function rewritePieces(nodes: readonly SqlNode[]): Piece[] {
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
    } else if (word === 'similar' && isWord(nodes[at + 1], 'to')) {
      const pattern = stringOf(nodes[at + 2]);
      if (pattern === undefined) throw refused('SIMILAR TO with a pattern that is not a literal');
      pieces.push({ text: 'similar to', kind: 'keyword' });
      const given = isWord(nodes[at + 3], 'escape') ? stringOf(nodes[at + 4]) : undefined;
      pieces.push(literal(quoteString(similarToPattern(pattern, given ?? '\\'))));
      at += given === undefined ? 3 : 5;
    } else if (isRegexOperator(node) && pieces.at(-1)?.kind === 'operand') {
      const operator = node.token.text;
      const right = readOperand(nodes, at + 1);
      pieces.push({ text: operator.startsWith('!') ? '!~' : '~', kind: 'symbol' });
      pieces.push(
        literal(anywherePattern(right.piece.text, stringOf(nodes[at + 1]), operator.endsWith('*'))),
      );
      at = right.next;
    } else if (isSymbol(node, '#')) {
      throw new RedshiftError('operator # is not supported', { sqlState: '0A000' });
    } else if (node.kind === 'leaf' && node.token.kind === 'symbol') {
      pieces.push({ text: node.token.text, kind: 'symbol', isStar: node.token.text === '*' });
      at += 1;
    } else if (word !== undefined && HARD_KEYWORDS.has(word)) {
      pieces.push({ text: word, kind: 'keyword' });
      at += 1;
    } else {
      const { piece, next } = readOperand(nodes, at);
      pieces.push(asDays(piece, pieces) ?? piece);
      at = next;
    }
  }
  closeLike();
  return pieces;
}

/** One operand with its casts, at `at`. */
export function readOperand(nodes: readonly SqlNode[], at: number): { piece: Piece; next: number } {
  let { piece, next } = readPrimary(nodes, at);
  while (next < nodes.length) {
    if (isSymbol(nodes[next], '::')) {
      const type = readCastType(nodes, next + 1);
      piece = castPiece(piece, type);
      next = type.next;
    } else if (
      isGroup(nodes[next], '[') ||
      (isSymbol(nodes[next], '.') && nodes[next - 1]?.kind === 'group')
    ) {
      const step = readStep(nodes, next);
      piece = { ...piece, text: `${piece.text}${step.text}`, ...(step.label && { label: step.label }) };
      next = step.next;
    } else {
      break;
    }
  }
  return { piece, next };
}

/** `cast(operand as type)`, with what Redshift's casts do and DuckDB's do not. */
export function castPiece(operand: Piece, type: ReturnType<typeof readCastType>): Piece {
  const label = operand.label !== undefined && operand.label !== '?column?' ? operand.label : type.label;
  const base = { kind: 'operand' as const, label };
  if (type.isSuper) return { ...base, text: `to_json(${operand.text})` };
  if (type.isText) {
    const text = operand.isColumn ? `rs_system.as_text(${operand.text})` : `cast(${operand.text} as varchar)`;
    return { ...base, text: type.cutBytes === undefined ? text : `rs_system.cut(${text}, ${type.cutBytes})` };
  }
  const isTimestamp = type.duckType.startsWith('timestamp');
  return { ...base, text: `cast(${operand.text} as ${type.duckType})`, isTimestamp };
}

export function refused(what: string): RedshiftError {
  return new RedshiftError(`${what} is not supported`, { sqlState: '0A000' });
}

function readPrimary(nodes: readonly SqlNode[], at: number): { piece: Piece; next: number } {
  const node = nodes[at];
  if (node === undefined) throw new RedshiftError('syntax error at end of input', { sqlState: '42601' });
  if (node.kind === 'group') return { piece: groupPiece(node), next: at + 1 };
  const { token } = node;
  if (token.kind === 'string') return { piece: literal(quoteString(token.text)), next: at + 1 };
  if (token.kind === 'number') return { piece: { ...literal(token.text), isNumber: true }, next: at + 1 };
  if (token.kind === 'parameter') {
    return {
      piece: literal(token.text.startsWith(':') ? `$${token.text.slice(1)}` : token.text),
      next: at + 1,
    };
  }
  if (token.kind === 'symbol') throw syntaxError(token.text, token.start);
  if (token.kind === 'word') {
    const value = readBareWord(nodes, at);
    if (value) return value;
  }
  return readColumn(nodes, at);
}

/** Typed literals, values without brackets and function calls. */
function readBareWord(nodes: readonly SqlNode[], at: number): { piece: Piece; next: number } | undefined {
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
    if (type.next === at + 1) return { piece: castPiece(literal(quoteString(text)), type), next: at + 2 };
  }
  if (isGroup(nodes[at + 1], '(') && !NOT_CALLED.has(word)) return rewriteCall(nodes, at, word);
  if (word === 'approximate' && isGroup(nodes[at + 2], '(')) return rewriteCall(nodes, at + 1, 'approximate');
  const schema = word === 'pg_catalog' || word === 'sys' ? wordOf(nodes[at + 2]) : undefined;
  if (schema !== undefined && isSymbol(nodes[at + 1], '.') && isGroup(nodes[at + 3], '(')) {
    return rewriteCall(nodes, at + 2, schema);
  }
  const bare = isSymbol(nodes[at + 1], '.') ? undefined : BARE_VALUES[word];
  if (!bare) return undefined;
  return { piece: { kind: 'operand', label: word, ...bare }, next: at + 1 };
}

/** `a.b.c`, `t.*`, `d.items[0].name`. */
function readColumn(nodes: readonly SqlNode[], at: number): { piece: Piece; next: number } {
  const first = nodes[at] as LeafNode;
  let text = identifierText(first);
  let label = first.token.text;
  let next = at + 1;
  while (isSymbol(nodes[next], '.') || isGroup(nodes[next], '[')) {
    const step = readStep(nodes, next);
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

function readStep(nodes: readonly SqlNode[], at: number): { text: string; label?: string; next: number } {
  const node = nodes[at];
  if (isGroup(node, '[')) return { text: `[${rewriteExpression(node.children)}]`, next: at + 1 };
  const name = nodes[at + 1];
  if (isSymbol(name, '*')) return { text: '.*', label: '*', next: at + 2 };
  if (name?.kind !== 'leaf' || (name.token.kind !== 'word' && name.token.kind !== 'quoted')) {
    throw syntaxError('.', node?.kind === 'leaf' ? node.token.start : 0);
  }
  // After a dot every word is a name, also a reserved one.
  const text = HARD_KEYWORDS.has(name.token.text) ? quoteIdentifier(name.token.text) : identifierText(name);
  return { text: `.${text}`, label: name.token.text, next: at + 2 };
}

function groupPiece(group: SqlNode & { kind: 'group' }): Piece {
  if (group.open === 'case') {
    return { text: `case ${rewriteExpression(group.children)} end`, kind: 'operand', label: 'case' };
  }
  if (group.open === '[') throw refused('an array literal');
  if (startsQuery(group.children)) return { text: `(${rewriteQuery(group.children)})`, kind: 'operand' };
  const inner = rewritePieces(group.children);
  const only = inner.length === 1 ? inner[0] : undefined;
  return { ...only, text: `(${joinPieces(inner)})`, kind: 'operand', isColumn: only?.isColumn === true };
}

export function startsQuery(nodes: readonly SqlNode[]): boolean {
  const first = nodes[0];
  return isWord(first, 'select', 'with', 'values') || (isGroup(first, '(') && startsQuery(first.children));
}

function literal(text: string): Piece {
  return { text, kind: 'operand', label: '?column?' };
}

/** Redshift adds a number to a timestamp as days; DuckDB only to a date. */
function asDays(piece: Piece, before: readonly Piece[]): Piece | undefined {
  const operator = before.at(-1);
  const isSum = operator?.kind === 'symbol' && (operator.text === '+' || operator.text === '-');
  if (!isSum || !piece.isNumber || before.at(-2)?.isTimestamp !== true) return undefined;
  const micros = Math.round(Number(piece.text) * 86_400_000_000);
  return { text: `to_microseconds(${micros})`, kind: 'operand', isTimestamp: true };
}

function isRegexOperator(node: SqlNode): node is LeafNode {
  return node.kind === 'leaf' && node.token.kind === 'symbol' && /^!?~\*?$/u.test(node.token.text);
}

function isPlainWord(text: string): boolean {
  return !QUOTED_WORDS.has(text) && /^[a-z_][a-z0-9_]*$/u.test(text);
}
