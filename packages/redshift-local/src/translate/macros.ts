import type { DuckDBConnection } from '@duckdb/node-api';
import { SESSION_VARIABLES } from './session-variables.ts';

/** Name, parameters and body of a macro in schema rs_system. */
type Macro = readonly [signature: string, body: string];

const TEXT: readonly Macro[] = [
  // DuckDB folds the typeof when it binds, so that a plain text column costs nothing. Redshift writes 100 and not 100.0.
  [
    'as_text(x)',
    "case typeof(x) when 'JSON' then json_extract_string(cast(x as json), '$') " +
      "when 'BOOLEAN' then error('cannot cast type boolean to character varying') " +
      "when 'DOUBLE' then regexp_replace(cast(x as varchar), '[.]0$', '') " +
      "when 'FLOAT' then regexp_replace(cast(x as varchar), '[.]0$', '') else cast(x as varchar) end",
  ],
  // DuckDB folds this typeof as well.
  [
    'whole(x)',
    "case when typeof(x) = 'VARCHAR' and regexp_matches(cast(x as varchar), '[^0-9+\\s-]') " +
      "then error('invalid input syntax for integer: \"' || cast(x as varchar) || '\"') else x end",
  ],
  // Cuts at n bytes and never inside a character. Text of one-byte characters, which is nearly all, takes the first two branches.
  [
    'cut(x, n)',
    'case when strlen(x) <= n then x when strlen(x) = length(x) then x[:n] else ' +
      'x[:list_max(list_prepend(0, list_filter(range(1, n + 1), lambda k: strlen(x[:k]) <= n)))] end',
  ],
  [
    'substring(x, start, size := NULL)',
    'case when size is null then x[greatest(start, 1):] else x[greatest(start, 1):greatest(start + size - 1, 0)] end',
  ],
  [
    'initcap(x)',
    "array_to_string(list_transform(regexp_extract_all(lower(x), '[\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+'), " +
      "lambda word: upper(word[1]) || word[2:]), '')",
  ],
  ['pattern_of(pattern, flags)', "(case when contains(flags, 'i') then '(?i)' else '' end) || pattern"],
  [
    'regexp_substr(x, pattern, start, occurrence, flags)',
    'coalesce(regexp_extract_all(x[start:], rs_system.pattern_of(pattern, flags), ' +
      "case when contains(flags, 'e') then 1 else 0 end)[occurrence], '')",
  ],
  [
    'regexp_count(x, pattern, start, flags)',
    'cast(len(regexp_extract_all(x[start:], rs_system.pattern_of(pattern, flags))) as integer)',
  ],
  // What stands before the n-th match: a shortest prefix that holds n - 1 matches. `ending` 1 asks for the end of the match.
  [
    'regexp_before(x, pattern, occurrence)',
    "regexp_extract(x, '(?s)^((?:.*?(?:' || pattern || ')){' || (occurrence - 1) || '}.*?)(?:' || pattern || ')', 1)",
  ],
  [
    'regexp_instr(x, pattern, start, occurrence, ending, flags)',
    'case when rs_system.regexp_count(x, pattern, start, flags) < occurrence then 0 else ' +
      'cast(start + length(rs_system.regexp_before(x[start:], rs_system.pattern_of(pattern, flags), occurrence)) + ' +
      'case when ending = 1 then length(rs_system.regexp_substr(x, pattern, start, occurrence, flags)) else 0 end as integer) end',
  ],
  [
    'regexp_replace_from(x, pattern, replacement, start, flags)',
    "x[:start - 1] || regexp_replace(x[start:], rs_system.pattern_of(pattern, flags), replacement, 'g')",
  ],
  ['unfilled(x)', "case when regexp_matches(x, '^0+.') then ltrim(x[:-2], '0') || x[-1:] else rtrim(x) end"],
  [
    'ordinal(x)',
    "x || case when right(x, 2) in ('11', '12', '13') then 'th' when right(x, 1) = '1' then 'st' " +
      "when right(x, 1) = '2' then 'nd' when right(x, 1) = '3' then 'rd' else 'th' end",
  ],
];

