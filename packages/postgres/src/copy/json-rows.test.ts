import { describe, expect, it } from 'vitest';
import { toCopyColumn } from './copy-column.ts';
import { toFileReading } from './file-reading.ts';
import { JsonRows } from './json-rows.ts';
import { unescapeField } from './row-reader.ts';
import { RowRefusal } from './row-refusal.ts';

const COLUMNS = [toCopyColumn('id', 'bigint'), toCopyColumn('name', 'text'), toCopyColumn('extra', 'jsonb')];

function read(text: string, { options = "JSON 'auto'", step = text.length + 1 } = {}): unknown {
  const { rows, fields } = toFileReading(options);
  if (rows.kind !== 'json') throw new Error('this is not JSON');
  const reader = new JsonRows(rows, { columns: COLUMNS, fields });
  reader.begin();
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += step) pieces.push(reader.push(bytes.subarray(at, at + step)));
  const lines = Buffer.concat([...pieces, reader.end()])
    .toString('utf8')
    .split('\n')
    .slice(0, -1);
  return lines.map((line) =>
    line.split('\t').map((field) => (field === '\\N' ? null : unescapeField(field))),
  );
}

describe('objects', () => {
  it.each([
    [
      'one in a line',
      '{"id": 1, "name": "a"}\n{"id": 2}\n',
      [
        ['1', 'a', null],
        ['2', null, null],
      ],
    ],
    [
      'over several lines',
      '{\n "id": 1,\n "name": "{\\"}\\n"\n}\n\n{"id":2}',
      [
        ['1', '{"}\n', null],
        ['2', null, null],
      ],
    ],
    ['with other names', '{"other": {"id": 7}, "id": 1}', [['1', null, null]]],
    [
      'within objects',
      '{"id": 1, "extra": {"a": [1, null, "ü\\t"]}}',
      [['1', null, '{"a":[1,null,"ü\\t"]}']],
    ],
    ['with values of other types', '{"id": "3", "name": true}', [['3', 'true', null]]],
    ['with empty texts', '{"id": "", "name": ""}', [[null, '', null]]],
    [
      'with numbers beyond a double',
      '{"id": 9007199254740993, "name": 1.10000000000000000001, "extra": [12345678901234567890]}',
      [['9007199254740993', '1.10000000000000000001', '[12345678901234567890]']],
    ],
    ['with names that objects have of themselves', '{"constructor": 1, "id": 2}', [['2', null, null]]],
    ['behind the mark of UTF-8', '\u{feff}{"id": 1}', [['1', null, null]]],
  ])('%s', (_, text, rows) => {
    expect(read(text)).toEqual(rows);
    expect(read(text, { step: 1 })).toEqual(rows);
  });

  it('with names in any case, where the options say so', () => {
    expect(read('{"ID": 1, "Name": "a"}')).toEqual([[null, null, null]]);
    expect(read('{"ID": 1, "Name": "a"}', { options: "JSON 'auto ignorecase'" })).toEqual([['1', 'a', null]]);
  });

  it.each([
    ['what is no JSON', '{"id": 1}\n{"id": }\n', { line: 2, rawValue: '{"id": }', code: 1224 }],
    ['what is no object', '{"id": 1}\n\n[1]\n', { line: 3, rawValue: '[1]', code: 1224 }],
    ['an object that does not end', '{"id": 1}\n{"id": 2', { line: 2, code: 1224 }],
  ])('refuses %s, and says where', (_, text, problem) => {
    expect(() => read(text)).toThrow(RowRefusal);
    try {
      read(text);
    } catch (error) {
      expect((error as RowRefusal).problem).toMatchObject(problem);
    }
  });
});
