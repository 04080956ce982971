import type { Tombstone, VersionOrder } from '@millrace/core';
import { quoteName, quoteText } from './quote.ts';

/** Types without an order of their own: their texts are compared. */
const UNORDERED = /^(?:json|xml|point|line|lseg|box|path|polygon|circle)$/u;
/** Types that sort by a collation, which may hold different texts for equal; their bytes are the same everywhere. */
const COLLATED = /^(?:text|character|"char"|bpchar|name)/u;

/** `key columns are equal`, for joins: a NULL never matches, in either table. */
export function sameKey(left: string, right: string, key: readonly string[]): string {
  return key.map((name) => `${left}.${quoteName(name)} = ${right}.${quoteName(name)}`).join(' AND ');
}

/** True for rows that are deletions, false for all others: never NULL. */
export function isTombstone(table: string, { column, equals }: Tombstone): string {
  return `COALESCE(${table}.${quoteName(column)} = ${quoteText(equals)}, FALSE)`;
}

/** The ORDER BY of the total order: the winner comes first. */
export function orderBy(table: string, { latestBy, tombstone, remaining }: VersionOrder): string {
  const descending = (expression: string): string => `${expression} DESC NULLS LAST`;
  return [
    ...latestBy.map((name) => descending(`${table}.${quoteName(name)}`)),
    ...(tombstone === null ? [] : [`CASE WHEN ${isTombstone(table, tombstone)} THEN 0 ELSE 1 END`]),
    ...remaining.map(({ name, type }) => descending(comparedAs(`${table}.${quoteName(name)}`, type))),
  ].join(', ');
}

/**
 * True when the winner comes before the table's row in the total order, which then has to change; false, never NULL,
 * when they are the same or the row is later.
 */
export function beats(winner: string, row: string, { latestBy, tombstone, remaining }: VersionOrder): string {
  const tie = remaining.reduceRight(
    (rest, { name, type }) =>
      chain(
        comparedAs(`${winner}.${quoteName(name)}`, type),
        comparedAs(`${row}.${quoteName(name)}`, type),
        rest,
      ),
    'FALSE',
  );
  // A row that is there is alive, so of two that are equally late the deletion wins.
  const last = tombstone === null ? tie : `(${isTombstone(winner, tombstone)} OR ${tie})`;
  return `COALESCE(${laterThan(winner, row, { latestBy, otherwise: last })}, FALSE)`;
}

/** True when `left` is later than `right`; `otherwise` when they are equally late. May be NULL instead of false. */
export function laterThan(
  left: string,
  right: string,
  { latestBy, otherwise }: { latestBy: readonly string[]; otherwise: string },
): string {
  return latestBy.reduceRight(
    (rest, name) => chain(`${left}.${quoteName(name)}`, `${right}.${quoteName(name)}`, rest),
    otherwise,
  );
}

/** Lexicographic step: NULL is the smallest value and equal to NULL. */
function chain(left: string, right: string, rest: string): string {
  const after = `(${left} > ${right} OR (${left} IS NOT NULL AND ${right} IS NULL))`;
  if (rest === 'FALSE') return after;
  return `(${after} OR ((${left} = ${right} OR (${left} IS NULL AND ${right} IS NULL)) AND ${rest}))`;
}

function comparedAs(expression: string, type: string): string {
  if (UNORDERED.test(type)) return `CAST(${expression} AS text) COLLATE "C"`;
  return COLLATED.test(type) && !type.endsWith('[]') ? `${expression} COLLATE "C"` : expression;
}
