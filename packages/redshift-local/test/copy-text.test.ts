import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openObject } from '../src/copy/open-object.ts';
import { RedshiftError } from '../src/redshift-error.ts';
import { type CopyBench, char, column, numeric, openBench, varchar } from './copy-fixture.ts';

let bench: CopyBench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const failure = async (run: Promise<unknown>): Promise<RedshiftError> => {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RedshiftError);
  return error as RedshiftError;
};

const TWO = [column('id', { name: 'integer' }), column('name', varchar(5))];
const LOAD_FAILED = "Load into table 't' failed.  Check 'stl_load_errors' system table for details.";

describe('COPY of CSV', () => {
  it('reads quotes, line ends in quotes, empty fields and nulls', async () => {
    await bench.table(TWO);
    const url = bench.put('a.csv', '1,"a""b"\n2,\n,"x\ny"\r\n4,\\N\n5,"\\N"\n6,p"q\n');
    expect(await bench.copy(`COPY t FROM '${url}' IAM_ROLE default CSV`)).toBe(6);
    expect(await bench.rows()).toEqual([
      [1, 'a"b'],
      [2, ''],
      [4, null],
      [5, null],
      [6, 'p"q'],
      [null, 'x\ny'],
    ]);
    expect(bench.history[0]).toMatchObject({ status: 'completed', loadedRows: 6, sourceFileCount: 1 });
    expect(bench.details).toEqual([{ fileName: url, bytesScanned: 38, linesScanned: 6 }]);
  });

  it('names file, line, column and value of a bad row, once for every bad file', async () => {
    await bench.table(TWO);
    bench.put('in/1.csv', '1,a\n2,b\nx,c\n');
    bench.put('in/2.csv', '1,a\n');
    bench.put('in/3.csv', '1,toolong\n1\n1,2,3\n');
    const error = await failure(bench.copy(`COPY t FROM 's3://b/in/' CSV`));
    expect(error.message).toBe(LOAD_FAILED);
    expect(await bench.rows()).toEqual([]);
    expect(bench.errors).toMatchObject([
      {
        fileName: 's3://b/in/1.csv',
        lineNumber: 3,
        columnName: 'id',
        rawFieldValue: 'x',
        rawLine: 'x,c',
        errorCode: 1207,
        errorReason: "Invalid digit, Value 'x', Pos 0, Type: Integer",
        columnType: 'integer',
      },
      {
        fileName: 's3://b/in/3.csv',
        lineNumber: 1,
        columnName: 'name',
        rawFieldValue: 'toolong',
        errorCode: 1204,
        columnLength: '5',
        position: 2,
      },
      { fileName: 's3://b/in/3.csv', lineNumber: 2, errorCode: 1214, errorReason: 'Delimiter not found' },
      { fileName: 's3://b/in/3.csv', lineNumber: 3, errorCode: 1202, errorReason: 'Extra column(s) found' },
    ]);
    expect(bench.history[0]).toMatchObject({ status: 'aborted', loadedRows: 0, errorCount: 4 });
  });

  it('skips up to MAXERROR - 1 bad rows', async () => {
    await bench.table(TWO);
    const url = bench.put('a.csv', '1,a\nx,b\n3,c\n');
    await failure(bench.copy(`COPY t FROM '${url}' CSV MAXERROR 1`));
    expect(await bench.copy(`COPY t FROM '${url}' CSV MAXERROR 2`)).toBe(2);
    expect(await bench.rows()).toEqual([
      [1, 'a'],
      [3, 'c'],
    ]);
    expect(await bench.copy(`COPY t FROM '${url}' CSV IGNOREALLERRORS`)).toBe(2);
  });

  it.each([
    ['a quote that is not closed', '1,"abc\n2,b\n', 1216],
    ['text behind a quote', '1,"ab"c\n', 1216],
    ['a blank line', '1,a\n\n2,b\n', 1211],
    ['a fraction in an integer', '1.5,a\n', 1207],
    ['an exponent in an integer', '1e3,a\n', 1207],
    ['a number out of range', '2147483648,a\n', 1222],
    ['too many bytes', '1,ääää\n', 1204],
    ['a NUL', '1,a\0b\n', 1220],
    ['bytes that are no UTF-8', Buffer.from('1,a\xff\n', 'latin1'), 1220],
  ])('refuses %s', async (_what, body, code) => {
    await bench.table(TWO);
    const url = bench.put('a.csv', body);
    expect((await failure(bench.copy(`COPY t FROM '${url}' CSV`))).message).toBe(LOAD_FAILED);
    expect(bench.errors[0]).toMatchObject({ errorCode: code, fileName: url });
    await bench.run('BEGIN; ROLLBACK');
  });

  it('obeys its options', async () => {
    await bench.table([column('a', varchar(3)), column('b', varchar(20)), column('c', { name: 'integer' })]);
    const url = bench.put('a.csv', 'h1;h2;h3\n\n%x%%y%;  ;1\nabcdef;;\n  ;b  ;2\n');
    await bench.copy(
      `COPY t FROM '${url}' CSV QUOTE '%' DELIMITER ';' IGNOREHEADER 1 IGNOREBLANKLINES TRUNCATECOLUMNS BLANKSASNULL EMPTYASNULL TRIMBLANKS`,
    );
    expect(await bench.rows()).toEqual([
      ['abc', null, null],
      ['x%y', null, 1],
      [null, 'b', 2],
    ]);
  });

  it('fills short records by FILLRECORD and replaces characters by ACCEPTINVCHARS', async () => {
    await bench.table([column('a', varchar(10)), column('b', varchar(5)), column('c', { name: 'integer' })]);
    const url = bench.put('a.csv', Buffer.from('x\xffy\n', 'latin1'));
    await bench.copy(`COPY t FROM '${url}' CSV FILLRECORD ACCEPTINVCHARS '^'`);
    expect(await bench.rows()).toEqual([['x^y', '', null]]);
  });

  it('takes rows up to 4 MB', async () => {
    await bench.table([column('a', varchar(65535)), column('b', varchar(65535))]);
    const url = bench.put('a.csv', `${'x'.repeat(4 * 1024 * 1024)},b\nc,d\n`);
    await failure(bench.copy(`COPY t FROM '${url}' CSV`));
    expect(bench.errors[0]).toMatchObject({ lineNumber: 1, errorCode: 1216 });
  });

  it('loads an empty file as no rows', async () => {
    await bench.table(TWO);
    expect(await bench.copy(`COPY t FROM '${bench.put('a.csv', '')}' CSV`)).toBe(0);
  });
});