const NUMBERS: readonly Macro[] = [
  [
    'digit_of(c, base)',
    "case when strpos('0123456789abcdefghijklmnopqrstuvwxyz'[:base], c) > 0 " +
      "then cast(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 as hugeint) " +
      "else error('The input is not valid to be converted to base ' || base) end",
  ],
  // DuckDB's division by zero is NULL.
  ['divisor(x)', "case when x = 0 then error('division by zero') else x end"],
  [
    'strtol(x, base)',
    "list_reduce(list_prepend(0::hugeint, list_transform(string_split(ltrim(lower(x), '-+'), ''), " +
      'lambda c: rs_system.digit_of(c, base))), lambda total, digit: total * base + digit) * ' +
      "case when starts_with(x, '-') then -1 else 1 end",
  ],
  [
    'to_number(x, format)',
    "cast(regexp_replace(x, '[^0-9.]', '', 'g') as decimal(38, 10)) * case when contains(x, '-') or contains(x, '<') then -1 else 1 end",
  ],
];

/** TO_CHAR of a number (number-format.ts makes the arguments out of the format). */
const NUMBER_FORMAT: readonly Macro[] = [
  [
    'number_grouped(x, digits, split, joined)',
    "regexp_replace(lpad(split_part(x, '.', 1), digits, '0'), split, joined)",
  ],
  ['number_blanks(x, blanks)', "least(blanks, length(x) - length(ltrim(x, '0,')))"],
  // `<` a sign before the digits, `>` one after them: the PostgreSQL default is a minus or a blank in front.
  [
    'number_lead(is_negative, sign)',
    "case sign when '<' then case when is_negative then '-' else ' ' end when '<S' then case when is_negative then '-' else '+' end " +
      "when '>PR' then case when is_negative then '<' else ' ' end when '<MI' then case when is_negative then '-' else ' ' end " +
      "when '<PL' then case when is_negative then ' ' else '+' end else '' end",
  ],
  [
    'number_trail(is_negative, sign)',
    "case sign when '>S' then case when is_negative then '-' else '+' end when '>MI' then case when is_negative then '-' else ' ' end " +
      "when '>PR' then case when is_negative then '>' else ' ' end when '>PL' then case when is_negative then ' ' else '+' end else '' end",
  ],
  [
    'number_body(grouped, blanks, lead, currency)',
    "currency || repeat(' ', rs_system.number_blanks(grouped, blanks)) || lead || grouped[rs_system.number_blanks(grouped, blanks) + 1:]",
  ],
  [
    'number_to_char(x, is_negative, digits, split, joined, blanks, point, sign, currency)',
    'case when x is null then null else ' +
      "case when length(split_part(x, '.', 1)) > digits and split_part(x, '.', 1) <> '0' then currency || ' ' || repeat('#', digits) else " +
      'rs_system.number_body(rs_system.number_grouped(x, digits, split, joined), blanks, ' +
      "rs_system.number_lead(is_negative, sign), currency) end || point || split_part(x, '.', 2) || " +
      'rs_system.number_trail(is_negative, sign) end',
  ],
];

const DATES: readonly Macro[] = [
  ['today()', "cast(timezone('UTC', current_timestamp) as date)"],
  ['getdate()', "date_trunc('second', timezone('UTC', current_timestamp))"],
  ['sysdate()', "timezone('UTC', current_timestamp)"],
  ['convert_timezone(source, target, x)', 'timezone(target, timezone(source, cast(x as timestamp)))'],
  // The last day of a month stays the last day.
  [
    'add_months(x, n)',
    'case when cast(x as date) = last_day(cast(x as date)) ' +
      "then cast(last_day(cast(cast(x as timestamp) + to_months(cast(n as integer)) as date)) as timestamp) + (cast(x as timestamp) - date_trunc('day', cast(x as timestamp))) " +
      'else cast(x as timestamp) + to_months(cast(n as integer)) end',
  ],
  [
    'months_between(a, b)',
    "cast(date_part('year', a) - date_part('year', b) as double) * 12 + date_part('month', a) - date_part('month', b) + " +
      "case when date_part('day', a) = date_part('day', b) or (cast(a as date) = last_day(cast(a as date)) and cast(b as date) = last_day(cast(b as date))) then 0 " +
      "else (epoch(cast(a as timestamp) - date_trunc('month', cast(a as timestamp))) - epoch(cast(b as timestamp) - date_trunc('month', cast(b as timestamp)))) / 2678400.0 end",
  ],
  [
    'next_day(x, name)',
    "cast(x as date) + cast((strpos('sumotuwethfrsa', lower(name[:2])) // 2 - date_part('dow', cast(x as date)) + 6) % 7 + 1 as integer)",
  ],
  ['compare(a, b)', 'case when a > b then 1 when a < b then -1 when a = b then 0 end'],
];

