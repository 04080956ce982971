import { LoadError } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import { joinPieces, type Rewriter } from './piece.ts';
import { rewriteCall } from './rewrite-call.ts';
import { rewritePieces } from './rewrite-expression.ts';
import { rewriteQuery } from './rewrite-query.ts';
import { rewriteStatement } from './rewrite-statement.ts';
import { rewriteTables } from './rewrite-tables.ts';
import { parseTokenTree, type SqlNode } from './token-tree.ts';

/** Texts remembered. A load job repeats a few shapes, each longer than a handful of bytes and below 100 KB. */
const CACHE_ENTRIES = 512;
/** Longer texts are single INSERTs with many rows: they come once and would fill the memory. */
const CACHED_LENGTH = 16_384;

const rewriter: Rewriter = {
  expression: (nodes) => joinPieces(rewritePieces(nodes, rewriter)),
  pieces: (nodes) => rewritePieces(nodes, rewriter),
  query: (nodes) => rewriteQuery(nodes, rewriter),
  tables: (nodes) => rewriteTables(nodes, rewriter),
  call: (nodes, at, name) => rewriteCall(nodes, at, name, rewriter),
};

const statements = new Map<string, string>();

/**
 * Translates one Redshift statement (SELECT, WITH, VALUES, INSERT, UPDATE, DELETE, MERGE, or the query of a CREATE
 * TABLE AS or of a view) into DuckDB SQL that means the same. Its macros and settings come from `createMacros` and
 * `SESSION_SETTINGS`.
 *
 * @throws RedshiftError in Redshift's words for what is not SQL, or not done here: a syntax error, `function f(…) does
 *   not exist`, `… is not supported`.
 */
export function translateSql(sql: string): string {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  const translated = withTree(sql, (nodes) => rewriteStatement(nodes, rewriter));
  if (sql.length <= CACHED_LENGTH) remember(sql, translated);
  return translated;
}

/** Translates one expression, such as a column's DEFAULT. */
export function translateExpression(sql: string): string {
  return withTree(sql, rewriter.expression);
}

function withTree(sql: string, rewrite: (nodes: readonly SqlNode[]) => string): string {
  try {
    return rewrite(parseTokenTree(sql));
  } catch (cause) {
    if (!(cause instanceof LoadError)) throw cause;
    throw new RedshiftError(cause.message, { sqlState: '42601', cause });
  }
}

/** First in, first out: a session works with few texts at a time. */
function remember(sql: string, translated: string): void {
  if (statements.size >= CACHE_ENTRIES) {
    const oldest = statements.keys().next();
    if (!oldest.done) statements.delete(oldest.value);
  }
  statements.set(sql, translated);
}
