import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MemoryObjectStore } from '@millrace/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMacros } from '../translate/macros.ts';
import { executeUnload, type UnloadResult } from './execute-unload.ts';
import { parseUnload } from './parse-unload.ts';

let root: string;
let connection: DuckDBConnection;
let objects: MemoryObjectStore;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'unload-'));
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  await createMacros(connection);
  await connection.run(
    'create table venue (id integer, name varchar, city varchar, is_open boolean, opened_at timestamp, d json)',
  );
  await connection.run(
    "insert into venue values (1, 'A|B', 'NY', true, '2024-01-01 10:00:00', '{\"a\":[1]}'), " +
      "(2, null, 'LA', false, null, null), (3, 'say \"hi\"', null, null, '2024-01-01 10:00:00.5', null)",
  );
  objects = new MemoryObjectStore();
});
afterEach(async () => {
  connection.closeSync();
  await rm(root, { recursive: true });
});

async function unload(sql: string): Promise<UnloadResult> {
  const spoolDirectory = await mkdtemp(path.join(root, 'spool-'));
  return executeUnload(sql, {
    connection,
    objects,
    spoolDirectory,
    now: Date.now,
    signal: AbortSignal.timeout(30_000),
  });
}

async function bytesOf(key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await objects.read({ bucket: 'lake', key })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function textOf(key: string): Promise<string> {
  return (await bytesOf(key)).toString();
}

async function keys(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of objects.list({ bucket: 'lake', prefix })) found.push(key);
  return found;
}

describe('executeUnload', () => {
  it('writes pipe-delimited parts, one per slice, and a manifest with their sizes', async () => {
    const result = await unload(
      "unload ('select id, name, is_open from venue order by id') to 's3://lake/v/venue_' iam_role default manifest",
    );
    expect(result.rowCount).toBe(3);
    expect(await keys('v/')).toEqual(['v/venue_0000_part_00', 'v/venue_0001_part_00', 'v/venue_manifest']);
    expect(await textOf('v/venue_0000_part_00')).toBe('1|A|B|t\n3|say "hi"|\n');
    expect(await textOf('v/venue_0001_part_00')).toBe('2||f\n');
    expect(JSON.parse(await textOf('v/venue_manifest'))).toEqual({
      entries: [
        { url: 's3://lake/v/venue_0000_part_00', meta: { content_length: 20 } },
        { url: 's3://lake/v/venue_0001_part_00', meta: { content_length: 5 } },
      ],
    });
  });

  it('quotes CSV, tells its columns and compresses', async () => {
    await unload(
      "unload ('select * from venue') to 's3://lake/c/' iam_role default csv header gzip parallel off",
    );
    expect(await keys('c/')).toEqual(['c/000.gz']);
    expect(gunzipSync(await bytesOf('c/000.gz')).toString()).toBe(
      'id,name,city,is_open,opened_at,d\n1,A|B,NY,t,2024-01-01 10:00:00,"{""a"":[1]}"\n' +
        '2,,LA,f,,\n3,"say ""hi""",,,2024-01-01 10:00:00.5,\n',
    );
  });

  it('escapes, quotes and names NULL in delimited files', async () => {
    await unload(
      "unload ('select id, name from venue') to 's3://lake/e/' iam_role default delimiter ',' addquotes escape null as 'nil' header parallel off",
    );
    expect(await textOf('e/000')).toBe('"id","name"\n"1","A|B"\n"2",nil\n"3","say \\"hi\\""\n');
  });

  it('sets columns to fixed widths', async () => {
    await unload(
      "unload ('select id, name from venue') to 's3://lake/f/' iam_role default fixedwidth '0:3,1:5' parallel off extension 'txt'",
    );
    expect(await textOf('f/000.txt')).toBe('  1A|B  \n  2     \n  3say "\n');
  });

  it('writes Parquet below partitions, with the columns of PARTITION BY only on request', async () => {
    await unload(
      "unload ('select id, city from venue') to 's3://lake/p' iam_role default parquet partition by (city)",
    );
    expect(await keys('p')).toEqual([
      'p/city=LA/0001_part_00.parquet',
      'p/city=NY/0000_part_00.parquet',
      'p/city=__HIVE_DEFAULT_PARTITION__/0000_part_00.parquet',
    ]);
    await unload(
      "unload ('select id, city from venue') to 's3://lake/q/' iam_role default json partition by (city) include",
    );
    expect(await textOf('q/city=LA/0001_part_00')).toBe('{"id":2,"city":"LA"}\n');
  });

  it('writes the verbose manifest', async () => {
    await unload(
      "unload ('select id, name from venue') to 's3://lake/m/' iam_role default parquet manifest verbose",
    );
    const manifest = JSON.parse(await textOf('m/manifest'));
    expect(manifest.meta.record_count).toBe(3);
    expect(manifest.schema.elements.map(({ name }: { name: string }) => name)).toEqual(['id', 'name']);
  });

  it('writes no file for no rows', async () => {
    expect(
      await unload("unload ('select id from venue where 1 = 0') to 's3://lake/n/' iam_role default manifest"),
    ).toEqual({
      rowCount: 0,
      files: [],
    });
    expect(await keys('n/')).toEqual(['n/manifest']);
  });

  it('splits files at MAXFILESIZE', async () => {
    await unload(
      "unload ('select n, md5(n::varchar) from generate_series(1, 400000) as g(n)') to 's3://lake/big/' iam_role default csv maxfilesize 5 mb parallel off",
    );
    expect((await keys('big/')).slice(0, 3)).toEqual(['big/000', 'big/001', 'big/002']);
  });

  it('refuses a destination with files in it, overwrites them, or clears it', async () => {
    const sql = "unload ('select id from venue') to 's3://lake/o/' iam_role default";
    await unload(`${sql} csv`);
    await expect(unload(sql)).rejects.toThrow(/^Specified unload destination on S3 is not empty/u);
    await unload(`${sql} allowoverwrite parallel off`);
    expect(await keys('o/')).toEqual(['o/000', 'o/0000_part_00', 'o/0001_part_00']);
    await unload(`${sql} cleanpath parallel off`);
    expect(await keys('o/')).toEqual(['o/000']);
  });
});

