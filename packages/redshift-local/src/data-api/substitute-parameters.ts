import { type Token, tokenize } from '@millrace/core';
import { quoteText } from '../catalog/quote.ts';
import { invalid } from './api-error.ts';
import type { SqlParameter } from './read-input.ts';

/** The SQL with a text literal in place of every `:name`; literals, comments and casts (`::`) are left alone. */
export function substituteParameters(sql: string, parameters: readonly SqlParameter[]): string {
  if (parameters.length === 0) return sql;
  const values = new Map(parameters.map(({ name, value }) => [name, value]));
  let substituted = sql;
  // From the end, so that the places before stay right.
  for (const { name, start, end } of namesIn(sql).reverse()) {
    const value = values.get(name);
    if (value === undefined) continue;
    substituted = `${substituted.slice(0, start)}${quoteText(value)}${substituted.slice(end)}`;
  }
  return substituted;
}

/**
 * Holds what the SQL names against what was given.
 *
 * @throws ApiError `ValidationException` when a parameter was given twice, is used by no statement, or is missing
 * beside others that were given.
 */
export function checkParameters(sqls: readonly string[], parameters: readonly SqlParameter[]): void {
  if (parameters.length === 0) return;
  const given = parameters.map(({ name }) => name);
  const twice = given.find((name, at) => given.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(`Parameters list contains duplicate parameter: ${twice}`);
  const used = new Set(sqls.flatMap((sql) => namesIn(sql).map(({ name }) => name)));
  const unused = given.filter((name) => !used.has(name));
  if (unused.length > 0) {
    throw invalid(`Parameters list contains unused parameters. Unused parameters: [${unused.join(', ')}]`);
  }
  const missing = [...used].filter((name) => !given.includes(name));
  if (missing.length > 0) {
    throw invalid(`Parameters list lacks parameters of the SQL. Missing parameters: [${missing.join(', ')}]`);
  }
}

interface NamedPlace {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

function namesIn(sql: string): NamedPlace[] {
  return tokensOf(sql)
    .filter(({ kind, text }) => kind === 'parameter' && text.startsWith(':'))
    .map(({ text, start, end }) => ({ name: text.slice(1), start, end }));
}

/** None of a text that is no SQL: the engine says so, as the statement's error. */
function tokensOf(sql: string): readonly Token[] {
  try {
    return tokenize(sql);
  } catch {
    return [];
  }
}
