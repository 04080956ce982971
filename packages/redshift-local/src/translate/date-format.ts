import { quoteText } from '../catalog/quote.ts';
import { RedshiftError } from '../redshift-error.ts';

/** How one element of a Redshift date format is written (SQL of `$1`, the date) and read (strptime's letter). */
interface FormatElement {
  readonly sql: string;
  /** strptime's code; undefined when a date cannot be read from it. */
  readonly read?: string;
}

const strftime = (code: string): string => `strftime($1, '${code}')`;

/** Longest first: the first that fits is taken. Case matters only where it decides the case of the result. */
const ELEMENTS: readonly (readonly [name: string, element: FormatElement])[] = [
  ['HH24', { sql: strftime('%H'), read: '%H' }],
  ['HH12', { sql: strftime('%I'), read: '%I' }],
  ['IYYY', { sql: strftime('%G') }],
  ['YYYY', { sql: strftime('%Y'), read: '%Y' }],
  ['SSSS', { sql: "cast(date_diff('second', date_trunc('day', $1), $1) as varchar)" }],
  ['MONTH', { sql: "rpad(upper(monthname($1)), 9, ' ')", read: '%B' }],
  ['Month', { sql: "rpad(monthname($1), 9, ' ')", read: '%B' }],
  ['month', { sql: "rpad(lower(monthname($1)), 9, ' ')", read: '%B' }],
  ['A.M.', { sql: "(case when date_part('hour', $1) < 12 then 'A.M.' else 'P.M.' end)" }],
  ['P.M.', { sql: "(case when date_part('hour', $1) < 12 then 'A.M.' else 'P.M.' end)" }],
  ['MON', { sql: `upper(${strftime('%b')})`, read: '%b' }],
  ['Mon', { sql: strftime('%b'), read: '%b' }],
  ['mon', { sql: `lower(${strftime('%b')})`, read: '%b' }],
  ['DDD', { sql: strftime('%j'), read: '%j' }],
  ['DAY', { sql: "rpad(upper(dayname($1)), 9, ' ')", read: '%A' }],
  ['Day', { sql: "rpad(dayname($1), 9, ' ')", read: '%A' }],
  ['day', { sql: "rpad(lower(dayname($1)), 9, ' ')", read: '%A' }],
  ['YYY', { sql: "right(cast(date_part('year', $1) as varchar), 3)" }],
  ['YY', { sql: strftime('%y'), read: '%y' }],
  ['MM', { sql: strftime('%m'), read: '%m' }],
  ['MI', { sql: strftime('%M'), read: '%M' }],
  ['MS', { sql: strftime('%g'), read: '%g' }],
  ['US', { sql: strftime('%f'), read: '%f' }],
  ['DD', { sql: strftime('%d'), read: '%d' }],
  ['DY', { sql: `upper(${strftime('%a')})`, read: '%a' }],
  ['Dy', { sql: strftime('%a'), read: '%a' }],
  ['dy', { sql: `lower(${strftime('%a')})`, read: '%a' }],
  ['HH', { sql: strftime('%I'), read: '%I' }],
  ['SS', { sql: strftime('%S'), read: '%S' }],
  ['AM', { sql: strftime('%p'), read: '%p' }],
  ['PM', { sql: strftime('%p'), read: '%p' }],
  ['am', { sql: `lower(${strftime('%p')})`, read: '%p' }],
  ['pm', { sql: `lower(${strftime('%p')})`, read: '%p' }],
  ['IW', { sql: strftime('%V') }],
  ['WW', { sql: "lpad(cast((date_part('doy', $1) - 1) // 7 + 1 as varchar), 2, '0')" }],
  ['CC', { sql: "cast(date_part('century', $1) as varchar)" }],
  ['TZ', { sql: "'UTC'" }],
  ['OF', { sql: "'+00'", read: '%z' }],
  ['Q', { sql: "cast(date_part('quarter', $1) as varchar)" }],
  ['W', { sql: "cast((date_part('day', $1) - 1) // 7 + 1 as varchar)" }],
  ['D', { sql: "cast(date_part('dow', $1) + 1 as varchar)" }],
  ['J', { sql: 'cast(cast(julian(cast($1 as date)) as bigint) as varchar)' }],
  ['Y', { sql: "right(cast(date_part('year', $1) as varchar), 1)" }],
];

/** Upper case throughout: in any other case the element is the upper-case one. */
const UPPER_ELEMENTS = ELEMENTS.filter(([name]) => name === name.toUpperCase());

type FormatPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'element';
      readonly element: FormatElement;
      readonly isFilled: boolean;
      readonly isOrdinal: boolean;
    };

/** `TO_CHAR(date, format)` as DuckDB SQL: the pieces of the format, concatenated. */
export function formatPieces(date: string, format: string): string {
  const parts = parseFormat(format).map((part) => {
    if (part.kind === 'text') return quoteText(part.text);
    let sql = part.element.sql.replaceAll('$1', date);
    if (!part.isFilled) sql = `rs_system.unfilled(${sql})`;
    return part.isOrdinal ? `rs_system.ordinal(${sql})` : sql;
  });
  return parts.length === 0 ? "''" : `(${parts.join(' || ')})`;
}

/**
 * The format as strptime has it, for TO_DATE and TO_TIMESTAMP.
 *
 * @throws RedshiftError for an element from which no date can be read.
 */
export function strptimeFormat(format: string): string {
  return parseFormat(format)
    .map((part) => {
      if (part.kind === 'text') return part.text.replaceAll('%', '%%');
      if (part.element.read === undefined) {
        throw new RedshiftError(`date format "${format}" has an element that cannot be read`, {
          sqlState: '0A000',
        });
      }
      return part.element.read;
    })
    .join('');
}

function parseFormat(format: string): FormatPart[] {
  const parts: FormatPart[] = [];
  let at = 0;
  let isFilled = true;
  while (at < format.length) {
    const quoted = /^"([^"]*)"/u.exec(format.slice(at));
    if (quoted) {
      parts.push({ kind: 'text', text: quoted[1] ?? '' });
      at += quoted[0].length;
    } else if (/^fm/iu.test(format.slice(at, at + 2))) {
      isFilled = false;
      at += 2;
    } else {
      const found = elementAt(format, at);
      if (found) {
        at += found.length;
        const isOrdinal = /^th/iu.test(format.slice(at, at + 2));
        if (isOrdinal) at += 2;
        parts.push({ kind: 'element', element: found.element, isFilled, isOrdinal });
      } else {
        parts.push({ kind: 'text', text: format[at] as string });
        at += 1;
      }
    }
  }
  return parts;
}

function elementAt(format: string, at: number): { element: FormatElement; length: number } | undefined {
  const exact = ELEMENTS.find(([name]) => format.startsWith(name, at));
  const upper = UPPER_ELEMENTS.find(([name]) => format.slice(at, at + name.length).toUpperCase() === name);
  const best = exact && (!upper || exact[0].length >= upper[0].length) ? exact : upper;
  return best && { element: best[1], length: best[0].length };
}
