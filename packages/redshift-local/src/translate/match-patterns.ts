import { quoteText } from '../catalog/quote.ts';
import { isSymbol, type SqlNode, stringOf } from './token-tree.ts';

/**
 * Whether a LIKE at `at` needs `ESCAPE '\'` said: Redshift's default escape is the backslash, DuckDB has none. A
 * literal without a backslash, alone, does without, so that DuckDB keeps its fast paths for prefixes and suffixes.
 */
export function likeNeedsEscape(nodes: readonly SqlNode[], at: number): boolean {
  const pattern = stringOf(nodes[at]);
  return pattern === undefined || pattern.includes('\\') || isSymbol(nodes[at + 1], '||');
}

/**
 * A SIMILAR TO pattern as a regular expression for DuckDB, whose SIMILAR TO takes regular expressions: `%` and `_`
 * become `.*` and `.`, the characters that only regular expressions know are escaped.
 */
export function similarToPattern(pattern: string, escapeCharacter: string): string {
  let out = '(?s)';
  let inClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    if (char === escapeCharacter && at + 1 < pattern.length) {
      at += 1;
      out += `\\${pattern[at]}`;
    } else if (inClass) {
      out += char;
      if (char === ']') inClass = false;
    } else if (char === '[') {
      inClass = true;
      out += char;
    } else if (char === '%') {
      out += '.*';
    } else if (char === '_') {
      out += '.';
    } else {
      out += '.^$\\'.includes(char) ? `\\${char}` : char;
    }
  }
  return out;
}

/** The right side of `~`, which matches anywhere in Redshift and the whole text in DuckDB. */
export function anywherePattern(sql: string, literal: string | undefined, ignoreCase: boolean): string {
  const flags = ignoreCase ? '(?i)' : '';
  if (literal !== undefined) return quoteText(`${flags}(?s:.*)(?:${literal})(?s:.*)`);
  return `('${flags}(?s:.*)(?:' || ${sql} || ')(?s:.*)')`;
}
