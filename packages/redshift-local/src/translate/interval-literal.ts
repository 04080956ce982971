import { quoteText } from '../catalog/quote.ts';
import { RedshiftError } from '../redshift-error.ts';
import { datePart } from './date-part.ts';

/**
 * INTERVAL '1 day 2 hours', '3 w', '1 month, 2 days' or '3' DAY as DuckDB has it. A number without a unit counts
 * seconds.
 *
 * @throws RedshiftError `invalid input syntax for type interval`.
 */
export function translateInterval(
  text: string,
  unit: string | undefined,
): { text: string; tookUnit: boolean } {
  const qualifier = unit === undefined ? undefined : datePart(unit);
  const amounts = [...text.matchAll(/([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]*)/gu)];
  const rest = text.replaceAll(/[+-]?\d+(?:\.\d+)?\s*[a-zA-Z]*/gu, '').replaceAll(/[\s,]|and/gu, '');
  const clock = /^\s*(?:(-?\d+)\s+)?(\d+:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*$/u.exec(text);
  if (clock) {
    const days = clock[1] === undefined ? '' : `${clock[1]} days `;
    return { text: `interval ${quoteText(`${days}${clock[2]}`)}`, tookUnit: qualifier !== undefined };
  }
  if (amounts.length === 0 || rest !== '') throw invalid(text);
  const parts = amounts.map(([, amount, name]) => {
    const part = name ? datePart(name) : (qualifier ?? 'second');
    if (part === undefined) throw invalid(text);
    return `${amount} ${part}s`.replace('centurys', 'centuries').replace('millenniums', 'millennia');
  });
  const tookUnit = qualifier !== undefined && amounts.every(([, , name]) => !name);
  return { text: `interval ${quoteText(parts.join(' '))}`, tookUnit };
}

function invalid(text: string): RedshiftError {
  return new RedshiftError(`invalid input syntax for type interval: "${text}"`, { sqlState: '22007' });
}
