import { describe, expect, it } from 'vitest';
import { parseCopyOptions } from '../copy/parse-copy-options.ts';
import type { Compression } from '../load/target-definition.ts';
import { formatOfName } from './compile-copy.ts';
import type { FormatJson } from './format-schema.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { parseConfig } from './parse-config.ts';

function targetOf(options: { format?: FormatJson; copy?: string; allowRowLoss?: boolean }): ConfiguredTarget {
  const { targets } = parseConfig(
    { targets: { t: { mode: 'append', from: 's3://a/', ...options } } },
    { source: 'test' },
  );
  const target = targets.get('public.t');
  if (!target) throw new Error('the target is not there');
  return target;
}

const OFF = 'COMPUPDATE OFF STATUPDATE OFF';

describe('COPY options of a target', () => {
  it.each<[FormatJson, string]>([
    [{ kind: 'csv' }, 'FORMAT CSV'],
    [{ kind: 'csv', header: true }, 'FORMAT CSV IGNOREHEADER 1'],
    [
      { kind: 'csv', header: 3, delimiter: ';', quote: "'" },
      "FORMAT CSV QUOTE '''' DELIMITER ';' IGNOREHEADER 3",
    ],
    [{ kind: 'delimited', delimiter: '\t', escape: true }, "DELIMITER '\\011' ESCAPE"],
    [{ kind: 'delimited', removeQuotes: true }, 'REMOVEQUOTES'],
    [{ kind: 'fixedwidth', widths: { iata: 3, name: 50 } }, "FIXEDWIDTH 'iata:3,name:50'"],
    [{ kind: 'json' }, "FORMAT JSON 'auto'"],
    [{ kind: 'json', ignoreCase: true }, "FORMAT JSON 'auto ignorecase'"],
    [{ kind: 'json', jsonpaths: "s3://a/it's.json" }, "FORMAT JSON 's3://a/it''s.json'"],
    [{ kind: 'parquet' }, 'FORMAT PARQUET'],
  ])('say what the format %j says', (format, options) => {
    expect(targetOf({ format }).copyOptions('none')).toBe(`${options} ${OFF}`.trim());
  });

  it.each<[Compression, string]>([
    ['none', ''],
    ['gzip', 'GZIP '],
    ['zstd', 'ZSTD '],
    ['bzip2', 'BZIP2 '],
  ])('name the compression %s', (compression, word) => {
    const { copyOptions } = targetOf({ format: { kind: 'csv' } });
    expect(copyOptions(compression)).toBe(`FORMAT CSV ${word}${OFF}`);
  });

  it('are canonical: they parse, and say the same whatever the order and case of what was written', () => {
    const one = targetOf({ format: { kind: 'csv' }, copy: "timeformat as 'auto' truncatecolumns" });
    const other = targetOf({ copy: "TRUNCATECOLUMNS format csv TIMEFORMAT 'auto'" });
    expect(one.copyOptions('gzip')).toBe(other.copyOptions('gzip'));
    expect(parseCopyOptions(one.copyOptions('gzip'))).toMatchObject({
      compression: 'gzip',
      timeFormat: 'auto',
    });
  });

  it('keep a role apart: it is the statement that names it', () => {
    const target = targetOf({ copy: "CSV IAM_ROLE 'arn:aws:iam::123456789012:role/loader'" });
    expect(target.iamRole).toBe('arn:aws:iam::123456789012:role/loader');
    expect(target.copyOptions('none')).toBe(`FORMAT CSV ${OFF}`);
  });

  it('keep STATUPDATE ON and row loss when they are asked for', () => {
    expect(targetOf({ copy: 'CSV STATUPDATE ON' }).copyOptions('none')).toContain('STATUPDATE ON');
    expect(targetOf({ copy: 'CSV MAXERROR 10', allowRowLoss: true }).copyOptions('none')).toContain(
      'MAXERROR 10',
    );
  });

  it.each<[string, ConfiguredTarget['format']]>([
    ['CSV', 'csv'],
    ["DELIMITER '\\t' GZIP", 'delimited'],
    ["FIXEDWIDTH 'a:1'", 'fixedwidth'],
    ["FORMAT AS JSON 's3://a/b'", 'json'],
    ['PARQUET', 'parquet'],
  ])('may name the format themselves: %s', (copy, format) => {
    expect(targetOf({ copy }).format).toBe(format);
  });

  it.each(["AVRO 'auto'", 'ORC', 'SHAPEFILE'])('refuse %s', (copy) => {
    expect(() => targetOf({ copy })).toThrow(/which Millrace does not load/u);
  });
});

describe('the compression of a file', () => {
  it.each([
    ['a/b.csv.gz', 'gzip'],
    ['a/b.csv.ZST', 'zstd'],
    ['a.gz/b.bz2', 'bzip2'],
    ['a.gz/b', 'none'],
    ['a/b.csv', 'none'],
    ['gz', 'none'],
  ])('of %s is %s by its ending', (key, compression) => {
    expect(targetOf({ format: { kind: 'csv' } }).compressionOf(key)).toBe(compression);
  });

  it('is what the format or COPY says, whatever the ending', () => {
    expect(targetOf({ format: { kind: 'csv', compression: 'zstd' } }).compressionOf('a.gz')).toBe('zstd');
    expect(targetOf({ format: { kind: 'csv' }, copy: 'GZIP' }).compressionOf('a.csv')).toBe('gzip');
    expect(targetOf({ format: { kind: 'json', compression: 'none' } }).compressionOf('a.gz')).toBe('none');
    expect(() => targetOf({ format: { kind: 'csv', compression: 'zstd' }, copy: 'GZIP' })).toThrow(
      /compression once/u,
    );
    expect(() => targetOf({ format: { kind: 'csv' }, copy: 'LZOP' })).toThrow(/LZOP/u);
  });

  it('is inside of Parquet: COPY takes no word for it', () => {
    const target = targetOf({ format: { kind: 'parquet' } });
    expect(target.compressionOf('a.parquet.gz')).toBe('none');
    expect(target.copyOptions('gzip')).toBe(target.copyOptions('none'));
    expect(() => targetOf({ format: { kind: 'parquet' }, copy: 'GZIP' })).toThrow(/PARQUET/u);
  });
});

it.each([
  ['a.csv', 'csv'],
  ['x.json/part-1.NDJSON.zst', 'json'],
  ['a.parquet', 'parquet'],
  ['a.b.txt.bz2', 'delimited'],
  ['a.gz', null],
  ['part-1', null],
])('takes the file %s for %s, by its name', (name, format) => {
  expect(formatOfName(name)).toBe(format);
});
