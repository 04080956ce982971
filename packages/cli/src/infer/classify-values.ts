import type { ClassFacts, ValueClass } from './column-facts.ts';
import { type SampleDatabase, sqlText } from './sample-database.ts';

const NULL_WORDS = [
  'NULL',
  'null',
  'Null',
  'NA',
  'N/A',
  'n/a',
  '#N/A',
  'None',
  'none',
  'NaN',
  'nan',
  '-',
  '?',
];

const INTEGER = '-?(0|[1-9][0-9]*)';
const DECIMAL = '-?(0|[1-9][0-9]*)?\\.[0-9]+';
const FLOAT = '-?((0|[1-9][0-9]*)(\\.[0-9]*)?|\\.[0-9]+)[eE][-+]?[0-9]+';
const DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const TIME = '[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?';
const TIMESTAMP = `${DATE}[ T]${TIME}`;
const TIMESTAMPTZ = `${TIMESTAMP} ?(Z|[-+][0-9]{2}(:?[0-9]{2})?)`;
const SLASH_DATE = '[0-9]{2}/[0-9]{2}/[0-9]{4}';

/** Numbers: without leading zeros, which are what tells a code from a number. */
const NUMBERS = [
  `WHEN regexp_full_match(v, '${INTEGER}') THEN 'integer'`,
  `WHEN regexp_full_match(v, '${DECIMAL}') THEN 'decimal'`,
  `WHEN regexp_full_match(v, '${FLOAT}') THEN 'float'`,
];
/** Dates: the form alone is not enough, 2026-02-30 is a text. */
const TIMES = [
  `WHEN regexp_full_match(v, '${DATE}') AND TRY_CAST(v AS DATE) IS NOT NULL THEN 'date'`,
  `WHEN regexp_full_match(v, '${TIMESTAMP}') AND TRY_CAST(left(v, 10) AS DATE) IS NOT NULL THEN 'timestamp'`,
  `WHEN regexp_full_match(v, '${TIMESTAMPTZ}') AND TRY_CAST(left(v, 10) AS DATE) IS NOT NULL THEN 'timestamptz'`,
];
const SLASH_DATES = [
  ['slash-date', `try_strptime(v, '%m/%d/%Y') IS NOT NULL AND try_strptime(v, '%d/%m/%Y') IS NOT NULL`],
  ['month-first-date', `try_strptime(v, '%m/%d/%Y') IS NOT NULL`],
  ['day-first-date', `try_strptime(v, '%d/%m/%Y') IS NOT NULL`],
].map(([name, test]) => `WHEN regexp_full_match(v, '${SLASH_DATE}') AND ${test} THEN '${name}'`);

/** `CASE` of a text field: everything is found out from how it is written. */
const TEXT_CLASSES = [
  ...NUMBERS,
  ...TIMES,
  ...SLASH_DATES,
  `WHEN lower(v) IN ('true', 'false') THEN 'boolean'`,
  `WHEN v IN (${NULL_WORDS.map(sqlText).join(', ')}) THEN 'null-word'`,
];
/** `CASE` of a JSON value: numbers and booleans say so themselves, a text with digits is meant as a text. */
const JSON_CLASSES = [
  `WHEN kind IN ('OBJECT', 'ARRAY') THEN 'nested'`,
  `WHEN kind = 'BOOLEAN' THEN 'boolean'`,
  ...NUMBERS.map((rule) => rule.replace('WHEN', `WHEN kind <> 'VARCHAR' AND`)),
  ...TIMES,
];

/**
 * Counts the values of one column by class.
 *
 * @param values a SELECT of `v`, a text, never NULL; for `json` also of `kind`, what `json_type` says
 */
export async function classifyValues(
  database: SampleDatabase,
  { values, as }: { values: string; as: 'text' | 'json' },
): Promise<readonly ClassFacts[]> {
  const rules = as === 'text' ? TEXT_CLASSES : JSON_CLASSES;
  const rows = await database.rows(`
    WITH classified AS (SELECT v, CASE ${rules.join(' ')} ELSE 'text' END AS class FROM (${values}))
    SELECT class, count(*)::DOUBLE AS amount, max(strlen(v))::DOUBLE AS max_bytes,
      max(CASE WHEN class IN ('integer', 'decimal') THEN length(regexp_extract(v, '^-?([0-9]*)', 1)) ELSE 0 END)::DOUBLE AS digits,
      max(CASE WHEN class = 'decimal' THEN length(regexp_extract(v, '\\.([0-9]*)$', 1)) ELSE 0 END)::DOUBLE AS scale,
      max(CASE WHEN class IN ('integer', 'decimal', 'float') THEN length(trim(regexp_replace(v, '[-.]|[eE].*', '', 'g'), '0')) ELSE 0 END)::DOUBLE AS significant,
      left(min(v), 64) AS least, left(max(v), 64) AS greatest
    FROM classified GROUP BY class ORDER BY amount DESC`);
  return rows.map((row) => ({
    class: row.class as ValueClass,
    values: Number(row.amount),
    maxBytes: Number(row.max_bytes),
    integerDigits: Number(row.digits),
    scale: Number(row.scale),
    significantDigits: Number(row.significant),
    least: String(row.least),
    greatest: String(row.greatest),
  }));
}
