import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CopyColumn, toCopyColumn } from './copy-column.ts';
import { toFileReading } from './file-reading.ts';
import { LineRows } from './line-rows.ts';
import { unescapeField } from './row-reader.ts';
import { RowRefusal } from './row-refusal.ts';

const NUMBER = toCopyColumn('n', 'integer');
const TEXT = toCopyColumn('t', 'character varying(5)');
const AT = toCopyColumn('at', 'timestamp without time zone');

function readerOf(options: string, columns: readonly CopyColumn[]): LineRows {
  const { rows, fields } = toFileReading(options);
  if (rows.kind !== 'lines') throw new Error('these are not lines');
  return new LineRows(rows, { columns, fields });
}

/** The rows of a file that comes in these pieces, as PostgreSQL would understand them. */
function read(
  options: string,
  columns: readonly CopyColumn[],
  pieces: readonly (string | Uint8Array)[],
): readonly (readonly (string | null)[])[] {
  const reader = readerOf(options, columns);
  reader.begin();
  const text = Buffer.concat([...pieces.map((piece) => reader.push(Buffer.from(piece))), reader.end()]);
  const lines = text.toString('utf8').split('\n').slice(0, -1);
  expect(reader.rows).toBe(lines.length);
  return lines.map((line) =>
    line.split('\t').map((field) => (field === '\\N' ? null : unescapeField(field))),
  );
}

