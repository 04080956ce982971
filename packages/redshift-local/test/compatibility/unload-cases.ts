import type { CompatibilityCase, CompatibilitySection } from './compatibility-case.ts';

const ROLE = "iam_role 'arn:aws:iam::123456789012:role/loader'";

/** An unload of the two sales; what it wrote is checked by its keys. */
function sales(
  shows: string,
  options: string,
  keys: readonly string[],
  query = 'select * from sales',
): CompatibilityCase {
  return {
    shows,
    sql: `unload ('${query}') to 's3://lake/unload/s_' ${ROLE}${options === '' ? '' : ` ${options}`}`,
    verdict: 'executed',
    keys,
  };
}

const SLICES = ['unload/s_0000_part_00', 'unload/s_0001_part_00'];

function refused(
  shows: string,
  options: string,
  note: string,
  query = 'select * from sales',
): CompatibilityCase {
  return { ...sales(shows, options, [], query), verdict: 'refused', note };
}

export const UNLOAD_SECTIONS: readonly CompatibilitySection[] = [
  {
    title: 'UNLOAD',
    cases: [
      sales('the default: pipes, a file per slice', '', SLICES),
      sales('a manifest', 'manifest', [...SLICES, 'unload/s_manifest']),
      sales('a manifest with columns and totals', 'manifest verbose', [...SLICES, 'unload/s_manifest']),
      sales('one file', 'parallel off', ['unload/s_000']),
      sales('CSV with a header', 'format as csv header parallel off', ['unload/s_000']),
      sales('CSV with another delimiter', "csv delimiter as ';' parallel off", ['unload/s_000']),
      sales(
        'tabs and GZIP',
        "delimiter '\\t' gzip",
        SLICES.map((key) => `${key}.gz`),
      ),
      sales('ZSTD', 'csv zstd parallel off', ['unload/s_000.zst']),
      sales('quotes and escapes', 'addquotes escape parallel off', ['unload/s_000']),
      sales('a text for NULL', "null as 'nil' parallel off", ['unload/s_000']),
      sales(
        'fixed widths',
        "fixedwidth as '0:6,1:10' parallel off",
        ['unload/s_000'],
        'select salesid, pricepaid from sales',
      ),
      sales('JSON', 'format json parallel off', ['unload/s_000']),
      sales(
        'Parquet',
        'format as parquet',
        SLICES.map((key) => `${key}.parquet`),
      ),
      {
        ...sales('Parquet below partitions', 'parquet partition by (buyerid)', []),
        keys: ['unload/s_/buyerid=100/0000_part_00.parquet', 'unload/s_/buyerid=101/0001_part_00.parquet'],
      },
      {
        ...sales(
          'CSV below partitions, the columns kept in the files',
          'csv partition by (listid, buyerid) include',
          [],
        ),
        keys: [
          'unload/s_/listid=10/buyerid=100/0000_part_00',
          'unload/s_/listid=10/buyerid=101/0001_part_00',
        ],
      },
      sales('an extension', "csv parallel off extension 'csv'", ['unload/s_000.csv']),
      sales('files of a size', 'maxfilesize 100 mb parallel off', ['unload/s_000']),
      sales(
        'row groups of a size, another region',
        "parquet rowgroupsize 64 mb region 'eu-west-1' parallel off",
        ['unload/s_000.parquet'],
      ),
      {
        ...sales('over files that are there', 'allowoverwrite parallel off', ['unload/s_000']),
        objects: { 'unload/s_000': 'old' },
      },
      {
        ...sales('after clearing what is there', 'cleanpath parallel off', ['unload/s_000']),
        objects: { 'unload/s_old': 'old' },
      },
      sales(
        'quotes inside the query',
        'parallel off',
        ['unload/s_000'],
        "select * from sales where saletime > ''2024-01-01''",
      ),
      sales(
        'joins and aggregates',
        'parallel off',
        ['unload/s_000'],
        'select e.eventname, sum(s.pricepaid) from sales s left join event e on e.eventid = s.listid group by 1',
      ),
      {
        ...sales('keys in CREDENTIALS', '', ['unload/s_000']),
        sql: "unload ('select * from sales') to 's3://lake/unload/s_' credentials 'aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=secret' parallel off",
      },
      refused('files that are there', '', 'Specified unload destination on S3 is not empty.'),
      refused('BZIP2', 'bzip2', 'UNLOAD with BZIP2 is not supported by redshift-local'),
      refused('encryption', 'encrypted auto', 'UNLOAD with ENCRYPTED is not supported by redshift-local'),
      refused(
        'sizes together with partitions',
        'csv maxfilesize 5 mb partition by (listid)',
        'UNLOAD with both PARTITION BY and MAXFILESIZE',
      ),
      refused(
        'LIMIT in the outer query, as in Redshift',
        '',
        'Limit clause is not supported',
        'select * from sales limit 1',
      ),
    ].map((unload) =>
      unload.shows === 'files that are there'
        ? { ...unload, objects: { 'unload/s_x': 'old' }, keys: ['unload/s_x'] }
        : unload,
    ),
  },
];