describe('parseUnload refuses', () => {
  it.each<[options: string, message: RegExp]>([
    ['', /^No credentials were given/u],
    ['iam_role default nonsense', /^syntax error at or near "nonsense"/u],
    ['iam_role default gzip zstd', /^conflicting or redundant options: "zstd"/u],
    ['iam_role default parquet header', /^HEADER cannot be used with PARQUET/u],
    ['iam_role default parquet gzip', /^COMPRESSION cannot be used with PARQUET/u],
    ['iam_role default csv escape', /^ESCAPE cannot be used with CSV/u],
    ['iam_role default allowoverwrite cleanpath', /^conflicting or redundant options/u],
    ['iam_role default bzip2', /^UNLOAD with BZIP2 is not supported by redshift-local; use GZIP or ZSTD/u],
    ['iam_role default encrypted', /^UNLOAD with ENCRYPTED is not supported/u],
    ['iam_role default maxfilesize 1 mb', /^MAXFILESIZE must be between 5 MB and 6.2 GB/u],
    ["iam_role default delimiter '||'", /^DELIMITER must be a single ASCII character/u],
    ['iam_role default maxfilesize 5 mb partition by (a)', /PARTITION BY and MAXFILESIZE is not supported/u],
  ])('%s', (options, message) => {
    expect(() => parseUnload(`unload ('select 1 as a') to 's3://lake/x/' ${options}`)).toThrow(message);
  });

  it('an outer LIMIT and a destination outside of S3', () => {
    expect(() => parseUnload("unload ('select 1 limit 1') to 's3://b/' iam_role default")).toThrow(
      /Limit clause/u,
    );
    expect(() => parseUnload("unload ('select 1') to '/tmp/x' iam_role default")).toThrow(
      /only S3 based unload/u,
    );
  });
});
