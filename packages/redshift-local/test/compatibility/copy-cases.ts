import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { CompatibilityCase, CompatibilitySection } from './compatibility-case.ts';
import { notes, ROLE, VENUE_CHECK, VENUE_ROWS, VENUES, venues } from './copy-case.ts';
import { CONVERSION_CASES } from './copy-conversion-cases.ts';

const BZIPPED = Buffer.from(
  'QlpoOTFBWSZTWQI0e04AAAPfgAAQQABwABhkzAA2rp+kIABQxgAJgACYNRpMgNAB6jMUIe6IwiHulmU3wD6jX4HgdYGSkSBXdhqEeMRKjDJAroorNzVG/F3JFOFCQAjR7Tg=',
  'base64',
);

function refused(shows: string, sql: string, note: string): CompatibilityCase {
  return { shows, sql, verdict: 'refused', note, objects: { 'venue.txt': VENUES } };
}

const manifest = (...urls: readonly string[]): string =>
  JSON.stringify({ entries: urls.map((url) => ({ url, mandatory: true })) });

const SOURCES: readonly CompatibilityCase[] = [
  venues('the default: pipes', '', VENUES),
  {
    shows: 'all objects whose keys begin so',
    sql: `copy venue from 's3://lake/venue/part' ${ROLE} delimiter ','`,
    verdict: 'executed',
    objects: {
      'venue/part-0': '1,Toyota Park,,,\n',
      'venue/part-1/x': '2,Columbus Crew Stadium,,,\n',
      'venue/other': 'x',
    },
    check: VENUE_CHECK,
    rows: VENUE_ROWS,
  },
  {
    shows: 'a manifest',
    sql: `copy venue from 's3://lake/venue.manifest' ${ROLE} manifest`,
    verdict: 'executed',
    objects: { 'a.txt': VENUES, 'venue.manifest': manifest('s3://lake/a.txt') },
    check: VENUE_CHECK,
    rows: VENUE_ROWS,
  },
  venues('keys in CREDENTIALS', '', VENUES, {
    sql: "copy venue from 's3://lake/venue' credentials 'aws_access_key_id=AKIAEXAMPLE;aws_secret_access_key=secret'",
  }),
  venues('a role in CREDENTIALS', '', VENUES, {
    sql: "copy venue from 's3://lake/venue' with credentials as 'aws_iam_role=arn:aws:iam::123456789012:role/loader'",
  }),
  venues('keys as options', '', VENUES, {
    sql: "copy venue from 's3://lake/venue' access_key_id 'AKIAEXAMPLE' secret_access_key 'secret' session_token 'token'",
  }),
  venues('the default role, another region', '', VENUES, {
    sql: "copy venue from 's3://lake/venue' iam_role default region as 'eu-west-1'",
  }),
  venues('no analysis', 'compupdate off statupdate off', VENUES),
  venues('COMPROWS and COMPUPDATE', 'comprows 1000000 compupdate on', VENUES),
  {
    shows: 'a temporary staging table',
    sql: `copy stage from 's3://lake/venue' ${ROLE}`,
    verdict: 'executed',
    before: ['create temp table stage (like venue)'],
    objects: { 'venue.txt': VENUES },
    check: 'select count(*) from stage',
    rows: [[2]],
  },
  {
    shows: 'a table in another schema',
    sql: `copy archive.venue from 's3://lake/venue' ${ROLE}`,
    verdict: 'executed',
    before: ['create schema archive', 'create table archive.venue (like venue)'],
    objects: { 'venue.txt': VENUES },
    check: 'select count(*) from archive.venue',
    rows: [[2]],
  },
  venues('NOLOAD looks and does not load', 'noload', VENUES, { rows: [] }),
];

