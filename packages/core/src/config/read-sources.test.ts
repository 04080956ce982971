import { describe, expect, it } from 'vitest';
import { ConfigError } from './config-error.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { parseConfig } from './parse-config.ts';

const OFF = 'COMPUPDATE OFF STATUPDATE OFF';
const ROLE = 'arn:aws:iam::123456789012:role/archive';

function targetOf(target: Record<string, unknown>): ConfiguredTarget {
  const { targets } = parseConfig({ targets: { t: { mode: 'append', ...target } } }, { source: 'test' });
  const read = targets.get('public.t');
  if (!read) throw new Error('the target is not there');
  return read;
}

const optionsAt = (target: ConfiguredTarget, key: string): string =>
  target.copyFor({ bucket: 'lake', key }).options;

function complaints(target: Record<string, unknown>): readonly string[] {
  try {
    targetOf(target);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

describe('a target with several sources', () => {
  const flights = targetOf({
    from: [
      's3://lake/csv/',
      { prefix: 's3://lake/parquet/', format: { kind: 'parquet' } },
      { prefix: 's3://lake/json/', match: '*.json.gz', format: { kind: 'json' }, copy: "TIMEFORMAT 'auto'" },
      { prefix: 's3://lake/old/', copy: `DELIMITER ';' GZIP IAM_ROLE '${ROLE}'` },
    ],
    format: { kind: 'csv', header: true },
    copy: 'TRUNCATECOLUMNS',
  });

  it('has each file read as its source says, packed as its key says', () => {
    expect(optionsAt(flights, 'csv/a.csv.zst')).toBe(`FORMAT CSV ZSTD IGNOREHEADER 1 TRUNCATECOLUMNS ${OFF}`);
    expect(optionsAt(flights, 'parquet/a.parquet.gz')).toBe(`FORMAT PARQUET ${OFF}`);
    expect(optionsAt(flights, 'json/a.json.gz')).toBe(`FORMAT JSON 'auto' GZIP TIMEFORMAT 'auto' ${OFF}`);
    expect(optionsAt(flights, 'old/a.txt')).toBe(`DELIMITER ';' GZIP ${OFF}`);
  });

  it('reads as the target says what no source takes', () => {
    expect(optionsAt(flights, 'elsewhere/a')).toBe(`FORMAT CSV IGNOREHEADER 1 TRUNCATECOLUMNS ${OFF}`);
    expect(optionsAt(flights, 'json/a.json')).toBe(`FORMAT CSV IGNOREHEADER 1 TRUNCATECOLUMNS ${OFF}`);
  });

  it('may have a role for each', () => {
    const roleAt = (key: string): string | null => flights.copyFor({ bucket: 'lake', key }).iamRole;
    expect([roleAt('old/a'), roleAt('csv/a')]).toEqual([ROLE, null]);
  });

  it('lets the first source decide that takes a file', () => {
    const mixed = targetOf({
      from: [
        { prefix: 's3://lake/x/', match: '**/*.parquet', format: { kind: 'parquet' } },
        { prefix: 's3://lake/x/', format: { kind: 'json' } },
      ],
    });
    expect(optionsAt(mixed, 'x/y/a.parquet')).toBe(`FORMAT PARQUET ${OFF}`);
    expect(optionsAt(mixed, 'x/a.parquet.json')).toBe(`FORMAT JSON 'auto' ${OFF}`);
  });

  it('needs no format of its own when every source has one', () => {
    const own = targetOf({ from: { prefix: 's3://lake/x/', format: { kind: 'parquet' } } });
    expect(own.format).toBe('parquet');
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'a source without a format, and none of the target',
      { from: ['s3://lake/a/', { prefix: 's3://lake/b/', format: { kind: 'csv' } }] },
      [
        '  targets.t.format: is missing; write what the files look like, such as {"kind": "csv", "header": true} or {"kind": "parquet"}',
      ],
    ],
    [
      'COPY options of a source without a format',
      {
        from: [{ prefix: 's3://lake/a/', copy: 'TRUNCATECOLUMNS' }, 's3://lake/b/'],
        format: { kind: 'csv' },
      },
      [
        '  targets.t.from[0].format: is missing; write what the files look like, such as {"kind": "csv", "header": true} or {"kind": "parquet"}',
      ],
    ],
    [
      'a format that holds for no file',
      { from: { prefix: 's3://lake/a/', format: { kind: 'csv' } }, format: { kind: 'json' } },
      [
        "  targets.t.format: holds for no file: every entry of 'from' says what its files look like; leave it out, or leave 'format' and 'copy' out of the entries for which it is to hold",
      ],
    ],
    [
      'rows that a source would drop',
      { from: { prefix: 's3://lake/a/', copy: 'CSV MAXERROR 5' } },
      [
        '  targets.t.from.copy: MAXERROR 5 skips bad rows; remove it, or accept the loss with allowRowLoss: true',
      ],
    ],
    [
      'a key that a format does not have',
      { from: [{ prefix: 's3://lake/a/', format: { kind: 'parquet', header: true } }] },
      ['  targets.t.from[0].format.header: is not a known key; known here: kind'],
    ],
    [
      'a format twice, at the source',
      { from: { prefix: 's3://lake/a/', format: { kind: 'csv' }, copy: 'JSON AS' } },
      [
        "  targets.t.from.copy: says JSON, and 'format' says csv; say the format once: in 'format', or in 'copy'",
      ],
    ],
  ])('is refused for %s', (_, target, sentences) => {
    expect(complaints(target)).toEqual(sentences);
  });
});