const JSON_MACROS: readonly Macro[] = [
  ['json_parse(x)', 'case when x is null then null else json(cast(x as varchar)) end'],
  [
    'is_valid_json(x)',
    "coalesce(json_valid(x) and json_type(case when json_valid(x) then x end) = 'OBJECT', false)",
  ],
  [
    'is_valid_json_array(x)',
    "coalesce(json_valid(x) and json_type(case when json_valid(x) then x end) = 'ARRAY', false)",
  ],
  [
    'array_length_of(x)',
    "case when x is null then null when json_type(x) = 'ARRAY' then cast(json_array_length(x) as integer) " +
      "else error('JSON parsing error: the value is not an array: ' || x) end",
  ],
  [
    'array_length_or_null(x, is_null_if_invalid)',
    'case when is_null_if_invalid and not rs_system.is_valid_json_array(x) then null else rs_system.array_length_of(x) end',
  ],
  ['super_array_length(x)', "case when json_type(x) = 'ARRAY' then cast(json_array_length(x) as bigint) end"],
  [
    'array_element(x, place)',
    "case when place < 0 then null else json_extract_string(x, '$[' || place || ']') end",
  ],
  [
    'array_element_or_null(x, place, is_null_if_invalid)',
    'case when is_null_if_invalid and not rs_system.is_valid_json_array(x) then null else rs_system.array_element(x, place) end',
  ],
  [
    'json_path(x, path)',
    "case when x is null then null when not json_valid(x) then error('JSON parsing error: invalid json object ' || x) " +
      'else json_extract_string(x, path) end',
  ],
  ['json_path_or_null(x, path)', 'case when json_valid(x) then json_extract_string(x, path) end'],
  [
    'json_typeof(x)',
    "case json_type(x) when 'OBJECT' then 'object' when 'ARRAY' then 'array' when 'VARCHAR' then 'string' " +
      "when 'BOOLEAN' then 'boolean' when 'NULL' then 'null' when null then null else 'number' end",
  ],
  ['elements(x)', "case when json_type(x) = 'ARRAY' then from_json(x, '[\"json\"]') else [x] end"],
];

/** Overloads by type. DuckDB chooses the one whose parameter the argument converts to most cheaply. */
const OVERLOADS: readonly string[] = [
  'truncated(x TIMESTAMP) AS cast(x as date), (x DECIMAL(38, 10)) AS trunc(x), (x DOUBLE) AS trunc(x)',
  'mean(x BIGINT) AS trunc(avg(x)), (x DOUBLE) AS avg(x)',
  'mean_distinct(x BIGINT) AS trunc(avg(DISTINCT x)), (x DOUBLE) AS avg(DISTINCT x)',
  'mean_over(x BIGINT, mean DOUBLE) AS trunc(mean), (x DOUBLE, mean DOUBLE) AS mean',
];

const SESSION: readonly Macro[] = [
  ['pg_last_copy_count()', variable('rs_last_copy_count', 'bigint')],
  ['pg_last_copy_id()', variable('rs_last_copy_id', 'integer')],
  ['pg_last_query_id()', variable('rs_last_query_id', 'integer')],
  ['pg_last_unload_count()', variable('rs_last_unload_count', 'bigint')],
  ['pg_last_unload_id()', variable('rs_last_unload_id', 'integer')],
  ['pg_backend_pid()', variable('rs_backend_pid', 'integer')],
  ['session_user_name()', variable('rs_user', 'varchar')],
  ['current_database()', variable('rs_database', 'varchar')],
  ['current_schema()', 'current_schema()'],
  ['current_user_id()', '100'],
  [
    'version()',
    "'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.0 (redshift-local)'",
  ],
];

/**
 * Creates the functions of Redshift that DuckDB lacks, as macros in schema rs_system of the connection's database.
 * To be called once when a database is opened; the macros of an older version are replaced.
 */
export async function createMacros(connection: DuckDBConnection): Promise<void> {
  const macros = [...TEXT, ...NUMBERS, ...NUMBER_FORMAT, ...DATES, ...JSON_MACROS, ...SESSION];
  const definitions = [...macros.map(([signature, body]) => `${signature} AS (${body})`), ...OVERLOADS];
  await connection.run('CREATE SCHEMA IF NOT EXISTS rs_system');
  await connection.run(
    definitions.map((definition) => `CREATE OR REPLACE MACRO rs_system.${definition}`).join(';\n'),
  );
}

function variable(name: keyof typeof SESSION_VARIABLES, type: string): string {
  return `cast(coalesce(getvariable('${name}'), ${SESSION_VARIABLES[name]}) as ${type})`;
}
