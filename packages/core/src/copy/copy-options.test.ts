import { describe, expect, it } from 'vitest';
import { LoadError } from '../recover/load-error.ts';
import { checkLoaderOptions } from './check-loader-options.ts';
import { parseCopyOptions } from './parse-copy-options.ts';
import { renderCopyOptions } from './render-copy-options.ts';

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof LoadError && error.code === 'copy-option') return error.sentence;
    throw error;
  }
  throw new Error('was not refused');
}

describe('parseCopyOptions', () => {
  it('has defaults for everything', () => {
    expect(parseCopyOptions('')).toMatchObject({
      format: { kind: 'delimited', delimiter: '|', escape: false, removeQuotes: false },
      manifest: false,
      ignoreHeader: 0,
      encoding: 'utf8',
    });
  });

  it.each([
    ["IAM_ROLE 'arn:aws:iam::1:role/r' CSV", "IAM_ROLE 'arn:aws:iam::1:role/r' FORMAT CSV"],
    ['iam_role default format as csv gzip', 'IAM_ROLE default FORMAT CSV GZIP'],
    ["WITH CREDENTIALS AS 'aws_iam_role=arn:x' as json 'auto'", "IAM_ROLE 'arn:x' FORMAT JSON 'auto'"],
    [
      "credentials 'aws_access_key_id=a;aws_secret_access_key=b;token=c' csv",
      "ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b' SESSION_TOKEN 'c' FORMAT CSV",
    ],
    ["access_key_id 'a' secret_access_key as 'b'", "ACCESS_KEY_ID 'a' SECRET_ACCESS_KEY 'b'"],
    ["delimiter as '\\t' escape removequotes zstd", "DELIMITER '\\011' ESCAPE REMOVEQUOTES ZSTD"],
    ["DELIMITER '\\\\001'", "DELIMITER '\\001'"],
    ["csv quote as '%' delimiter ';' ignoreheader as 1", "FORMAT CSV QUOTE '%' DELIMITER ';' IGNOREHEADER 1"],
    ["fixedwidth as 'id:5, name:20'", "FIXEDWIDTH 'id:5,name:20'"],
    ['format json', "FORMAT JSON 'auto'"],
    [
      "json 'AUTO  IGNORECASE' timeformat 'epochmillisecs'",
      "FORMAT JSON 'auto ignorecase' TIMEFORMAT 'epochmillisecs'",
    ],
    ["json 's3://b/paths.json'", "FORMAT JSON 's3://b/paths.json'"],
    ["json as 'noshred'", "FORMAT JSON 'noshred'"],
    ['parquet serializetojson manifest', 'MANIFEST FORMAT PARQUET SERIALIZETOJSON'],
    ["null as '' emptyasnull blanksasnull", "BLANKSASNULL EMPTYASNULL NULL AS ''"],
    ["acceptinvchars as '^' acceptanydate", "ACCEPTANYDATE ACCEPTINVCHARS '^'"],
    ['acceptinvchars csv', "FORMAT CSV ACCEPTINVCHARS '?'"],
    ["dateformat as 'DD.MM.YYYY' timeformat 'auto'", "DATEFORMAT 'DD.MM.YYYY' TIMEFORMAT 'auto'"],
    [
      'encoding as utf16le roundec trimblanks truncatecolumns',
      'ENCODING UTF16LE ROUNDEC TRIMBLANKS TRUNCATECOLUMNS',
    ],
    ['compupdate off statupdate false maxerror as 5', 'COMPUPDATE OFF STATUPDATE OFF MAXERROR 5'],
    ['compupdate csv statupdate', 'FORMAT CSV COMPUPDATE ON STATUPDATE ON'],
    [
      "region as 'eu-west-1' noload comprows 10 ignoreallerrors fillrecord explicit_ids ignoreblanklines",
      "REGION 'eu-west-1' EXPLICIT_IDS FILLRECORD IGNOREBLANKLINES COMPROWS 10 IGNOREALLERRORS NOLOAD",
    ],
    ['job create nightly auto on csv', 'FORMAT CSV JOB CREATE nightly'],
    ['ssh readratio 5', 'SSH READRATIO 5'],
    ['csv ;', 'FORMAT CSV'],
  ])('reads %s', (text, canonical) => {
    const options = parseCopyOptions(text);
    expect(renderCopyOptions(options)).toBe(canonical);
    expect(parseCopyOptions(canonical)).toEqual(options);
  });

  it.each([
    ['csv ignorehaeder 1', "'ignorehaeder' is not an option of COPY (position 5); did you mean IGNOREHEADER"],
    ['csv zzzzzzzz', "'zzzzzzzz' is not an option of COPY (position 5)"],
    ["csv from 's3://b/x'", 'FROM is given twice (position 5); the options begin behind the first address'],
    ['manifest csv manifest', 'the MANIFEST is given twice (again: MANIFEST) (position 14); keep one'],
    ['gzip zstd', 'the compression is given twice (again: ZSTD) (position 6); keep one'],
    ['csv json', 'the format is given twice (again: JSON) (position 5); keep one'],
    [
      "iam_role 'a' access_key_id 'x' secret_access_key 'y'",
      'credentials are given twice; keep IAM_ROLE alone',
    ],
    [
      "access_key_id 'x'",
      'ACCESS_KEY_ID and SECRET_ACCESS_KEY belong together; give both, or better IAM_ROLE',
    ],
    [
      'csv escape',
      'ESCAPE is not supported for CSV; in CSV a quote character is escaped by doubling it: remove the option',
    ],
    [
      "fixedwidth 'a:1' delimiter ','",
      'DELIMITER is not supported for FIXEDWIDTH; the widths say where fields end: remove it',
    ],
    ["csv fixedwidth 'a:1'", 'the format is given twice (again: FIXEDWIDTH) (position 5); keep one'],
    ['parquet maxerror 3', 'MAXERROR is not supported for PARQUET; remove it'],
    [
      'parquet gzip',
      'COMPRESSION is not supported for PARQUET; columnar files carry their own compression: remove it',
    ],
    ["json 'auto' null as 'x'", 'NULL is not supported for JSON; remove it'],
    ["quote '|'", 'QUOTE is not supported for delimited text; it belongs to CSV'],
    ["delimiter '||'", "DELIMITER should be one ASCII character, got '||' (position 1)"],
    ["csv delimiter '\"'", 'QUOTE and DELIMITER are the same character; change one of them'],
    ['maxerror 100001', 'MAXERROR 100001 is more than Redshift allows (position 1); at most 100000'],
    ['maxerror many', "MAXERROR is to be followed by a whole number, found 'many' (position 10)"],
    ['delimiter', "DELIMITER is to be followed by a text in 'quotes', found the end (position 10)"],
    [
      "json 'automatic'",
      "JSON 'automatic' is not known (position 1); write 'auto', 'auto ignorecase', 'noshred' or 's3://…/jsonpaths.json'",
    ],
    ["fixedwidth 'a'", "FIXEDWIDTH 'a': 'a' is not label:width (position 1); write 'id:5,name:20'"],
    [
      'encoding koi8',
      'ENCODING koi8 is not known (position 1); write one of UTF8, UTF16, UTF16LE, UTF16BE, ISO88591',
    ],
    [
      'format gzip',
      'FORMAT is to be followed by a format (position 1); write one of CSV, JSON, AVRO, PARQUET, ORC, FIXEDWIDTH, SHAPEFILE, DELIMITER',
    ],
  ])('refuses %s', (text, sentence) => {
    expect(refusal(() => parseCopyOptions(text))).toBe(sentence);
  });

  it('does not repeat a secret', () => {
    expect(refusal(() => parseCopyOptions("credentials 'sesame'"))).not.toContain('sesame');
  });
});

describe('checkLoaderOptions', () => {
  const check =
    (text: string, allowRowLoss = false) =>
    () =>
      checkLoaderOptions(parseCopyOptions(text), { allowRowLoss });

  it.each(['csv noload', 'csv job create j', 'csv manifest', 'csv compupdate on', 'csv compupdate preset'])(
    'refuses %s',
    (text) => {
      expect(refusal(check(text, true))).toContain('; ');
    },
  );

  it.each(['csv encrypted', "csv access_key_id 'a' secret_access_key 'b'", 'csv ssh', 'readratio 3'])(
    'refuses %s',
    (text) => {
      expect(refusal(check(text, true))).toContain('; ');
    },
  );

  it('lets rows be lost only by consent', () => {
    expect(refusal(check('csv maxerror 2'))).toContain('allowRowLoss');
    expect(refusal(check('csv ignoreallerrors'))).toContain('allowRowLoss');
    check('csv maxerror 1')();
    check('csv maxerror 9 ignoreallerrors', true)();
  });
});