describe('values', () => {
  it('are converted as COPY converts them', async () => {
    await bench.table([
      column('a', { name: 'smallint' }),
      column('b', { name: 'bigint' }),
      column('c', { name: 'real' }),
      column('d', { name: 'double precision' }),
      column('e', numeric(8, 2)),
      column('f', { name: 'boolean' }),
      column('g', { name: 'date' }),
      column('h', { name: 'timestamp' }),
      column('i', { name: 'timestamptz' }),
      column('j', { name: 'time' }),
      column('k', { name: 'super' }),
      column('l', char(3)),
      column('m', { name: 'varbyte' }),
    ]);
    const url = bench.put(
      'a.csv',
      ' 7 ,+9223372036854775807,1.5,1e3,20.259,Yes,2024-02-29,2024-01-05 10:00:00.5,2024-01-05 10:00:00+02,23:59:59,"{""a"":[1,2]}",ab ,00ff\n-32768,-5,.5,5.,-20.259,0,,2024-01-05,2024-01-05 10:00:00,,,,\n',
    );
    await bench.copy(`COPY t FROM '${url}' CSV`);
    expect(await bench.rows('SELECT * FROM t ORDER BY a DESC')).toEqual([
      [
        7,
        '9223372036854775807',
        1.5,
        1000,
        '20.25',
        true,
        '2024-02-29',
        '2024-01-05 10:00:00.5',
        '2024-01-05 08:00:00+00',
        '23:59:59',
        '{"a":[1,2]}',
        'ab',
        '\\x00\\xFF',
      ],
      [
        -32768,
        '-5',
        0.5,
        5,
        '-20.25',
        false,
        null,
        '2024-01-05 00:00:00',
        '2024-01-05 10:00:00+00',
        null,
        null,
        '',
        null,
      ],
    ]);
  });

  it.each([
    ['date', '2024-02-30', 1205],
    ['date', '2024-1-5', 1205],
    ['timestamp', '2024-01-05T10:00:00', 1206],
    ['timestamp', '2024-01-05 24:00:00', 1206],
    ['boolean', '2', 1210],
    ['double precision', '1e400', 1208],
    ['double precision', 'abc', 1208],
    ['super', '{a}', 1224],
    ['smallint', '32768', 1222],
  ] as const)('%s refuses %s', async (name, text, code) => {
    await bench.table([column('a', { name })]);
    await failure(bench.copy(`COPY t FROM '${bench.put('a.csv', `${text}\n`)}' CSV`));
    expect(bench.errors[0]).toMatchObject({
      errorCode: code,
      rawFieldValue: text,
      columnName: 'a',
      lineNumber: 1,
    });
  });

  it('refuses characters of several bytes in CHAR', async () => {
    await bench.table([column('a', char(5))]);
    await failure(bench.copy(`COPY t FROM '${bench.put('a.csv', 'ä\n')}' CSV`));
    expect(bench.errors[0]?.errorReason).toBe(
      'Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 a4',
    );
  });

  it('rounds with ROUNDEC and reads formats', async () => {
    await bench.table([
      column('a', numeric(8, 2)),
      column('b', { name: 'date' }),
      column('c', { name: 'timestamp' }),
    ]);
    const url = bench.put('a.csv', '20.259,05.01.2024,"01/05/2024 1:02:03 PM"\n');
    await bench.copy(
      `COPY t FROM '${url}' CSV ROUNDEC DATEFORMAT 'DD.MM.YYYY' TIMEFORMAT 'MM/DD/YYYY HH12:MI:SS AM'`,
    );
    expect(await bench.rows()).toEqual([['20.26', '2024-01-05', '2024-01-05 13:02:03']]);
  });

  it.each([
    ['epochsecs', '1704448800', '2024-01-05 10:00:00'],
    ['epochmillisecs', '1704448800123', '2024-01-05 10:00:00.123'],
    ['epochsecs', '-1.5', '1969-12-31 23:59:58.5'],
    ['auto', '2024-01-05T10:00:00Z', '2024-01-05 10:00:00'],
    ['auto', '20240105', '2024-01-05 00:00:00'],
  ])('reads %s %s', async (format, text, expected) => {
    await bench.table([column('a', { name: 'timestamp' })]);
    await bench.copy(`COPY t FROM '${bench.put('a.csv', `${text}\n`)}' CSV TIMEFORMAT '${format}'`);
    expect(await bench.rows()).toEqual([[expected]]);
  });

  it('lets any date pass with ACCEPTANYDATE, as NULL', async () => {
    await bench.table([column('a', { name: 'date' })]);
    await bench.copy(`COPY t FROM '${bench.put('a.csv', 'never\n')}' CSV ACCEPTANYDATE`);
    expect(await bench.rows()).toEqual([[null]]);
  });
});

