import { RedshiftError } from '../redshift-error.ts';
import { aggregateRule } from './aggregate-functions.ts';
import { readCastType } from './duck-type.ts';
import { type FunctionCall, undefinedFunction } from './function-call.ts';
import { FUNCTIONS } from './functions.ts';
import { asOperand, castPiece, joinPieces, type Piece, type Rewriter, refused } from './piece.ts';
import { type GroupNode, isGroup, isWord, type SqlNode, splitList, wordOf } from './token-tree.ts';

/**
 * Rewrites the function call whose name stands at `at`, with what belongs to it: WITHIN GROUP, IGNORE NULLS, FILTER
 * and OVER.
 *
 * @throws RedshiftError `function f(…) does not exist` for a function that Redshift does not have, or that
 *   redshift-local does not do.
 */
export function rewriteCall(
  nodes: readonly SqlNode[],
  at: number,
  name: string,
  rewriter: Rewriter,
): { piece: Piece; next: number } {
  const group = nodes[at + 1] as GroupNode;
  const called = name === 'approximate' ? `approximate ${wordOf(nodes[at])}` : name;
  if (called === 'cast' || called === 'try_cast')
    return { piece: rewriteCast(group, called, rewriter), next: at + 2 };
  if (called === 'convert') return { piece: rewriteConvert(group, rewriter), next: at + 2 };

  let next = at + 2;
  let withinGroup: string | undefined;
  if (isWord(nodes[next], 'within') && isWord(nodes[next + 1], 'group') && isGroup(nodes[next + 2], '(')) {
    withinGroup = rewriter.expression((nodes[next + 2] as GroupNode).children);
    next += 3;
  }
  let nulls: string | undefined;
  if (isWord(nodes[next], 'ignore', 'respect') && isWord(nodes[next + 1], 'nulls')) {
    nulls = isWord(nodes[next], 'ignore') ? ' ignore nulls' : '';
    next += 2;
  }
  let over: string | undefined;
  if (isWord(nodes[next], 'over')) {
    const window = nodes[next + 1];
    if (!isGroup(window, '(')) throw refused('a named window');
    over = ` over (${rewriter.expression(window.children)})`;
    next += 2;
  }
  const aggregate = aggregateRule(called);
  if (aggregate) {
    const { quantifier, children } = readQuantifier(group);
    const args = splitList(children).map((item) => joinPieces(rewriter.pieces(item)));
    const text = aggregate({ args, quantifier, withinGroup, over: over ?? '', nulls: nulls ?? '' });
    if (text === undefined) throw undefinedFunction(called, args.length);
    return { piece: { text, kind: 'operand', label: labelOf(called) }, next };
  }
  if (withinGroup !== undefined || nulls !== undefined || over !== undefined) {
    throw new RedshiftError(`${called}() is not an aggregate or window function`, { sqlState: '42809' });
  }
  const rule = FUNCTIONS.get(called);
  if (!rule) throw undefinedFunction(called, splitList(group.children).length);
  return {
    piece: { kind: 'operand', label: labelOf(called), ...rule(toCall(called, group, rewriter)) },
    next,
  };
}

/** Redshift's own names for columns that come from these functions. */
function labelOf(name: string): string {
  if (name === 'nvl') return 'coalesce';
  return name.replace('approximate ', '');
}

function toCall(name: string, group: GroupNode, rewriter: Rewriter): FunctionCall {
  const items = splitList(group.children);
  const pieces = items.map((item) => rewriter.pieces(item));
  return { name, nodes: group.children, items, args: pieces.map(joinPieces), rewrite: rewriter.expression };
}

function readQuantifier(group: GroupNode): { quantifier: string; children: readonly SqlNode[] } {
  if (isWord(group.children[0], 'distinct'))
    return { quantifier: 'distinct ', children: group.children.slice(1) };
  if (isWord(group.children[0], 'all')) return { quantifier: '', children: group.children.slice(1) };
  return { quantifier: '', children: group.children };
}

function rewriteCast(group: GroupNode, name: string, rewriter: Rewriter): Piece {
  const as = group.children.findLastIndex((node) => isWord(node, 'as'));
  if (as < 1) throw new RedshiftError('syntax error: CAST needs "expression AS type"', { sqlState: '42601' });
  const type = readCastType(group.children, as + 1);
  const piece = castPiece(asOperand(rewriter.pieces(group.children.slice(0, as))), type);
  return name === 'cast' ? piece : { ...piece, text: piece.text.replace(/^cast\(/u, 'try_cast(') };
}

/** CONVERT(type, expression) */
function rewriteConvert(group: GroupNode, rewriter: Rewriter): Piece {
  const [typeNodes = [], valueNodes] = splitList(group.children);
  if (!valueNodes) throw undefinedFunction('convert', 1);
  return castPiece(asOperand(rewriter.pieces(valueNodes)), readCastType(typeNodes, 0));
}
