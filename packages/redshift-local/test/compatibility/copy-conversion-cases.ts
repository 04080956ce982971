import type { CompatibilityCase } from './compatibility-case.ts';
import { notes, ROLE } from './copy-case.ts';

/** What happens to fields on their way into columns. */
export const CONVERSION_CASES: readonly CompatibilityCase[] = [
  {
    shows: 'a column list; the rest gets its default',
    sql: `copy seat (venueid, label) from 's3://lake/seat' ${ROLE}`,
    verdict: 'executed',
    objects: { 'seat.txt': '7|A1\n' },
    check: 'select seatid, venueid, label, seen from seat',
    rows: [[1, 7, 'A1', '2024-01-01']],
  },
  {
    shows: 'IDENTITY values out of the file',
    sql: `copy seat from 's3://lake/seat' ${ROLE} explicit_ids`,
    verdict: 'executed',
    objects: { 'seat.txt': '77|7|A1|2024-05-05\n' },
    check: 'select seatid, seen from seat',
    rows: [[77, '2024-05-05']],
  },
  {
    shows: 'an identity BY DEFAULT out of the file',
    sql: `copy visit from 's3://lake/visit' ${ROLE}`,
    verdict: 'executed',
    objects: { 'visit.txt': '7|home\n' },
    check: 'select visitid, page from visit',
    rows: [[7, 'home']],
  },
  {
    shows: 'an identity BY DEFAULT that is made',
    sql: `copy visit (page) from 's3://lake/visit' ${ROLE}`,
    verdict: 'executed',
    objects: { 'visit.txt': 'home\n' },
    check: 'select visitid >= 100, page from visit',
    rows: [[true, 'home']],
  },
  notes('ESCAPE', 'escape', '1|a\\|b\n2|c\\\nd\n', [
    [1, 'a|b'],
    [2, 'c\nd'],
  ]),
  notes('REMOVEQUOTES', 'removequotes', '1|"a"\n2|b\n', [
    [1, 'a'],
    [2, 'b'],
  ]),
  notes('REMOVEQUOTES keeps delimiters between the quotes', 'removequotes', '1|"a|b"\n', [[1, 'a|b']]),
  notes('NULL by default', '', '1|\\N\n2|b\n', [
    [1, null],
    [2, 'b'],
  ]),
  notes('NULL AS', "null as 'nil'", '1|nil\n2|b\n', [
    [1, null],
    [2, 'b'],
  ]),
  notes('empty text stays empty', '', '1|\n', [[1, '']]),
  notes('EMPTYASNULL', 'emptyasnull', '1|\n', [[1, null]]),
  notes('BLANKSASNULL', 'blanksasnull', '1|   \n', [[1, null]]),
  notes('TRIMBLANKS', 'trimblanks', '1|a  \n', [[1, 'a']]),
  notes('TRUNCATECOLUMNS', 'truncatecolumns', '1|0123456789abc\n', [[1, '0123456789']]),
  {
    ...notes('delimiters at the end of a line', '', '1|a|||\n', [[1, 'a']]),
    verdict: 'differs',
    note: 'any number of empty fields behind the last column is let pass, also where Redshift finds extra columns',
  },
  notes('FILLRECORD', 'fillrecord', '1\n', [[1, '']]),
  notes('IGNOREBLANKLINES', 'ignoreblanklines', '1|a\n\n\n2|b\n', [
    [1, 'a'],
    [2, 'b'],
  ]),
  notes('IGNOREHEADER', 'ignoreheader as 2', 'x\ny\n1|a\n', [[1, 'a']]),
  notes('ACCEPTINVCHARS', "acceptinvchars as '^'", Buffer.from([0x31, 0x7c, 0x61, 0xc8, 0x62, 0x0a]), [
    [1, 'a^b'],
  ]),
  notes('MAXERROR skips bad lines', 'maxerror 3', '1|a\nx|b\n2|c\n', [
    [1, 'a'],
    [2, 'c'],
  ]),
  notes('IGNOREALLERRORS', 'ignoreallerrors', '1|a\nx|b\n', [[1, 'a']]),
  {
    shows: 'decimals are cut',
    sql: `copy amount from 's3://lake/amount' ${ROLE}`,
    verdict: 'executed',
    objects: { 'amount.txt': '1|20.259\n' },
    check: 'select price from amount',
    rows: [['20.25']],
  },
  {
    shows: 'ROUNDEC rounds them',
    sql: `copy amount from 's3://lake/amount' ${ROLE} roundec`,
    verdict: 'executed',
    objects: { 'amount.txt': '1|20.259\n' },
    check: 'select price from amount',
    rows: [['20.26']],
  },
  ...(
    [
      ['TIMEFORMAT', "timeformat 'MM.DD.YYYY HH:MI:SS'", '1|08.15.2024 04:05:06|\n', '2024-08-15 04:05:06'],
      ['TIMEFORMAT AUTO', "timeformat 'auto'", '1|January 08, 1999 04:05:06|\n', '1999-01-08 04:05:06'],
      ['epoch seconds', "timeformat 'epochsecs'", '1|1700000000|\n', '2023-11-14 22:13:20'],
      [
        'epoch milliseconds',
        "timeformat as 'epochmillisecs'",
        '1|1700000000123|\n',
        '2023-11-14 22:13:20.123',
      ],
    ] as const
  ).map(
    ([shows, options, text, expected]): CompatibilityCase => ({
      shows,
      sql: `copy moment (id, at, day) from 's3://lake/moment' ${ROLE} ${options}`,
      verdict: 'executed',
      objects: { 'moment.txt': text },
      check: 'select at from moment',
      rows: [[expected]],
    }),
  ),
  ...(
    [
      ['DATEFORMAT', "dateformat 'DD/MM/YYYY'", '1||31/12/2024\n', '2024-12-31'],
      ['DATEFORMAT AUTO', "dateformat as 'auto'", '1||1/8/1999\n', '1999-01-08'],
      ['ACCEPTANYDATE makes NULL of what is no date', 'acceptanydate', '1||00/00/0000\n', null],
    ] as const
  ).map(
    ([shows, options, text, expected]): CompatibilityCase => ({
      shows,
      sql: `copy moment (id, at, day) from 's3://lake/moment' ${ROLE} ${options}`,
      verdict: 'executed',
      objects: { 'moment.txt': text },
      check: 'select day from moment',
      rows: [[expected]],
    }),
  ),
  {
    shows: 'TIMESTAMPTZ with its offset',
    sql: `copy moment (id, zoned) from 's3://lake/moment' ${ROLE} timeformat 'auto'`,
    verdict: 'executed',
    objects: { 'moment.txt': '1|2024-01-01 12:00:00+02\n' },
    check: 'select zoned from moment',
    rows: [['2024-01-01 10:00:00+00']],
  },
];
