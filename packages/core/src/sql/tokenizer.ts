import { LoadError } from '../recover/load-error.ts';

/**
 * A lexical token of Redshift SQL.
 *
 * `word`: an unquoted identifier or keyword, `text` in lower case. `quoted`: a quoted identifier, `text` unescaped
 * and in lower case (Redshift folds quoted identifiers too unless enable_case_sensitive_identifier is on).
 * `string`: a string literal, `text` unescaped. `number`: a numeric literal. `parameter`: `:name` or `$1`.
 * `symbol`: an operator or punctuation mark.
 */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol';
  readonly text: string;
  /** Where it stands in the source: [start, end). */
  readonly start: number;
  readonly end: number;
}

const SPACE = /[\s]+/uy;
const LINE_COMMENT = /--[^\n]*/uy;
const WORD = /[\p{L}_#][\p{L}\p{N}_$#]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/uy;
const PARAMETER = /:[A-Za-z_]\w*|\$\d+/uy;
const DOLLAR_TAG = /\$(?:[A-Za-z_]\w*)?\$/uy;
const SYMBOL = /::|<>|!=|<=|>=|\|\||=>|!~\*|!~|~\*|[-+*/%^=<>(),.;:[\]{}~!@&|?#]/uy;

/**
 * Splits Redshift SQL into tokens; comments and white space are dropped.
 *
 * String literals know `''` and the backslash escapes that Redshift takes as PostgreSQL 8.0 does (`\'`, `\\`, `\n`,
 * `\t`, octal); dollar-quoted text becomes a string token.
 *
 * @throws LoadError `sql-syntax` for an unterminated literal or comment, with its position.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  const push = (kind: Token['kind'], text: string, end: number): void => {
    tokens.push({ kind, text, start: at, end });
    at = end;
  };
  while (at < sql.length) {
    const skipped = match(SPACE) ?? match(LINE_COMMENT);
    if (skipped) {
      at += skipped.length;
    } else if (sql.startsWith('/*', at)) {
      at = endOfBlockComment(sql, at);
    } else if (sql[at] === "'") {
      const { text, end } = readString(sql, at);
      push('string', text, end);
    } else if (sql[at] === '"') {
      const { text, end } = readQuoted(sql, at);
      push('quoted', text.toLowerCase(), end);
    } else {
      const dollar = match(DOLLAR_TAG);
      if (dollar) {
        const close = sql.indexOf(dollar, at + dollar.length);
        if (close < 0) throw unterminated('dollar-quoted string', at);
        push('string', sql.slice(at + dollar.length, close), close + dollar.length);
        continue;
      }
      const word = match(WORD);
      if (word) {
        push('word', word.toLowerCase(), at + word.length);
        continue;
      }
      const number = match(NUMBER);
      if (number) {
        push('number', number, at + number.length);
        continue;
      }
      const previous = tokens.at(-1);
      const parameter = previous?.kind === 'symbol' && previous.text === ':' ? undefined : match(PARAMETER);
      if (parameter) {
        push('parameter', parameter, at + parameter.length);
        continue;
      }
      const symbol = match(SYMBOL);
      if (!symbol) {
        throw new LoadError('sql-syntax', `syntax error at or near "${sql[at]}" (position ${at + 1})`);
      }
      push('symbol', symbol, at + symbol.length);
    }
  }
  return tokens;
}

/** The statements of a script, each without its `;`, comments inside kept. Empty ones are dropped. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let isEmpty = true;
  for (const token of tokenize(sql)) {
    if (token.kind === 'symbol' && token.text === ';') {
      if (!isEmpty) statements.push(sql.slice(start, token.start).trim());
      start = token.end;
      isEmpty = true;
    } else {
      isEmpty = false;
    }
  }
  if (!isEmpty) statements.push(sql.slice(start).trim());
  return statements;
}

function readString(sql: string, start: number): { text: string; end: number } {
  let text = '';
  let at = start + 1;
  while (at < sql.length) {
    const char = sql[at] as string;
    if (char === "'") {
      if (sql[at + 1] !== "'") return { text, end: at + 1 };
      text += "'";
      at += 2;
    } else if (char === '\\') {
      const escaped = readEscape(sql, at);
      text += escaped.text;
      at = escaped.end;
    } else {
      text += char;
      at += 1;
    }
  }
  throw unterminated('quoted string', start);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function readEscape(sql: string, at: number): { text: string; end: number } {
  const octal = /^[0-7]{1,3}/u.exec(sql.slice(at + 1, at + 4));
  if (octal)
    return { text: String.fromCharCode(Number.parseInt(octal[0], 8)), end: at + 1 + octal[0].length };
  const next = sql[at + 1] ?? '';
  return { text: ESCAPES[next] ?? next, end: at + 2 };
}

function readQuoted(sql: string, start: number): { text: string; end: number } {
  let text = '';
  let at = start + 1;
  while (at < sql.length) {
    if (sql[at] !== '"') {
      text += sql[at];
      at += 1;
    } else if (sql[at + 1] === '"') {
      text += '"';
      at += 2;
    } else {
      return { text, end: at + 1 };
    }
  }
  throw unterminated('quoted identifier', start);
}

/** Block comments nest, as in PostgreSQL. */
function endOfBlockComment(sql: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < sql.length) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 2;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 2;
      if (depth === 0) return at;
    } else {
      at += 1;
    }
  }
  throw unterminated('/* comment', start);
}

function unterminated(what: string, start: number): LoadError {
  return new LoadError('sql-syntax', `unterminated ${what} (position ${start + 1})`);
}
