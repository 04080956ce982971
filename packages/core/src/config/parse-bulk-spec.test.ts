import { describe, expect, it } from 'vitest';
import type { ConfiguredTarget } from './millrace-config.ts';
import { parseBulkSpec } from './parse-bulk-spec.ts';
import { parseConfig } from './parse-config.ts';

const DOCUMENT = `{
  "paths": [
    {
      "s3_path": "s3://lake/orders/dt=2026-11-20",
      "table": "sales.orders",
      "options": {
        "merge_duplicate_pks": true,
        "merge_pk": "order_id",
        "merge_timestamp": "updated_at",
      },
    },
    { "s3_path": "s3://lake/clicks/", "table": "clicks" },
  ],
  "copy": {
    "role_arn": "arn:aws:iam::123456789012:role/loader"
  },
  "cluster": {
    "identifier": "analytics",
    "db_name": "prod"
  },
}`;

/** All that a definition says, its functions asked for every answer. */
function told({ copyOptions, compressionOf, copyFor, ...rest }: ConfiguredTarget): unknown {
  const keys = ['a', 'a.gz', 'a.zst', 'a.bz2'];
  return {
    ...rest,
    options: keys.map(compressionOf).map(copyOptions),
    copies: keys.map((key) => copyFor({ bucket: 'lake', key })),
  };
}

describe('parseBulkSpec', () => {
  it('reads a document, commas behind last entries included', () => {
    const { paths, cluster } = parseBulkSpec(DOCUMENT);
    expect(cluster).toEqual({ identifier: 'analytics', database: 'prod' });
    expect(paths.map(({ prefix, definition: { name } }) => [prefix, name])).toEqual([
      ['s3://lake/orders/dt=2026-11-20', 'sales.orders'],
      ['s3://lake/clicks/', 'public.clicks'],
    ]);
  });

  it('defines the targets that a configuration would define', () => {
    const copy = "IAM_ROLE 'arn:aws:iam::123456789012:role/loader'";
    const { targets } = parseConfig(
      {
        targets: {
          'sales.orders': {
            mode: 'upsert',
            key: 'order_id',
            latestBy: 'updated_at',
            from: 's3://lake/orders/dt=2026-11-20',
            format: { kind: 'parquet' },
            copy,
          },
          clicks: { mode: 'append', from: 's3://lake/clicks/', format: { kind: 'parquet' }, copy },
        },
      },
      { source: 'test' },
    );
    expect(parseBulkSpec(DOCUMENT).paths.map(({ definition }) => told(definition))).toEqual(
      [...targets.values()].map(told),
    );
  });

  it('appends with merge_duplicate_pks false, whatever else is named, and takes a format from copy.options', () => {
    const options = { merge_duplicate_pks: false, merge_pk: '<PK_COL_NAME>', merge_timestamp: '' };
    const [path] = parseBulkSpec(
      JSON.stringify({
        paths: [{ s3_path: 's3://lake/a/', table: 'a', options }],
        copy: { options: "CSV GZIP TIMEFORMAT 'auto'" },
      }),
    ).paths;
    expect(path?.definition).toMatchObject({
      format: 'csv',
      iamRole: null,
      rule: { mode: 'append', key: [] },
    });
    expect(path?.definition.compressionOf('a')).toBe('gzip');
  });

  it('takes a composite key as a list or with commas', () => {
    const keyOf = (merge_pk: unknown): unknown =>
      parseBulkSpec(
        JSON.stringify({
          paths: [
            {
              s3_path: 's3://lake/a/',
              table: 'a',
              options: { merge_duplicate_pks: true, merge_pk, merge_timestamp: 'at' },
            },
          ],
        }),
      ).paths[0]?.definition.rule.key;
    expect(keyOf('a, b')).toEqual(['a', 'b']);
    expect(keyOf(['a', 'b'])).toEqual(['a', 'b']);
  });

  it('names what is wrong where the document has it', () => {
    const text = JSON.stringify({
      paths: [
        { s3_path: 'lake/a', table: 'a.b.c' },
        { s3_path: '<S3_PATH>', tabel: 'a' },
        {
          s3_path: 's3://lake/a',
          table: 'a',
          options: { merge_duplicate_pks: true, merge_timestamp: 'a b' },
        },
        { s3_path: 'lake/a', table: 'a' },
      ],
      copy: { options: 'NOLOAD' },
      cluster: { identifier: 'a' },
    });
    const run = (): unknown => parseBulkSpec(text, { source: 'bulk.json' });
    for (const sentence of [
      "paths[0].table: 'a.b.c' has more than a schema and a table",
      "paths[1].s3_path: '<S3_PATH>' is a placeholder; fill it in",
      "paths[1].tabel: is not a known key; did you mean 'table'?",
      'paths[2].options.merge_pk: is missing',
      "paths[2].options.merge_timestamp: 'a b' is not the name of a column",
      "paths[3].s3_path: 'lake/a' is not an address of S3",
      'copy.options: NOLOAD',
      'cluster.db_name: is missing',
    ]) {
      expect(run).toThrow(sentence);
    }
    expect(() => parseBulkSpec('{"paths": [')).toThrow(/bulk document has 1 problem:\n {2}is not JSON/u);
    expect(() => parseBulkSpec('{"paths": []}')).toThrow(/paths: \[\] is empty/u);
  });
});
