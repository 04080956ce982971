import { describe, expect, it } from 'vitest';
import type { ColumnInfo, RedshiftType } from '../catalog/table-info.ts';
import { parseCopy } from './parse-copy.ts';
import { PlainLines } from './plain-lines.ts';

const { options } = parseCopy("COPY t FROM 's3://b/k' JSON 'auto'");

function column(name: string, type: RedshiftType, isNullable = true): ColumnInfo {
  return { name, type, isNullable, defaultSql: undefined, identity: undefined };
}

/** How many plain lines there are, for a table of these columns. */
function count(columns: readonly ColumnInfo[], ...lines: (string | Buffer)[]): number | undefined {
  const bytes = lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')]);
  return new PlainLines(columns, options).count(Buffer.concat(bytes));
}

const VALUES: readonly [type: RedshiftType, plain: readonly string[], other: readonly string[]][] = [
  [
    { name: 'smallint' },
    ['0', '-1', '32767', '-32767', 'null'],
    ['32768', '-32768', '-0', '007', '1.0', '1e3', 'true', '"1"', '-', '+1', '0x1', 'NaN', ''],
  ],
  [{ name: 'integer' }, ['2147483647', '1999999999'], ['2147483648', '10000000000']],
  [
    { name: 'bigint' },
    ['9223372036854775807', '9223372036854775799', '-1000000000000000000'],
    ['9223372036854775808', '-9223372036854775808', '10000000000000000000'],
  ],
  [
    { name: 'double precision' },
    ['1', '-0.0', '1.5', '1e-05', '1.5E+10', '0.1234567890123456'],
    [
      '1e400',
      '1e100',
      '-0',
      '1.',
      '.5',
      '01.5',
      '123456789012345678901',
      'inf',
      'nan',
      '"1.5"',
      '1e',
      'true',
    ],
  ],
  [
    { name: 'numeric', precision: 8, scale: 2 },
    ['1', '-1.5', '0.25', '123456.78', '-0.50'],
    ['1.234', '1234567.8', '1234567', '1e2', '-0', '1.', '00.5', '"1.5"'],
  ],
  [{ name: 'numeric', precision: 2, scale: 2 }, ['0.25', '0'], ['1', '1.25']],
  [
    { name: 'numeric', precision: 30, scale: 10 },
    ['12345.0123456789'],
    ['123456.0123456789', '1234567890123456'],
  ],
  [{ name: 'boolean' }, ['true', 'false', 'null'], ['1', '"t"', 'tru', 'True', 'nul']],
  [
    { name: 'varchar', length: 4 },
    ['""', '"abcd"', '"\\n\\""', '"ää"', 'null'],
    ['"abcde"', '"ääa"', '1', 'true', '{}', '"\\x"', '"a\tb"', '"\\u0000"', '"abc', '"\\u00e4"'],
  ],
  [
    { name: 'varchar', length: 20 },
    ['"\\u00e4\\uD7ffx"', '"\\/\\b\\f\\r\\t"'],
    ['"\\ud800"', '"\\uDFFF"', '"\\u00g0"', '"\\ud83d\\ude00"', '["a"]'],
  ],
  [
    { name: 'date' },
    ['"2024-02-29"', '"0001-01-01"', '"9999-12-31"', '"2000-02-29"'],
    [
      '"2023-02-29"',
      '"1900-02-29"',
      '"2024-04-31"',
      '"2024-13-01"',
      '"2024-00-01"',
      '"2024-01-00"',
      '"0000-01-01"',
      '"2024-1-05"',
      '"2024/01/05"',
      '" 999-01-05"',
      '"2024-01-5 "',
      '"2024-01-05 (BC)"',
      '""',
      '20240105',
    ],
  ],
  [
    { name: 'timestamp' },
    ['"2024-01-05 23:59:59"', '"2024-01-05 00:00:00.5"', '"2024-01-05 00:00:00.123456"'],
    [
      '"2024-01-05"',
      '"2024-01-05 24:00:00"',
      '"2024-01-05 23:60:00"',
      '"2024-01-05 23:00:60"',
      '"2024-01-05T10:00:00"',
      '"2024-01-05 10:00:00."',
      '"2024-01-05 10:00:00.1234567"',
      '"2024-01-05 10:00:00Z"',
      '"2023-02-29 10:00:00"',
      '1704448800',
    ],
  ],
];

describe('lines of plain JSON', () => {
  it.each(VALUES)('have values of %o that are just what COPY loads', (type, plain, other) => {
    for (const value of plain) expect(count([column('a', type)], `{"a":${value}}`), value).toBe(1);
    for (const value of other) expect(count([column('a', type)], `{"a":${value}}`), value).toBeUndefined();
  });

  it('do not lack what a column needs', () => {
    const columns = [column('a', { name: 'integer' }, false), column('b', { name: 'integer' })];
    expect(count(columns, '{"a":1,"b":2}', '{"a":2}', '{"z":"x","a":3}')).toBe(3);
    expect(count(columns, '{"a":1,"b":2}', '{"b":2}')).toBeUndefined();
    expect(count(columns, '{"a":null}')).toBeUndefined();
  });

  it('are objects with each name once, in one order, and nothing behind', () => {
    const columns = [column('a', { name: 'integer' }), column('b', { name: 'integer' })];
    expect(count(columns, '{"a": 1, "b": 2}\r', '{"b":2,"c":true}', '{"a":1,"x":"\\n","b":2}')).toBe(3);
    const others = [
      '{"a":1,"a":2}',
      '{"b":1,"a":2}',
      '{"a":1,}',
      '{"a":1}}',
      '{"a":1}{"a":2}',
      '{"a":1} ',
      ' {"a":1}',
      '{}',
      '{"a":1',
      '{a:1}',
      '[{"a":1}]',
      '7',
      '',
      '{"z":{"y":1}}',
      '{"z":NaN}',
      '{"\\u0062":1}',
      '\u{feff}{"a":1}',
      Buffer.from('{"z":"\xe4"}', 'latin1'),
      `{"a":1,"z":"${'x'.repeat(4 * 1024 * 1024)}"}`,
    ];
    for (const other of others) expect(count(columns, '{"a":1,"b":2}', other), String(other)).toBeUndefined();
  });
});
