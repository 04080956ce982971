import { quoteName } from '../catalog/quote.ts';
import { type LeafNode, type SqlNode, splitList, syntaxError } from './token-tree.ts';

/** Reserved in Redshift: never a column, never a function. */
export const HARD_KEYWORDS = new Set(
  (
    'and or not in is null true false between like ilike similar to escape as on when then else end from ' +
    'distinct all any some over zone isnull notnull select where group having order limit offset union ' +
    'intersect except by using exists default for'
  ).split(' '),
);

/** Reserved in DuckDB, plain names in Redshift. */
const QUOTED_WORDS = new Set(
  'at asymmetric symmetric collation concurrently fetch lateral tablesample describe lambda show summarize returning variadic pivot_longer pivot_wider do window anti asof glob map positional semi struct columns unpack try_cast generated'.split(
    ' ',
  ),
);

/** An identifier as DuckDB takes it; plain ones stay readable. */
export function identifierText(node: LeafNode): string {
  const { kind, text } = node.token;
  return kind === 'word' && isPlainWord(text) ? text : quoteName(text);
}

/** A leaf that can be a name. */
export type NameNode = LeafNode & { readonly token: { readonly kind: 'word' | 'quoted' } };

export function isIdentifier(node: SqlNode | undefined): node is NameNode {
  if (node?.kind !== 'leaf') return false;
  return node.token.kind === 'quoted' || (node.token.kind === 'word' && !HARD_KEYWORDS.has(node.token.text));
}

function isPlainWord(text: string): boolean {
  return !QUOTED_WORDS.has(text) && /^[a-z_][a-z0-9_]*$/u.test(text);
}

/** Names in brackets, quoted. */
export function identifierList(nodes: readonly SqlNode[]): string {
  return splitList(nodes)
    .map(([only, second]) => {
      if (!isIdentifier(only) || second !== undefined) throw syntaxError(',', 0);
      return quoteName(only.token.text);
    })
    .join(', ');
}