const FORMATS: readonly CompatibilityCase[] = [
  venues('CSV', 'csv', '1,Toyota Park,Bridgeview,IL,0\n2,Columbus Crew Stadium,Columbus,OH,0\n'),
  venues(
    'CSV with a header',
    'format as csv ignoreheader 1',
    'id,name,city,state,seats\n1,Toyota Park,,,\n2,Columbus Crew Stadium,,,\n',
  ),
  notes('CSV with delimiters, quotes and line ends inside', 'csv', '1,"a,""b"""\n2,"c\nd"\n', [
    [1, 'a,"b"'],
    [2, 'c\nd'],
  ]),
  notes('CSV with another quote', "csv quote as '%'", '1,%a,b%\n2,c\n', [
    [1, 'a,b'],
    [2, 'c'],
  ]),
  notes('CSV with another delimiter', "csv delimiter ';'", '1;a\n2;b\n', [
    [1, 'a'],
    [2, 'b'],
  ]),
  notes('tabs', "delimiter '\\t'", '1\ta\n2\tb\n', [
    [1, 'a'],
    [2, 'b'],
  ]),
  notes('an octal delimiter', "delimiter as '\\001'", '1\x01a\n2\x01b\n', [
    [1, 'a'],
    [2, 'b'],
  ]),
  venues(
    'fixed widths',
    "fixedwidth 'venueid:3,venuename:25,venuecity:12,venuestate:2,venueseats:6'",
    [
      '1  Toyota Park              Bridgeview  IL0     ',
      '2  Columbus Crew Stadium    Columbus    OH0     ',
      '',
    ].join('\n'),
  ),
  {
    shows: 'JSON by names',
    sql: `copy category from 's3://lake/cat' ${ROLE} json 'auto'`,
    verdict: 'executed',
    objects: {
      'cat.json': '{"catid":1,"catgroup":"Sports","catname":"MLB","extra":true}\n{"catname":"NHL","catid":2}',
    },
    check: 'select catid, catgroup, catname from category order by 1',
    rows: [
      [1, 'Sports', 'MLB'],
      [2, null, 'NHL'],
    ],
  },
  {
    shows: 'JSON by names in any case',
    sql: `copy category from 's3://lake/cat' ${ROLE} format as json 'auto ignorecase'`,
    verdict: 'executed',
    objects: { 'cat.json': '{"CatId":1,"CATNAME":"MLB"}' },
    check: 'select catid, catname from category',
    rows: [[1, 'MLB']],
  },
  {
    shows: 'JSON by paths',
    sql: `copy category from 's3://lake/cat.json' ${ROLE} json 's3://lake/paths.json'`,
    verdict: 'executed',
    objects: {
      'cat.json': '{"id":1,"is":{"group":"Sports","names":["MLB","Baseball"]}}',
      'paths.json': '{"jsonpaths":["$.id","$[\'is\'][\'group\']","$.is.names[0]","$.is.names[1]"]}',
    },
    check: 'select * from category',
    rows: [[1, 'Sports', 'MLB', 'Baseball']],
  },
  {
    shows: 'JSON arrays by paths',
    sql: `copy category (catid, catname) from 's3://lake/cat.json' ${ROLE} json as 's3://lake/paths.json'`,
    verdict: 'executed',
    objects: { 'cat.json': '[1,"x","MLB"] [2,"y","NHL"]', 'paths.json': '{"jsonpaths":["$[0]","$[2]"]}' },
    check: 'select catid, catname from category order by 1',
    rows: [
      [1, 'MLB'],
      [2, 'NHL'],
    ],
  },
  {
    shows: 'whole JSON documents into SUPER',
    sql: `copy doc (body) from 's3://lake/doc' ${ROLE} json 'noshred'`,
    verdict: 'executed',
    objects: { 'doc.json': '{"a":{"b":[1,2]}}\n{"a":null}' },
    check: 'select body.a.b[1]::int from doc order by 1',
    rows: [[2], [null]],
  },
  {
    shows: 'nested JSON into a SUPER column',
    sql: `copy doc from 's3://lake/doc' ${ROLE} json 'auto'`,
    verdict: 'executed',
    objects: { 'doc.json': '{"id":1,"body":{"k":["v"]}}' },
    check: 'select id, body.k[0]::varchar from doc',
    rows: [[1, 'v']],
  },
  {
    shows: 'Parquet, by position',
    sql: `copy sales from 's3://lake/unload/s' ${ROLE} format as parquet`,
    verdict: 'executed',
    before: [`unload ('select * from sales') to 's3://lake/unload/s' ${ROLE} parquet`, 'delete from sales'],
    check: 'select salesid, pricepaid from sales order by 1',
    rows: [
      [1, '50.00'],
      [2, '20.50'],
    ],
  },
  {
    shows: 'Parquet by the manifest of an UNLOAD',
    sql: `copy sales from 's3://lake/unload/s_manifest' ${ROLE} format as parquet manifest`,
    verdict: 'executed',
    before: [
      `unload ('select * from sales') to 's3://lake/unload/s_' ${ROLE} parquet manifest`,
      'delete from sales',
    ],
    check: 'select count(*) from sales',
    rows: [[2]],
  },
  venues('GZIP', 'gzip', gzipSync(VENUES)),
  venues('ZSTD', 'zstd', zstdCompressSync(VENUES)),
  venues(
    'ZSTD of several frames',
    'zstd',
    Buffer.concat(VENUES.split(/(?<=\n)/u).map((line) => zstdCompressSync(line))),
  ),
  venues('BZIP2', 'bzip2', BZIPPED),
  notes('UTF-16', 'encoding as utf16', Buffer.from('\uFEFF1|ä\n', 'utf16le'), [[1, 'ä']]),
];

const REFUSALS: readonly CompatibilityCase[] = [
  refused(
    'Avro',
    `copy venue from 's3://lake/venue' ${ROLE} format as avro 'auto'`,
    'COPY from AVRO is not supported by redshift-local',
  ),
  refused(
    'ORC',
    `copy venue from 's3://lake/venue' ${ROLE} format as orc`,
    'COPY from ORC is not supported by redshift-local',
  ),
  refused(
    'LZOP',
    `copy venue from 's3://lake/venue' ${ROLE} lzop`,
    'LZOP is not supported by redshift-local',
  ),
  refused(
    'COPY JOB',
    `copy venue from 's3://lake/venue' ${ROLE} job create nightly auto on`,
    'COPY JOB is not supported by redshift-local',
  ),
  refused(
    'client-side encryption, which Redshift has ended too',
    `copy venue from 's3://lake/venue' ${ROLE} master_symmetric_key 'key' encrypted`,
    'ENCRYPTED and MASTER_SYMMETRIC_KEY are no longer supported',
  ),
  refused(
    'DynamoDB',
    `copy venue from 'dynamodb://venues' ${ROLE} readratio 50`,
    'READRATIO is not supported',
  ),
];

export const COPY_SECTIONS: readonly CompatibilitySection[] = [
  { title: 'COPY: sources and credentials', cases: SOURCES },
  { title: 'COPY: formats', cases: FORMATS },
  { title: 'COPY: columns and conversions', cases: CONVERSION_CASES },
  { title: 'COPY: refused', cases: REFUSALS },
];
