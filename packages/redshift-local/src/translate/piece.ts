import { RedshiftError } from '../redshift-error.ts';
import type { CastType } from './duck-type.ts';
import { isGroup, isWord, type SqlNode } from './token-tree.ts';

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
  /** A text, a number or a parameter. */
  readonly isLiteral?: boolean;
  readonly isStar?: boolean;
}

/**
 * The parts of the translation, by what they rewrite. SQL nests anything in anything, so each part gets all of them
 * handed in instead of importing the others.
 */
export interface Rewriter {
  /** An expression, or a list of them. */
  expression(nodes: readonly SqlNode[]): string;
  /** An expression as pieces, operands whole. */
  pieces(nodes: readonly SqlNode[]): Piece[];
  /** SELECT, WITH or VALUES. */
  query(nodes: readonly SqlNode[]): string;
  /** What stands behind FROM or USING. */
  tables(nodes: readonly SqlNode[]): string;
  /** The call whose name stands at `at`. */
  call(nodes: readonly SqlNode[], at: number, name: string): { piece: Piece; next: number };
}

export function joinPieces(pieces: readonly Piece[]): string {
  return pieces.map((piece) => piece.text).join(' ');
}

/** An operand that has no name of its own. */
export function literal(text: string): Piece {
  return { text, kind: 'operand', label: '?column?', isLiteral: true };
}

/** Pieces as one operand, bracketed where they are several. */
export function asOperand(pieces: readonly Piece[]): Piece {
  const [only] = pieces;
  if (pieces.length === 1 && only) return only;
  return { text: `(${joinPieces(pieces)})`, kind: 'operand' };
}

const INTEGERS = new Set(['smallint', 'integer', 'bigint']);

/** `cast(operand as type)`, with what Redshift's casts do and DuckDB's do not. */
export function castPiece(operand: Piece, type: CastType): Piece {
  const label = operand.label !== undefined && operand.label !== '?column?' ? operand.label : type.label;
  const base = { kind: 'operand' as const, label };
  if (type.isSuper) return { ...base, text: `to_json(${operand.text})` };
  if (type.isText) {
    const text = operand.isLiteral
      ? `cast(${operand.text} as varchar)`
      : `rs_system.as_text(${operand.text})`;
    return { ...base, text: type.cutBytes === undefined ? text : `rs_system.cut(${text}, ${type.cutBytes})` };
  }
  const isTimestamp = type.duckType.startsWith('timestamp');
  const isWhole = INTEGERS.has(type.duckType) && !operand.isNumber && operand.text !== 'null';
  // DuckDB rounds '1.5' to 2, where Redshift wants digits and nothing else.
  const value = isWhole ? `rs_system.whole(${operand.text})` : operand.text;
  return { ...base, text: `cast(${value} as ${type.duckType})`, isTimestamp };
}

export function refused(what: string): RedshiftError {
  return new RedshiftError(`${what} is not supported`, { sqlState: '0A000' });
}

/** Whether a list is a query, perhaps in brackets. */
export function startsQuery(nodes: readonly SqlNode[]): boolean {
  const first = nodes[0];
  return isWord(first, 'select', 'with', 'values') || (isGroup(first, '(') && startsQuery(first.children));
}