function refusalOf(options: string, columns: readonly CopyColumn[], text: string): RowRefusal['problem'] {
  try {
    read(options, columns, [text]);
  } catch (error) {
    if (error instanceof RowRefusal) return error.problem;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('CSV', () => {
  it.each([
    [
      'plain fields',
      'CSV',
      '1,a\n2,b\n',
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ],
    [
      'no line end behind the last row',
      'CSV',
      '1,a\n2,b',
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ],
    [
      'Windows line ends',
      'CSV',
      '1,a\r\n2,"b"\r\n',
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ],
    ['a carriage return that is data', 'CSV', '1,a\rb\n', [['1', 'a\rb']]],
    ['quotes, delimiters and line ends in quotes', 'CSV', '1,"a ""b"", \n\tc"\n', [['1', 'a "b", \n\tc']]],
    ['a quote inside a field that is not quoted', 'CSV', '1,5" nail\n', [['1', '5" nail']]],
    ['backslashes as they are', 'CSV', '1,\\n\\.\n', [['1', '\\n\\.']]],
    [
      'an end-of-data mark of psql as data',
      'CSV',
      '1,x\n2,\\.\n',
      [
        ['1', 'x'],
        ['2', '\\.'],
      ],
    ],
    [
      'NULL as \\N, not when it is quoted',
      'CSV',
      '\\N,\\N\n1,"\\N"\n',
      [
        [null, null],
        ['1', '\\N'],
      ],
    ],
    [
      'NULL as the options say',
      "CSV NULL AS 'none'",
      'none,none\n1,"none"\n',
      [
        [null, null],
        ['1', 'none'],
      ],
    ],
    [
      'empty numbers as NULL, empty texts as they are',
      'CSV',
      ',\n"",""\n',
      [
        [null, ''],
        [null, ''],
      ],
    ],
    [
      'empty texts as NULL',
      'CSV EMPTYASNULL',
      ',\n1,""\n',
      [
        [null, null],
        ['1', ''],
      ],
    ],
    [
      'blanks as NULL',
      'CSV BLANKSASNULL',
      '1,  \n2, a \n',
      [
        ['1', null],
        ['2', ' a '],
      ],
    ],
    [
      'blanks at the end dropped',
      'CSV TRIMBLANKS',
      '1, a  \n2,"b "\n',
      [
        ['1', ' a'],
        ['2', 'b'],
      ],
    ],
    [
      'texts cut to characters',
      'CSV TRUNCATECOLUMNS',
      '1,Łódź ist\n2,ab\n',
      [
        ['1', 'Łódź '],
        ['2', 'ab'],
      ],
    ],
    [
      'missing fields filled',
      'CSV FILLRECORD',
      '1\n2,b\n',
      [
        ['1', null],
        ['2', 'b'],
      ],
    ],
    [
      'blank lines passed over',
      'CSV IGNOREBLANKLINES',
      '\n1,a\n\n\r\n2,b\n',
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ],
    ['headers skipped', 'CSV IGNOREHEADER 2', 'n,t\n"x,\n1,a\n', [['1', 'a']]],
    ['another delimiter and quote', "CSV DELIMITER ';' QUOTE ''''", "1;'a;''b'\n", [['1', "a;'b"]]],
    ['the mark of UTF-8 dropped', 'CSV', '\u{feff}1,a\n', [['1', 'a']]],
  ] as const)('%s', (_, options, text, rows) => {
    expect(read(options, [NUMBER, TEXT], [text])).toEqual(rows);
  });

  it('numbers in timestamps as seconds and as milliseconds', () => {
    expect(read("CSV TIMEFORMAT 'epochsecs'", [AT], ['0\n', '1763726400.5\nsoon\n'])).toEqual([
      ['1970-01-01T00:00:00.000Z'],
      ['2025-11-21T12:00:00.500Z'],
      ['soon'],
    ]);
    expect(read("CSV TIMEFORMAT 'epochmillisecs'", [AT], ['1763726400500\n'])).toEqual([
      ['2025-11-21T12:00:00.500Z'],
    ]);
  });

  it.each([
    ['too many fields', '1,a\n2,b,c\n', { line: 2, code: 1202, rawValue: '2,b,c' }],
    ['too few', '1,a\n2\n', { line: 2, code: 1203, column: 't' }],
    ['an empty line', '1,a\n\n2,b\n', { line: 2, code: 1211 }],
    ['a quote that is never closed', '1,a\n2,"b\n3,c\n', { line: 2, code: 1216 }],
    ['text behind a closing quote', '1,"a"b\n', { line: 1, code: 1216 }],
  ] as const)('refuses %s', (_, text, problem) => {
    expect(refusalOf('CSV', [NUMBER, TEXT], text)).toMatchObject(problem);
  });

  it('counts lines through quoted line ends, headers and blank lines', () => {
    const text = 'n,t\n1,"a\nb"\n\n2,c\n3\n';
    expect(refusalOf('CSV IGNOREHEADER 1 IGNOREBLANKLINES', [NUMBER, TEXT], text).line).toBe(6);
    const reader = readerOf('CSV IGNOREHEADER 1 IGNOREBLANKLINES', [NUMBER, TEXT]);
    reader.watchedRow = 1;
    reader.begin();
    reader.push(Buffer.from(text.slice(0, -2)));
    expect(reader.watchedLine).toBe(5);
  });
});

describe('delimited text', () => {
  it.each([
    ['quotes as data', "DELIMITER '|'", '1|"a"\n', [['1', '"a"']]],
    [
      'quotes removed',
      "DELIMITER '|' REMOVEQUOTES",
      '1|"a|b"\n2|\'c\'\n',
      [
        ['1', 'a|b'],
        ['2', 'c'],
      ],
    ],
    ['quotes inside of quotes kept', 'REMOVEQUOTES', '1|"a"b"\n', [['1', 'a"b']]],
    ['escaped delimiters, line ends and backslashes', 'ESCAPE', '1|a\\|b\\\n\\\\\n', [['1', 'a|b\n\\']]],
    ['tabs', "DELIMITER '\\t'", '1\ta\n', [['1', 'a']]],
  ] as const)('%s', (_, options, text, rows) => {
    expect(read(options, [NUMBER, TEXT], [text])).toEqual(rows);
  });
});

it('reads the same rows wherever the bytes are cut', () => {
  const field = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'ü', '"', ',', '\n', '\r', '\t', '\\', '東', 'N', ' ') }),
    fc.constant('\\N'),
    fc.constant(''),
  );
  const columns = [toCopyColumn('a', 'text'), toCopyColumn('b', 'text'), toCopyColumn('c', 'text')];
  const file = fc.array(fc.tuple(field, field, field), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(file, fc.array(fc.nat(200), { maxLength: 10 }), (rows, cuts) => {
      const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
      const bytes = Buffer.from(rows.map((row) => `${row.map(quoted).join(',')}\n`).join(''));
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
      const pieces = at.slice(1).map((end, n) => bytes.subarray(at[n], end));
      expect(read('CSV', columns, pieces)).toEqual(rows);
    }),
    { numRuns: 300 },
  );
});
