import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inferTable } from './infer-table.ts';
import type { InferredTable } from './inferred-table.ts';
import { SampleDatabase, sqlText } from './sample-database.ts';
import { sampleFileOf } from './sample-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-infer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function infer(name: string, content: string | Buffer): Promise<InferredTable> {
  const path = join(folder, name);
  await writeFile(path, content);
  return inferTable(await sampleFileOf(path));
}

function types({ columns }: InferredTable): Record<string, string> {
  return Object.fromEntries(columns.map(({ name, type }) => [name, type]));
}

describe('a table from a delimited file', () => {
  it('types numbers, dates, timestamps and booleans, and leaves codes with leading zeros text', async () => {
    const table = await infer(
      'types.csv',
      [
        'id,big,code,price,measure,ok,day,at,zoned,name,nothing',
        '1,9999999999,007,1.5,47.123456789,true,2026-01-31,2026-01-31 10:00:00,2026-01-31T10:00:00Z,"Zürich, ""HB""",',
        '-20,1,12,20,8.5,FALSE,2026-02-01,2026-02-01T10:00:00.123,2026-01-31T10:00:00+02:00,x,',
        '',
      ].join('\n'),
    );
    expect(types(table)).toEqual({
      id: 'INTEGER',
      big: 'BIGINT',
      code: 'VARCHAR(16)',
      price: 'DECIMAL(18,2)',
      measure: 'DOUBLE PRECISION',
      ok: 'BOOLEAN',
      day: 'DATE',
      at: 'TIMESTAMP',
      zoned: 'TIMESTAMPTZ',
      name: 'VARCHAR(32)',
      nothing: 'VARCHAR(256)',
    });
    expect(table.format).toEqual({ kind: 'csv', header: true });
    expect(table.copy).toBe("TIMEFORMAT 'auto'");
  });

  it('measures texts in bytes, with room for twice as many', async () => {
    const table = await infer('bytes.csv', `name\n${'ü'.repeat(20)}\n`);
    expect(types(table)).toEqual({ name: 'VARCHAR(128)' });
    expect(table.columns[0]?.why).toBe('up to 40 bytes');
  });

  it('takes a date that is in no calendar for a text', async () => {
    expect(types(await infer('dates.csv', 'day\n2026-02-28\n2026-02-30\n'))).toEqual({ day: 'VARCHAR(32)' });
  });

  it('reads dates with slashes only where a day above 12 tells which number it is', async () => {
    const us = await infer('us.csv', 'day\n01/02/2026\n01/31/2026\n');
    expect([types(us), us.copy]).toEqual([{ day: 'DATE' }, "DATEFORMAT 'MM/DD/YYYY'"]);
    const eu = await infer('eu.csv', 'day\n01/02/2026\n31/01/2026\n');
    expect([types(eu), eu.copy]).toEqual([{ day: 'DATE' }, "DATEFORMAT 'DD/MM/YYYY'"]);
    const either = await infer('either.csv', 'day\n01/02/2026\n');
    expect([types(either), either.copy]).toEqual([{ day: 'VARCHAR(32)' }, null]);
  });

  it('finds the word that stands for nothing', async () => {
    const table = await infer('na.csv', 'a,b\n1,NA\nNA,2\n');
    expect(types(table)).toEqual({ a: 'INTEGER', b: 'INTEGER' });
    expect(table.copy).toBe("NULL AS 'NA'");
  });

  it('finds the delimiter, and a tab by the ending', async () => {
    const semicolons = await infer('semi.csv', 'a;b\n1,5;2\n');
    expect(semicolons.format).toEqual({ kind: 'csv', header: true, delimiter: ';' });
    const tabs = await infer('tabs.tsv', 'a\tb\n1\t2\n');
    expect(tabs.format).toEqual({ kind: 'csv', header: true, delimiter: '\t' });
  });

  it('takes a first line of values for what it is', async () => {
    const table = await infer('bare.csv', 'ZRH,7\nLHR,8\n');
    expect(table.format).toEqual({ kind: 'csv' });
    expect(types(table)).toEqual({ column_1: 'VARCHAR(16)', column_2: 'INTEGER' });
    expect(table.rows).toBe(2);
    expect(table.warnings).toHaveLength(1);
  });

  it('takes a header with one name missing for a header, as pandas writes its index', async () => {
    const table = await infer('pandas.csv', ',city,n\n0,ZRH,7\n1,LHR,8\n');
    expect(table.format).toEqual({ kind: 'csv', header: true });
    expect(types(table)).toEqual({ column_1: 'INTEGER', city: 'VARCHAR(16)', n: 'INTEGER' });
    expect((await infer('halves.csv', 'ZRH,\nLHR,x\n')).format).toEqual({ kind: 'csv' });
  });

  it('types numbers so that no digit is lost', async () => {
    const [nine, forty] = ['123456789'.repeat(3), '123456789'.repeat(4).concat('1234')];
    const table = await infer(
      'digits.csv',
      [
        'float,long,longer,longest,whole,mixed',
        `0.010000000000000002,1.${nine},12345678.${nine}12,0.${forty},${nine}1234567.25,${nine}`,
        `47.12345678901234,2.5,1,2,1,1e5`,
        '',
      ].join('\n'),
    );
    expect(types(table)).toEqual({
      float: 'DOUBLE PRECISION',
      long: 'DECIMAL(31,27)',
      longer: 'DECIMAL(38,29)',
      longest: 'VARCHAR(128)',
      whole: 'DECIMAL(38,2)',
      mixed: 'VARCHAR(64)',
    });
    expect(table.columns[3]?.why).toBe(
      'up to 42 bytes; decimal numbers, whole numbers: more digits than a number type keeps',
    );
  });

  it('goes on past lines that do not fit, and says so', async () => {
    const table = await infer('ragged.csv', 'a,b\n1,2\n3\n4,5\n');
    expect(types(table)).toEqual({ a: 'INTEGER', b: 'INTEGER' });
    expect(table.warnings).toEqual([
      '1 line does not fit the others, so that a load of this file will be quarantined',
    ]);
  });

  it.each([
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ] as const)('unpacks .%s', async (ending, pack) => {
    const table = await infer(`packed.csv.${ending}`, pack(Buffer.from('a,b\n1,x\n')));
    expect(types(table)).toEqual({ a: 'INTEGER', b: 'VARCHAR(16)' });
  });
});