describe('columns', () => {
  it('come from DEFAULT, identity and the list', async () => {
    await bench.run('CREATE SEQUENCE s START 10');
    await bench.table([
      column(
        'id',
        { name: 'bigint' },
        { isNullable: false, identity: { kind: 'always', nextSql: "nextval('s')" } },
      ),
      column('a', { name: 'integer' }),
      column('b', varchar(5), { defaultSql: "'dflt'" }),
    ]);
    const url = bench.put('a.csv', '1\n2\n');
    await bench.copy(`COPY t (a) FROM '${url}' CSV`);
    expect(await bench.rows()).toEqual([
      ['10', 1, 'dflt'],
      ['11', 2, 'dflt'],
    ]);
    const both = bench.put('b.csv', '5,6,x\n');
    expect((await failure(bench.copy(`COPY t (id, a, b) FROM '${both}' CSV`))).message).toContain('identity');
    await bench.copy(`COPY t (id, a, b) FROM '${both}' CSV EXPLICIT_IDS`);
    expect(await bench.rows('SELECT * FROM t WHERE id = 5')).toEqual([['5', 6, 'x']]);
  });

  it('must be there, and must not lack what is NOT NULL', async () => {
    await bench.table([column('a', { name: 'integer' }, { isNullable: false }), column('b', varchar(5))]);
    const url = bench.put('a.csv', ',x\n');
    await failure(bench.copy(`COPY t FROM '${url}' CSV`));
    expect(bench.errors[0]).toMatchObject({
      errorCode: 1213,
      errorReason: 'Missing data for not-null field',
      columnName: 'a',
    });
    expect((await failure(bench.copy(`COPY t (z) FROM '${url}' CSV`))).sqlState).toBe('42703');
    expect((await failure(bench.copy(`COPY t (b) FROM '${url}' CSV`))).sqlState).toBe('23502');
  });
});

