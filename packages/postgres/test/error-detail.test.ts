import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type CopyError, LoadError, parseUrl, renderManifest, type StatementStatus } from '@millrace/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestWarehouse, type TestWarehouse } from './open-test-warehouse.ts';

/** `1,a` and `2,b`, as bzip2 packs them. */
const BZIP2 = 'QlpoOTFBWSZTWbCnEU8AAAJZAAAQAAQwADAAIAAhppmgwAKVCwu5IpwoSFhTiKeA';

let opened: TestWarehouse;
let copies = 0;
beforeAll(async () => {
  opened = await openTestWarehouse();
  await opened.warehouse.transact([
    `CREATE TABLE public.t (
      id INTEGER NOT NULL, name VARCHAR(5), at TIMESTAMP, price NUMERIC(5,2), ok BOOLEAN, doc JSONB, CHECK (id <> 13)
    )`,
  ]);
});
afterAll(() => opened.close());

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Loads files, in this order, by one COPY. */
async function copy(
  files: Files,
  {
    options = 'FORMAT CSV',
    columns = ['id', 'name'],
  }: { options?: string; columns?: readonly string[] } = {},
): Promise<{ status: StatementStatus; errors: readonly CopyError[] }> {
  const { warehouse, objects } = opened;
  copies += 1;
  const entries = [];
  for (const [name, content] of Object.entries(files)) {
    const url = `s3://lake/${copies}/${name}`;
    await objects.write(parseUrl(url), content);
    entries.push({ url, size: content.length });
  }
  const manifest = `s3://millrace/${copies}.manifest`;
  await objects.write(parseUrl(manifest), renderManifest(entries));
  const { dialect } = warehouse;
  const statements = [
    dialect.render({
      kind: 'copy',
      into: { schema: 'public', name: 't' },
      columns,
      manifestUrl: manifest,
      iamRole: '',
      options,
    }),
    dialect.render({ kind: 'count-copied' }),
  ];
  const statement = await warehouse.submit({ name: `copy-${copies}`, clientToken: '', statements });
  for (;;) {
    const status = await warehouse.describe(statement);
    if (status.state !== 'running') return { status, errors: await warehouse.copyErrors(statement) };
    await new Promise(setImmediate);
  }
}

async function errorOf(files: Files, options?: Parameters<typeof copy>[1]): Promise<CopyError | undefined> {
  const { status, errors } = await copy(files, options);
  expect(status).toMatchObject({ state: 'failed', error: { class: 'data' } });
  expect(errors).toHaveLength(1);
  return errors[0];
}

const GOOD = '1,a\n2,b\n';

