import type { CompatibilityCase, CompatibilitySection } from './compatibility-case.ts';

/** A query and its one value. */
function gives(shows: string, expression: string, value: unknown): CompatibilityCase {
  return { shows, sql: `select ${expression}`, verdict: 'executed', rows: [[value]] };
}

function differs(shows: string, expression: string, value: unknown, note: string): CompatibilityCase {
  return { ...gives(shows, expression, value), verdict: 'differs', note };
}

function refused(shows: string, sql: string, note: string): CompatibilityCase {
  return { shows, sql, verdict: 'refused', note };
}

function runs(shows: string, sql: string, rows: readonly (readonly unknown[])[]): CompatibilityCase {
  return { shows, sql, verdict: 'executed', rows };
}

export const FUNCTION_SECTIONS: readonly CompatibilitySection[] = [
  {
    title: 'Queries',
    cases: [
      runs('TOP', 'select top 1 salesid from sales order by 1 desc', [[2]]),
      runs('LIMIT and OFFSET', 'select salesid from sales order by 1 limit 1 offset 1', [[2]]),
      runs('MINUS', 'select salesid from sales minus select 1', [[2]]),
      runs('WITH', 'with s (id) as (select salesid from sales) select max(id) from s', [[2]]),
      runs(
        'recursion',
        'with recursive n (i) as (select 1 union all select i + 1 from n where i < 3) select max(i) from n',
        [[3]],
      ),
      runs('QUALIFY', 'select salesid from sales qualify row_number() over (order by pricepaid) = 1', [[2]]),
      runs(
        'PIVOT',
        'select * from (select buyerid, qtysold from sales) pivot (sum(qtysold) for buyerid in (100, 101))',
        [[2, 1]],
      ),
      runs('ROLLUP', 'select listid, sum(qtysold) from sales group by rollup (listid) order by 1', [
        [10, 3],
        [null, 3],
      ]),
      runs('NULL is the greatest', 'select x from (select 1 as x union all select null) order by x desc', [
        [null],
        [1],
      ]),
      runs('names of unnamed columns', 'select count from (select count(*) from sales)', [[2]]),
      runs(
        'a column named by another',
        'select qtysold * 2 as twice, twice + 1 as more from sales where salesid = 1',
        [[4, 5]],
      ),
      runs('generate_series', 'select sum(n) from generate_series(1, 4) as g(n)', [[10]]),
      runs(
        'windows',
        'select salesid, sum(qtysold) over (order by salesid rows unbounded preceding) from sales order by 1',
        [
          [1, 2],
          [2, 3],
        ],
      ),
      runs(
        'IGNORE NULLS',
        'select lag(qtysold) ignore nulls over (order by salesid) from sales order by salesid',
        [[null], [2]],
      ),
      runs(
        'RATIO_TO_REPORT',
        'select salesid from sales where 1 > (select max(ratio_to_report) from (select ratio_to_report(qtysold) over () from sales)) order by 1',
        [[1], [2]],
      ),
      runs(
        'SUPER: paths',
        'select body.items[0].name::varchar from (select json_parse(\'{"items":[{"name":"a"}]}\') as body)',
        [['a']],
      ),
      runs(
        'SUPER: unnesting',
        'select i.n::int from (select json_parse(\'{"items":[{"n":1},{"n":2}]}\') as body) d, d.body.items as i order by 1',
        [[1], [2]],
      ),
    ],
  },
  {
    title: 'Types and operators',
    cases: [
      gives('integers divide to integers', '7 / 2', 3),
      gives('FLOAT has eight bytes', "'0.1'::float", 0.1),
      gives('NUMERIC has no decimals', '2.5::numeric', '3'),
      gives('a cast to VARCHAR cuts at bytes', "'äöü'::varchar(3)", 'ä'),
      gives('CONVERT', "convert(integer, '12')", 12),
      gives('concatenation with NULL', "'a' || null", null),
      gives('backslashes in literals', "len('a\\\\b')", 3),
      gives('LIKE with its escape', "'a_c' like 'a\\\\_c'", true),
      gives('ILIKE', "'ABC' ilike 'a%'", true),
      gives('SIMILAR TO', "'abc' similar to '(a|b)%'", true),
      gives('POSIX operators', "'abc' ~ '^a' and 'ABC' ~* 'b' and 'abc' !~ 'x'", true),
      gives('date minus date', "date '2024-01-05' - date '2024-01-01'", 4),
      gives('a date plus days', "date '2024-01-01' + 5", '2024-01-06'),
      gives('a timestamp minus days', "timestamp '2024-01-08' - 7", '2024-01-01 00:00:00'),
      gives(
        'interval literals',
        "timestamp '2024-01-01' + interval '1 week, 2 hours'",
        '2024-01-08 02:00:00',
      ),
      gives('JSON text as SUPER', "json_typeof('x'::super)", 'string'),
      refused(
        'a fraction as an integer, as in Redshift',
        "select '1.5'::int",
        'invalid input syntax for integer: "1.5"',
      ),
      differs(
        'trailing blanks',
        "'a ' = 'a'",
        false,
        'Redshift ignores trailing blanks when it compares, in joins and groups too; here only those of CHAR columns, which are kept without them',
      ),
      differs('NUMERIC by NUMERIC', '1.0 / 3', 1 / 3, 'a DOUBLE PRECISION; Redshift gives a NUMERIC'),
      refused(
        'a timestamp column plus a number',
        'select saletime + 1 from sales',
        'operator does not exist: timestamp without time zone + integer',
      ),
      refused('# (exclusive or)', 'select 7 # 2', 'operator # is not supported'),
      refused(
        'division by zero, as in Redshift',
        'select qtysold / (qtysold - qtysold) from sales',
        'division by zero',
      ),
      refused(
        'a SUPER path against text without a cast',
        'select 1 from (select json_parse(\'{"a":"x"}\') as body) d where d.body.a = \'x\'',
        'JSON parsing error',
      ),
      refused(
        'arithmetic on SUPER without a cast',
        "select json_parse('1') + 1",
        'operator does not exist: super + integer',
      ),
      refused('types that Redshift has not', 'select 1::uuid', 'type "uuid" does not exist'),
    ],
  },
  {
    title: 'Functions of text',
    cases: [
      gives('LEN, LENGTH, CHAR_LENGTH', "len('äb') + length('äb') + char_length('äb')", 6),
      gives('OCTET_LENGTH', "octet_length('äb')", 3),
      gives('UPPER, LOWER, INITCAP', "upper('ä') || lower('B') || initcap('hello wORLD')", 'ÄbHello World'),
      gives('BTRIM, LTRIM, RTRIM', "btrim('  a ') || ltrim('xxb', 'x') || rtrim('c  ')", 'abc'),
      gives('TRIM', "trim(both 'x' from 'xax')", 'a'),
      gives('LPAD, RPAD', "lpad('a', 3) || rpad('b', 2, '.')", '  ab.'),
      gives('SUBSTRING', "substring('caterpillar', 0, 4)", 'cat'),
      gives('LEFT, RIGHT', "left('abc', 1) || right('abc', 1)", 'ac'),
      gives(
        'CHARINDEX, STRPOS, POSITION',
        "charindex('b', 'abc') + strpos('abc', 'b') + position('b' in 'abc')",
        6,
      ),
      gives('SPLIT_PART', "split_part('a,b,c', ',', 2)", 'b'),
      gives(
        'REPLACE, TRANSLATE, REVERSE, REPEAT',
        "replace('aa', 'a', 'b') || translate('abc', 'ab', 'x') || reverse('yz') || repeat('q', 2)",
        'bbxczyqq',
      ),
      gives('CONCAT, CHR, ASCII', "concat(chr(65), ascii('B')::varchar)", 'A66'),
      gives('REGEXP_SUBSTR', "regexp_substr('theme park', '[a-z]+', 1, 2)", 'park'),
      gives(
        'REGEXP_REPLACE',
        "regexp_replace('a fox, a fox', '(fox)', 'quick $1')",
        'a quick fox, a quick fox',
      ),
      gives(
        'REGEXP_COUNT, REGEXP_INSTR',
        "regexp_count('abcabc', 'b') * 10 + regexp_instr('abcabc', 'c')",
        23,
      ),
      gives(
        'QUOTE_IDENT, QUOTE_LITERAL',
        "quote_ident('a\"b') || quote_literal('it''s')",
        '"a""b"' + "'it''s'",
      ),
      gives(
        'MD5, SHA1, FUNC_SHA1, SHA2 (256)',
        "left(md5('a'), 4) || left(sha1('a'), 4) || left(func_sha1('a'), 4) || left(sha2('a', 256), 4)",
        '0cc186f786f7ca97',
      ),
      gives('STRTOL, TO_HEX', "to_hex(strtol('7f', 16)::int)", '7F'),
      refused(
        'SHA2 with 512 bits',
        "select sha2('a', 512)",
        'function sha2(unknown, unknown) does not exist',
      ),
      refused('CRC32', "select crc32('a')", 'function crc32(unknown) does not exist'),
      refused(
        'functions of DuckDB that Redshift has not',
        'select list_value(1, 2)',
        'function list_value(unknown, unknown) does not exist',
      ),
    ],
  },
  {
    title: 'Functions of dates',
    cases: [
      differs(
        'GETDATE, SYSDATE',
        "getdate() > '2020-01-01' and sysdate > '2020-01-01'",
        true,
        "the time at which the transaction began; GETDATE is the statement's in Redshift",
      ),
      gives('DATEADD', "dateadd(month, 1, '2024-01-31')", '2024-02-29 00:00:00'),
      gives('DATEDIFF', "datediff(qtr, '2024-01-01', '2024-12-31')", 3),
      gives(
        'DATE_PART, EXTRACT',
        "date_part(dow, date '2024-01-07') + extract(year from '2024-05-01')",
        2024,
      ),
      gives('DATE_TRUNC', "date_trunc('week', '2024-01-03'::date)", '2024-01-01 00:00:00'),
      gives('ADD_MONTHS', "add_months('2024-02-29', 1)", '2024-03-31 00:00:00'),
      gives('MONTHS_BETWEEN', "months_between('2024-03-31', '2024-02-29')", 1),
      gives('LAST_DAY, NEXT_DAY', "next_day(last_day('2024-02-03'), 'Fri')", '2024-03-01'),
      gives('TRUNC', "trunc(timestamp '2024-01-05 10:00')", '2024-01-05'),
      gives(
        'CONVERT_TIMEZONE',
        "convert_timezone('America/New_York', '2024-01-01 12:00')",
        '2024-01-01 07:00:00',
      ),
      gives(
        'AT TIME ZONE',
        "timestamp '2024-01-01 12:00' at time zone 'America/New_York'",
        '2024-01-01 17:00:00+00',
      ),
      gives(
        'TO_CHAR',
        "to_char(timestamp '2024-01-31 15:11:12', 'DD Mon YYYY HH12:MI AM')",
        '31 Jan 2024 03:11 PM',
      ),
      gives('TO_DATE', "to_date('02 Oct 2001', 'DD Mon YYYY')", '2001-10-02'),
      gives('TO_TIMESTAMP', "to_timestamp('05 Dec 2000', 'DD Mon YYYY')", '2000-12-05 00:00:00+00'),
      gives(
        'DATE_CMP, TIMESTAMP_CMP',
        "date_cmp('2024-01-01', '2024-01-02') + timestamp_cmp('2024-01-01', '2024-01-02')",
        -2,
      ),
      refused(
        'TO_CHAR with a format out of a column',
        'select to_char(saletime, buyerid) from sales',
        'TO_CHAR with a format that is not a literal is not supported',
      ),
    ],
  },
  {
    title: 'Functions of numbers, conditions, aggregates, JSON',
    cases: [
      gives('ROUND, TRUNC', 'round(2.567, 2) + trunc(2.567, 1)', '5.07'),
      gives('CEIL, FLOOR, ABS, SIGN, MOD', 'ceil(1.2) + floor(1.8) + abs(-1) + sign(-5) + mod(7, 4)', '6'),
      gives('POWER, SQRT, EXP, LN, LOG', 'power(2, 3) + sqrt(4) + exp(0) + ln(1) + log(100)', 13),
      gives('TO_CHAR of a number', "to_char(-1234.5, '9,999D99S')", '1,234.50-'),
      gives('TO_NUMBER', "to_number('12,454.8-', '99G999D9S')::decimal(8,1)", '-12454.8'),
      gives('NVL, COALESCE, NVL2, NULLIF', 'nvl(null, 1) + nvl2(null, 1, 2) + coalesce(nullif(1, 1), 3)', 6),
      gives('DECODE', "decode(null, null, 'none', 'some')", 'none'),
      gives('GREATEST, LEAST ignore NULL', 'greatest(1, null, 3) + least(null, 2)', 5),
      gives('CASE', 'case when 1 > 2 then 1 else 2 end', 2),
      runs(
        'COUNT, SUM, MIN, MAX',
        'select count(*), sum(qtysold), min(pricepaid), max(pricepaid) from sales',
        [[2, 3, '20.50', '50.00']],
      ),
      runs('the mean of integers is one', 'select avg(qtysold), avg(pricepaid) from sales', [[1, '35.25']]),
      runs('LISTAGG', "select listagg(buyerid, ',') within group (order by buyerid desc) from sales", [
        ['101,100'],
      ]),
      runs(
        'MEDIAN, PERCENTILE_CONT',
        'select percentile_cont(0.5) within group (order by qtysold) from sales',
        [[1.5]],
      ),
      runs('APPROXIMATE COUNT', 'select approximate count(distinct buyerid) from sales', [[2]]),
      runs(
        'STDDEV, VARIANCE, BOOL_AND',
        'select bool_and(qtysold > 0), variance(qtysold), stddev_pop(qtysold) from sales',
        [[true, 0.5, 0.5]],
      ),
      gives('JSON_EXTRACT_PATH_TEXT', 'json_extract_path_text(\'{"a":{"b":"x"}}\', \'a\', \'b\')', 'x'),
      gives('JSON_EXTRACT_ARRAY_ELEMENT_TEXT', "json_extract_array_element_text('[111,112]', 1)", '112'),
      gives('JSON_ARRAY_LENGTH, IS_VALID_JSON', "is_valid_json('{}') and json_array_length('[1]') = 1", true),
      gives('JSON_PARSE, JSON_SERIALIZE', "json_serialize(json_parse('[1,2]'))", '[1,2]'),
      gives(
        'GET_ARRAY_LENGTH, IS_ARRAY',
        "is_array(json_parse('[]')) and get_array_length(json_parse('[1,2]')) = 2",
        true,
      ),
      gives('PG_LAST_COPY_COUNT', 'pg_last_copy_count()', 0),
      refused(
        'HyperLogLog sketches',
        'select hll_create_sketch(1)',
        'function hll_create_sketch(unknown) does not exist',
      ),
      refused('geometry', 'select st_point(1, 2)', 'function st_point(unknown, unknown) does not exist'),
    ],
  },
];