describe('a table from JSON', () => {
  it('makes a column of every key; a text with digits stays text, what is nested is SUPER', async () => {
    const table = await infer(
      'events.ndjson',
      [
        { Id: 1, zip: '00501', digits: '12', at: '2026-01-01T10:00:00Z', tags: ['a'], price: 1.5, ok: true },
        {
          Id: 2,
          zip: '10001',
          digits: '13',
          at: '2026-01-02T10:00:00Z',
          tags: [],
          price: 2,
          ok: false,
          late: 'x',
        },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n'),
    );
    expect(types(table)).toEqual({
      id: 'INTEGER',
      zip: 'VARCHAR(16)',
      digits: 'VARCHAR(16)',
      at: 'TIMESTAMPTZ',
      tags: 'SUPER',
      price: 'DECIMAL(18,2)',
      ok: 'BOOLEAN',
      late: 'VARCHAR(16)',
    });
    expect(table.format).toEqual({ kind: 'json', ignoreCase: true });
  });

  it('makes one column of keys that differ in case only, and says so', async () => {
    const table = await infer('case.ndjson', '{"a_1":1,"a":2,"A":"x"}\n');
    expect(types(table)).toEqual({ a_1: 'INTEGER', a: 'VARCHAR(16)' });
    expect(table.format).toEqual({ kind: 'json' });
    expect(table.warnings).toEqual([
      "the keys 'a' and 'A' differ in case only, and share the column a, which takes 'a' alone",
    ]);
    const capitals = await infer('capitals.ndjson', '{"Ab":1}\n{"AB":2}\n');
    expect([types(capitals), capitals.format]).toEqual([
      { ab: 'INTEGER' },
      { kind: 'json', ignoreCase: true },
    ]);
    expect(capitals.warnings).toHaveLength(1);
  });

  it('takes numbered keys for what they are', async () => {
    const table = await infer('numbered.ndjson', '{"a":1,"a_1":2,"a_1_1":3}\n');
    expect(Object.keys(types(table))).toEqual(['a', 'a_1', 'a_1_1']);
    expect(table.warnings).toEqual([]);
  });

  it.each([
    ['scalars.ndjson', '1\n2\n', 'has values that are no objects, or objects without keys'],
    ['cut.ndjson', '{"a":1}\n{"a":\n', 'is not JSON in line 2: unexpected end of data'],
    ['twice.ndjson', '{"a":1,"a":2}\n', "has an object with the key 'a' twice"],
  ])('says in its own words what is wrong with %s', async (name, content, problem) => {
    await expect(infer(name, content)).rejects.toMatchObject({
      code: 'sample-unreadable',
      message: `${join(folder, name)} ${problem}`,
      hint: expect.stringContaining('objects one after another'),
    });
  });

  it('refuses one list of objects, which COPY does not take', async () => {
    await expect(infer('list.json', '\n [{"a": 1}]')).rejects.toMatchObject({ code: 'sample-unsupported' });
  });
});

describe('a table from Parquet', () => {
  it('takes its types, and measures its texts', async () => {
    const path = join(folder, 'typed.parquet');
    using database = await SampleDatabase.open(path);
    await database.rows(
      `COPY (SELECT 1::INTEGER AS a, 2::UINTEGER AS b, 1.5::DECIMAL(8,2) AS c, 'abc' AS d, DATE '2026-01-01' AS e, [1] AS f) TO ${sqlText(path)} (FORMAT parquet)`,
    );
    const table = await inferTable(await sampleFileOf(path));
    expect(types(table)).toEqual({
      a: 'INTEGER',
      b: 'BIGINT',
      c: 'DECIMAL(8,2)',
      d: 'VARCHAR(16)',
      e: 'DATE',
      f: 'SUPER',
    });
    expect(table.copy).toBe('SERIALIZETOJSON');
  });
});

describe('a file that no table can be made from', () => {
  it.each([
    ['latin.csv', Buffer.from('id,name\n1,caf\xe9\n2,x\n', 'latin1'), 'line 2 has bytes of another encoding'],
    ['end.csv', Buffer.from('id,name\n1,caf\xe9', 'latin1'), 'line 2 has bytes of another encoding'],
    ['latin.ndjson', Buffer.from('{"a":"\xfc"}\n', 'latin1'), 'line 1 has bytes of another encoding'],
    ['mark.csv', Buffer.from('\ufeffid,name\n1,x\n', 'utf16le'), 'is UTF-16LE'],
    ['bare16.csv', Buffer.from('id,name\n1,x\n', 'utf16le'), 'is UTF-16LE'],
    ['big16.csv', Buffer.from('\ufeffid,name\n1,x\n', 'utf16le').swap16(), 'is UTF-16BE'],
  ])('%s is refused with its encoding and the way out', async (name, content, sentence) => {
    await expect(infer(name, content)).rejects.toMatchObject({
      code: 'sample-unreadable',
      message: expect.stringContaining(sentence),
      hint: expect.stringContaining('iconv -f'),
    });
  });

  it.each([
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ] as const)('a .csv.%s that was cut off is refused, not guessed from', async (ending, pack) => {
    const lines = Array.from({ length: 20_000 }, (_, id) => `${id},${(id * 7919) % 10_007}`);
    const packed = pack(Buffer.from(`id,n\n${lines.join('\n')}\n`));
    await expect(infer(`cut.csv.${ending}`, packed.subarray(0, packed.length >> 1))).rejects.toMatchObject({
      code: 'sample-unreadable',
      message: expect.stringContaining('is cut off'),
    });
  });

  it('is none of those with letters of several bytes, wherever a chunk ends', async () => {
    const table = await infer('long.csv', `name\n${'a'.repeat(65_530)}\n${'üé€😀'.repeat(20_000)}\n`);
    expect(table.rows).toBe(2);
  });

  it.each([
    ['empty.csv', '', 'sample-empty'],
    ['picture.png', 'x', 'sample-unsupported'],
    ['packed.csv.gz', 'not packed', 'sample-unreadable'],
    ['binary.csv', Buffer.from([0xff, 0xfe, 0, 1, 2]), 'sample-unreadable'],
  ])('%s is refused', async (name, content, code) => {
    await expect(infer(name, content)).rejects.toMatchObject({ code });
  });
});
