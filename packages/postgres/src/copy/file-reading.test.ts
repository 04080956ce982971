import { LoadError } from '@millrace/core';
import { expect, it } from 'vitest';
import { toFileReading } from './file-reading.ts';

it.each([
  ['PARQUET', 'PARQUET'],
  ["FIXEDWIDTH 'a:1'", 'FIXEDWIDTH'],
  ["AVRO 'auto'", 'AVRO'],
  ["JSON 's3://lake/paths.json'", 'JSON with a JSONPaths file'],
  ["JSON 'noshred'", "JSON 'noshred'"],
  ["CSV IAM_ROLE 'arn:aws:iam::1:role/x'", 'IAM_ROLE'],
  ["CSV REGION 'eu-west-1'", 'REGION'],
  ['CSV ACCEPTINVCHARS', 'ACCEPTINVCHARS'],
  ['CSV ACCEPTANYDATE', 'ACCEPTANYDATE'],
  ['CSV EXPLICIT_IDS', 'EXPLICIT_IDS'],
  ['CSV MAXERROR 3', 'MAXERROR'],
  ['CSV IGNOREALLERRORS', 'IGNOREALLERRORS'],
  ['CSV COMPROWS 10', 'COMPROWS'],
  ['CSV STATUPDATE ON', 'STATUPDATE ON'],
  ["CSV DATEFORMAT 'DD.MM.YYYY'", "DATEFORMAT 'DD.MM.YYYY'"],
  ["CSV TIMEFORMAT 'HH:MI'", "TIMEFORMAT 'HH:MI'"],
  ['CSV LZOP', 'LZOP'],
])('refuses %s by its name, and says what to do', (options, name) => {
  try {
    toFileReading(options);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    expect(error.message).toBe(`${name} is not supported with PostgreSQL`);
    expect([error.class, error.code, typeof error.hint]).toEqual(['config', 'copy-option', 'string']);
    return;
  }
  throw new Error('it was not refused');
});

it.each([
  "FORMAT CSV QUOTE '%' DELIMITER ';' IGNOREHEADER 1 GZIP COMPUPDATE OFF STATUPDATE OFF",
  "DELIMITER '\\011' ESCAPE REMOVEQUOTES ZSTD",
  "FORMAT JSON 'auto ignorecase' BZIP2 TIMEFORMAT 'epochmillisecs'",
  "FORMAT CSV TIMEFORMAT 'auto' DATEFORMAT 'YYYY-MM-DD' ENCODING UTF16LE ROUNDEC MAXERROR 1",
  "FORMAT CSV NULL AS '' EMPTYASNULL BLANKSASNULL TRIMBLANKS TRUNCATECOLUMNS FILLRECORD IGNOREBLANKLINES",
])('takes %s', (options) => {
  expect(() => toFileReading(options)).not.toThrow();
});