describe('COPY of other text', () => {
  it('reads delimited text with escapes and quotes', async () => {
    await bench.table(TWO);
    const url = bench.put('a.txt', '1|a\\|b\n2|c\\\nd\n3|\\N\n4|e\\\\f|\n');
    await bench.copy(`COPY t FROM '${url}' ESCAPE`);
    expect(await bench.rows()).toEqual([
      [1, 'a|b'],
      [2, 'c\nd'],
      [3, null],
      [4, 'e\\f'],
    ]);
    await bench.run('DELETE FROM t');
    await bench.copy(`COPY t FROM '${bench.put('b.txt', `1\t"x"\n2\t'y'\n`)}' DELIMITER '\\t' REMOVEQUOTES`);
    expect(await bench.rows()).toEqual([
      [1, 'x'],
      [2, 'y'],
    ]);
  });

  it('reads fixed widths', async () => {
    await bench.table([column('id', { name: 'integer' }), column('name', varchar(9))]);
    await bench.copy(`COPY t FROM '${bench.put('a.txt', '001ab   \n 22ä𝒳   \n')}' FIXEDWIDTH 'id:3,name:5'`);
    expect(await bench.rows()).toEqual([
      [1, 'ab'],
      [22, 'ä𝒳'],
    ]);
    await failure(bench.copy(`COPY t FROM '${bench.put('c.txt', '001\n')}' FIXEDWIDTH 'id:3,name:5'`));
  });

  it.each([
    ['UTF16LE', Buffer.from('1|ä\n', 'utf16le')],
    ['UTF16', Buffer.from('\ufeff1|ä\n', 'utf16le')],
    ['UTF16BE', Buffer.from('1|ä\n', 'utf16le').swap16()],
    ['ISO88591', Buffer.from('1|ä\n', 'latin1')],
  ])('reads %s', async (encoding, body) => {
    await bench.table(TWO);
    await bench.copy(`COPY t FROM '${bench.put('a.txt', body)}' ENCODING ${encoding}`);
    expect(await bench.rows()).toEqual([[1, 'ä']]);
  });
});

describe('widths and quotes', () => {
  it('FIXEDWIDTH gives every column a width', async () => {
    await bench.table(TWO);
    const url = bench.put('fixed', '1 abc\n');
    expect((await failure(bench.copy(`COPY t FROM '${url}' FIXEDWIDTH 'a:2'`))).message).toBe(
      'Number of FIXEDWIDTH columns and the number of columns should match.',
    );
  });

  it.each([
    ["DELIMITER ',' REMOVEQUOTES", `1,"a,x"\n2,'b"c'\n3,"d"e"\n`, ['a,x', 'b"c', 'd"e']],
    ["DELIMITER ',' REMOVEQUOTES ESCAPE", `1,"a\\",x"\n2,b\\,c\n3,""\n`, ['a",x', 'b,c', '']],
  ])('%s keeps what is between the quotes', async (options, body, texts) => {
    await bench.table(TWO);
    await bench.copy(`COPY t FROM '${bench.put('quoted', body)}' ${options}`);
    expect(await bench.rows('SELECT name FROM t ORDER BY id')).toEqual(texts.map((text) => [text]));
  });
});

describe('compression', () => {
  const body = '1,a\n2,b\n';

  it('is undone as the option says', async () => {
    await bench.table(TWO);
    const plain = join(bench.directory, 'x.csv');
    writeFileSync(plain, body);
    execFileSync('bzip2', ['-k', plain]);
    const bz = readFileSync(`${plain}.bz2`);
    await bench.copy(`COPY t FROM '${bench.put('a.gz', gzipSync(body))}' CSV GZIP`);
    await bench.copy(`COPY t FROM '${bench.put('a.zst', zstdCompressSync(body))}' CSV ZSTD`);
    await bench.copy(`COPY t FROM '${bench.put('a.bz2', Buffer.concat([bz, bz]))}' CSV BZIP2`);
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([['8']]);
  });

  it.each(['gzip', 'zstd', 'bzip2'])('%s that is cut off or is none names the file', async (name) => {
    await bench.table(TWO);
    const path = join(bench.directory, 'y.csv');
    writeFileSync(path, body);
    const whole =
      name === 'gzip'
        ? gzipSync(body)
        : name === 'zstd'
          ? zstdCompressSync(body)
          : execFileSync('bzip2', ['-c', path]);
    const cut = bench.put('cut', whole.subarray(0, whole.length - 6));
    expect((await failure(bench.copy(`COPY t FROM '${cut}' CSV ${name}`))).message).toContain(
      `${name} decompression of s3://b/cut failed`,
    );
    expect(bench.errors).toMatchObject([{ fileName: cut, lineNumber: -1, errorCode: 1200 }]);
    const none = bench.put('none', body);
    expect((await failure(bench.copy(`COPY t FROM '${none}' CSV ${name}`))).message).toContain('s3://b/none');
  });

  it('that is cut off in a large file is told, too', async () => {
    await bench.table(TWO);
    const lines = Array.from({ length: 300_000 }, (_, index) => `${index},${(index * 7919) % 99991}`).join(
      '\n',
    );
    const whole = gzipSync(lines);
    const cut = bench.put('cut', whole.subarray(0, whole.length - 1000));
    const message = (await failure(bench.copy(`COPY t FROM '${cut}' CSV GZIP`))).message;
    expect(message).toContain('gzip decompression of s3://b/cut failed');
    expect(bench.errors).toMatchObject([{ fileName: cut }]);
  });

  it('that is not said is an error', async () => {
    await bench.table(TWO);
    await failure(bench.copy(`COPY t FROM '${bench.put('a.gz', gzipSync(body))}' CSV`));
    expect(bench.errors[0]?.fileName).toBe('s3://b/a.gz');
  });
});