describe('of a row that is refused, file, line, column and value are told:', () => {
  it('a number, behind quoted line ends, headers and other files', async () => {
    const bad = 'id,name\n1,"a\nb"\n\n2,c\nx,d\n4,e\n';
    const options = 'FORMAT CSV IGNOREHEADER 1 IGNOREBLANKLINES';
    expect(
      await errorOf({ 'a.csv': `id,name\n${GOOD}`, 'b ü.csv': bad, 'c.csv': 'id,name\n' }, { options }),
    ).toEqual({
      fileUrl: expect.stringMatching(/\/b ü\.csv$/u),
      line: 6,
      column: 'id',
      rawValue: 'x',
      code: 1207,
      reason: 'invalid input syntax for type integer: "x"',
    });
  });

  it.each([
    [
      'a text that is too long',
      ['id', 'name'],
      '1,a\n2,abcdef\n',
      { line: 2, column: 'name', code: 1204, rawValue: 'abcdef' },
    ],
    ['a NULL', ['id', 'name'], '1,a\n,b\n', { line: 2, column: 'id', code: 1213 }],
    [
      'a time',
      ['id', 'at'],
      '1,2026-11-21 10:00:00\n2,noon\n',
      { line: 2, column: 'at', code: 1206, rawValue: 'noon' },
    ],
    ['a decimal that is too large', ['id', 'price'], '1,99999\n', { line: 1, column: 'price', code: 1208 }],
    [
      'a boolean',
      ['id', 'ok'],
      '1,true\n2,perhaps\n',
      { line: 2, column: 'ok', code: 1210, rawValue: 'perhaps' },
    ],
    ['a document', ['id', 'doc'], '1,"{""a"": 1}"\n2,{a}\n', { line: 2, column: 'doc', code: 1224 }],
    ['a row that a constraint forbids', ['id', 'name'], '1,a\n13,b\n', { line: 2, code: 1223 }],
    [
      'a line with too many fields',
      ['id', 'name'],
      '1,a\n2,b,c\n',
      { line: 2, code: 1202, rawValue: '2,b,c' },
    ],
    ['a line with too few', ['id', 'name'], '1\n', { line: 1, column: 'name', code: 1203 }],
    ['a quote that is never closed', ['id', 'name'], '1,a\n2,"b\n3,c\n', { line: 2, code: 1216 }],
  ])('%s', async (_, columns, text, expected) => {
    expect(await errorOf({ 'a.csv': 'skip'.slice(4), 'b.csv': text }, { columns })).toMatchObject({
      fileUrl: expect.stringMatching(/b\.csv$/u),
      ...expected,
    });
  });

  it('bytes that are no UTF-8, and a NUL', async () => {
    const latin = Buffer.concat([Buffer.from('1,a\n2,'), Buffer.from([0xe4]), Buffer.from('\n')]);
    expect(await errorOf({ 'a.csv': latin })).toMatchObject({ line: 2, code: 1220 });
    expect(await errorOf({ 'a.csv': '1,a\n2,\0\n' })).toMatchObject({ line: 2, code: 1220 });
    expect((await copy({ 'a.csv': latin }, { options: 'FORMAT CSV ENCODING ISO88591' })).status.state).toBe(
      'finished',
    );
  });

  it('JSON, over several lines', async () => {
    const options = "FORMAT JSON 'auto'";
    expect(
      await errorOf({ 'a.json': '{"id": 1}\n{\n"id": 2,\n"name": "abcdef"}\n' }, { options }),
    ).toMatchObject({
      line: 2,
      column: 'name',
      rawValue: 'abcdef',
      code: 1204,
    });
  });

  it('a file that is cut off, or not packed at all', async () => {
    const packed = gzipSync(Buffer.from('1,a\n'.repeat(10_000)));
    const files = { 'a.csv.gz': gzipSync(GOOD), 'b.csv.gz': packed.subarray(0, packed.length - 20) };
    expect(await errorOf(files, { options: 'FORMAT CSV GZIP' })).toMatchObject({
      fileUrl: expect.stringMatching(/b\.csv\.gz$/u),
      line: null,
      code: 1200,
    });
    expect(await errorOf({ 'a.csv.zst': GOOD }, { options: 'FORMAT CSV ZSTD' })).toMatchObject({
      code: 1200,
    });
  });
});

describe('files that are good', () => {
  it('are counted over all of them, however they are packed, small ones and large ones', async () => {
    const large = '1,abc\n'.repeat(200_000);
    const plain = { 'a.csv': GOOD, 'b.csv': large, 'c.csv': '', 'd.csv': '3,c' };
    const expected = { state: 'finished', copiedRows: 200_003 };
    expect((await copy(plain)).status).toEqual(expected);
    const pack = (with_: (text: string) => Buffer): Files =>
      Object.fromEntries(Object.entries(plain).map(([name, text]) => [name, with_(text)]));
    expect((await copy(pack(gzipSync), { options: 'FORMAT CSV GZIP' })).status).toEqual(expected);
    expect((await copy(pack(zstdCompressSync), { options: 'FORMAT CSV ZSTD' })).status).toEqual(expected);
  });

  it('are unpacked from bzip2 too', async () => {
    const packed = Buffer.from(BZIP2, 'base64');
    const { status } = await copy({ 'a.csv.bz2': packed }, { options: 'FORMAT CSV BZIP2' });
    expect(status).toEqual({ state: 'finished', copiedRows: 2 });
  });

  it('may be a thousand', async () => {
    const files = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${n}.csv`, `${n + 20},x\n`]));
    expect((await copy(files)).status).toEqual({ state: 'finished', copiedRows: 1_000 });
  });
});

it('breaks off a COPY whose object goes away while it is read, and can use the session again', async () => {
  const { warehouse, objects } = opened;
  await objects.write(
    parseUrl('s3://millrace/gone.manifest'),
    renderManifest([{ url: 's3://lake/gone.csv', size: 1e9 }]),
  );
  const render = warehouse.dialect.render.bind(warehouse.dialect);
  const sql = render({
    kind: 'copy',
    into: { schema: 'public', name: 't' },
    columns: ['id'],
    manifestUrl: 's3://millrace/gone.manifest',
    iamRole: '',
    options: 'FORMAT CSV',
  });
  for (let n = 0; n < 20; n += 1) {
    const failure = await warehouse.transact([sql]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LoadError);
    expect(failure).toMatchObject({ class: 'gone' });
  }
  expect(await warehouse.transact(['SELECT 1 AS n'])).toEqual([{ n: 1 }]);
});