describe('files', () => {
  it('come from a manifest, with odd keys, twice when named twice', async () => {
    await bench.table(TWO);
    const keys = ['a b.csv', 'a+b.csv', 'a%20b.csv', 'ä/𝒳.csv'];
    const urls = keys.map((key, index) => bench.put(key, `${index},k\n`));
    const manifest = bench.manifest(
      'm',
      [...urls, urls[0]].map((url) => ({ url, mandatory: true })),
    );
    expect(await bench.copy(`COPY t FROM '${manifest}' CSV MANIFEST`)).toBe(5);
  });

  it('that are missing are skipped, or end the COPY when mandatory', async () => {
    await bench.table(TWO);
    const url = bench.put('a.csv', '1,a\n');
    const gone = 's3://b/gone.csv';
    expect(
      await bench.copy(`COPY t FROM '${bench.manifest('m1', [{ url }, { url: gone }])}' CSV MANIFEST`),
    ).toBe(1);
    const mandatory = bench.manifest('m2', [{ url }, { url: gone, mandatory: true }]);
    expect((await failure(bench.copy(`COPY t FROM '${mandatory}' CSV MANIFEST`))).message).toBe(
      `Mandatory url is not present in manifest file: ${gone}`,
    );
    await failure(bench.copy(`COPY t FROM '${bench.manifest('m3', [{ url: gone }])}' CSV MANIFEST`));
    expect((await failure(bench.copy(`COPY t FROM 's3://b/nothing' CSV`))).message).toBe(
      "The specified S3 prefix 's3://b/nothing' does not exist",
    );
  });

  it.each([
    ['{', 'it is not JSON'],
    ['{}', 'has no list'],
    ['{"entries":[{}]}', 'has no "url"'],
    ['{"entries":[{"url":"s3://b/x","mandatory":"yes"}]}', 'not true or false'],
  ])('refuses the manifest %s', async (text, part) => {
    await bench.table(TWO);
    expect(
      (await failure(bench.copy(`COPY t FROM '${bench.put('m', text)}' CSV MANIFEST`))).message,
    ).toContain(part);
  });

  it('are read from a store without paths, too', async () => {
    const remote = await openBench({ hasPaths: false });
    try {
      await remote.table(TWO);
      expect(await remote.copy(`COPY t FROM '${remote.put('a.gz', gzipSync('1,a\n'))}' CSV GZIP`)).toBe(1);
    } finally {
      await remote.close();
    }
  });

  it('that vanish while the COPY runs are named', async () => {
    const file = {
      url: 's3://b/gone',
      ref: { bucket: 'b', key: 'gone' },
      size: 1,
      path: join(bench.directory, 'gone'),
    };
    await bench.table(TWO);
    await bench.inTransaction(async (context) => {
      const read = openObject(file, undefined, context).next();
      await expect(read).rejects.toThrow(
        'The specified key does not exist.,Status 404,Error NoSuchKey,Key gone',
      );
      const remote = openObject({ ...file, path: undefined }, undefined, context).next();
      await expect(remote).rejects.toThrow('NoSuchKey,Key gone');
    });
  });

  it('are checked and not loaded with NOLOAD', async () => {
    await bench.table(TWO);
    expect(await bench.copy(`COPY t FROM '${bench.put('a.csv', '1,a\n')}' CSV NOLOAD`)).toBe(0);
    await failure(bench.copy(`COPY t FROM '${bench.put('b.csv', 'x,a\n')}' CSV NOLOAD`));
  });
});

it.each([
  'ENCRYPTED CSV',
  'CSV SSH',
  'CSV READRATIO 5',
  'ORC',
  "AVRO 'auto'",
  'SHAPEFILE',
  'CSV LZOP',
  'CSV IGNOREHAEDER 1',
  'PARQUET MAXERROR 3',
  'CSV JOB CREATE j',
])('refuses %s', async (options) => {
  await bench.table(TWO);
  bench.put('a.csv', '1,a\n');
  await failure(bench.copy(`COPY t FROM 's3://b/a.csv' ${options}`));
});
