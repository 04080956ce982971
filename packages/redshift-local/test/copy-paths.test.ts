import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnInfo, RedshiftType } from '../src/catalog/table-info.ts';
import { planColumns } from '../src/copy/column-plan.ts';
import type { CopyContext } from '../src/copy/copy-context.ts';
import { findFiles } from '../src/copy/copy-file.ts';
import { loadFast } from '../src/copy/fast-load.ts';
import { toJsonShape } from '../src/copy/json-records.ts';
import { LoadErrorList } from '../src/copy/load-error-list.ts';
import { parseCopy } from '../src/copy/parse-copy.ts';
import { PlainLines } from '../src/copy/plain-lines.ts';
import { loadStrictly, type TextLoad } from '../src/copy/strict-load.ts';
import { type CopyBench, char, column, numeric, openBench, varchar } from './copy-fixture.ts';

/**
 * The fast path against the strict one: what the fast path takes, the strict path loads to the same rows. (It may
 * leave anything to the strict path; that costs time only.)
 */
let bench: CopyBench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const TYPES: readonly RedshiftType[] = [
  { name: 'smallint' },
  { name: 'integer' },
  { name: 'bigint' },
  { name: 'double precision' },
  { name: 'real' },
  numeric(8, 2),
  numeric(5, 0),
  { name: 'boolean' },
  { name: 'date' },
  { name: 'timestamp' },
  { name: 'timestamptz' },
  { name: 'time' },
  varchar(6),
  char(4),
];

const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '-0',
  '007',
  '+5',
  ' 7 ',
  '1.5',
  '12.345',
  '-.5',
  '5.',
  '1e3',
  '1_0',
  '0x1F',
  'NaN',
  'inf',
  '1e400',
  '32768',
  '2147483648',
  '9223372036854775808',
  '99999.99',
  '1234567.891',
  't',
  'Yes',
  ' t',
  'off',
  '2024-02-29',
  '2023-02-29',
  '2024-1-5',
  'infinity',
  '0000-01-01',
  '2024-01-05 (BC)',
  '12024-01-05',
  '2024-01-05 10:00:00',
  '2024-01-05 10:00:00.500',
  '2024-01-05 24:00:00',
  '2024-01-05T10:00:00Z',
  '2024-01-05 10:00:00+02',
  '2024-01-05 10:00:00+99',
  '23:59:59',
  '24:00:00',
  '\\N',
  'abc',
  'ä',
  'ääää',
  'a"b',
  'a,b',
  'x\ny',
  'ab ',
  'null',
];

const text = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 2, arbitrary: fc.integer().map(String) },
  { weight: 2, arbitrary: fc.double({ noNaN: true }).map(String) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
);
const typed = fc.constantFrom(...TYPES).chain((type) =>
  fc.record({
    type: fc.constant(type),
    isNullable: fc.boolean(),
    good: fc.constant(GOOD[type.name] ?? ['x', '', 'ab']),
  }),
);
const table = fc.array(typed, { minLength: 1, maxLength: 4 });
/** Rows are mostly good ones, or no table would ever be loaded. */
const rowsOf = (columns: readonly { good: readonly string[] }[]) =>
  fc.array(
    fc.tuple(
      ...columns.map(({ good }) =>
        fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: text }),
      ),
    ),
    { minLength: 1, maxLength: 6 },
  );

const GOOD: Readonly<Record<string, readonly string[]>> = {
  smallint: ['1', '-7', '007', ''],
  integer: ['1', '+5', '2147483647'],
  bigint: ['1', '-9223372036854775808', ' 3'],
  'double precision': ['1', '1.5', '-2e10', '.5'],
  real: ['1', '0.1', '1e30'],
  numeric: ['1', '12', '-3', '12.345'],
  boolean: ['t', 'false', '1', 'YES'],
  date: ['2024-02-29', '0001-01-01', ''],
  timestamp: ['2024-01-05 10:00:00', '2024-01-05 10:00:00.25', '2024-01-05', '2024-01-05 10:00:00.500000'],
  timestamptz: ['2024-01-05 10:00:00+02', '2024-01-05 10:00:00', '2024-01-05 10:00:00.5Z'],
  time: ['10:00:00', '23:59:59.5', ''],
};

interface Case {
  readonly columns: readonly ColumnInfo[];
  readonly body: string | Buffer;
  readonly options: string;
}

async function compare({ columns, body, options }: Case): Promise<'both' | 'unsure'> {
  await bench.table(columns);
  const url = bench.put('case', body);
  let fast: unknown[] | undefined;
  await bench.inTransaction(async (context) => {
    const load = await loadOf(`COPY t FROM '${url}' ${options}`, context);
    const outcome = await loadFast(load, context);
    // The reader may fail over texts that are no rows at all; a check may not.
    if (outcome.kind === 'broken') {
      expect(outcome.error.message).toMatch(/state machine|Malformed JSON/u);
      return;
    }
    const rows = await bench.rows();
    if (outcome.kind === 'loaded') fast = rows;
    else expect(rows).toEqual([]);
  });
  if (!fast) return 'unsure';
  let strict: unknown[] | undefined;
  await bench.inTransaction(async (context) => {
    const errors = new LoadErrorList(context.table, 0);
    await loadStrictly(await loadOf(`COPY t FROM '${url}' ${options}`, context), errors, context);
    expect(errors.rows).toEqual([]);
    strict = await bench.rows();
  });
  expect(fast).toEqual(strict);
  return 'both';
}

async function loadOf(sql: string, context: CopyContext): Promise<TextLoad> {
  const statement = parseCopy(sql);
  const plan = planColumns(statement, context.table);
  const { format } = statement.options;
  const names = plan.fields.map(({ name }) => name);
  const shape = format.kind === 'json' ? toJsonShape(format.paths, names, []) : undefined;
  return { options: statement.options, plan, files: await findFiles(statement, context), shape };
}

const columnsOf = (types: readonly { type: RedshiftType; isNullable: boolean }[]): ColumnInfo[] =>
  types.map(({ type, isNullable }, index) => column(`c${index}`, type, { isNullable }));

function csvField(value: string, quotes: boolean): string {
  return quotes || /[",\n\r]/u.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

describe('the fast path and the strict path', () => {
  it('agree on CSV', async () => {
    const options = fc.constantFrom(
      'CSV',
      'CSV EMPTYASNULL',
      "CSV NULL AS 'null'",
      'CSV ROUNDEC',
      'CSV TRIMBLANKS',
      "CSV TIMEFORMAT 'auto' DATEFORMAT 'auto'",
      "CSV TIMEFORMAT 'epochsecs'",
      'CSV IGNOREHEADER 1',
      'CSV IGNOREBLANKLINES',
    );
    const one = table.chain((types) =>
      fc.record({
        types: fc.constant(types),
        rows: rowsOf(types),
        options,
        quotes: fc.boolean(),
        crlf: fc.boolean(),
        tail: fc.constantFrom('', '', '', '\n', ',', ',,', ' '),
      }),
    );
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(one, async ({ types, rows, options: text, quotes, crlf, tail }) => {
        const end = crlf ? '\r\n' : '\n';
        const body =
          rows.map((row) => row.map((value) => csvField(value, quotes)).join(',')).join(end) + tail + end;
        if ((await compare({ columns: columnsOf(types), body, options: text })) === 'both') loaded += 1;
      }),
      { numRuns: 400, seed: 7 },
    );
    expect(loaded).toBeGreaterThan(60);
  });

  it('agree on delimited text', async () => {
    const one = table.chain((types) => fc.record({ types: fc.constant(types), rows: rowsOf(types) }));
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(one, async ({ types, rows }) => {
        const body = `${rows.map((row) => row.join('|')).join('\n')}\n`;
        if ((await compare({ columns: columnsOf(types), body, options: '' })) === 'both') loaded += 1;
      }),
      { numRuns: 200, seed: 11 },
    );
    expect(loaded).toBeGreaterThan(30);
  });

  it('agree on JSON', async () => {
    const options = fc.constantFrom(
      "JSON 'auto'",
      "JSON 'auto' EMPTYASNULL",
      "JSON 'auto' TIMEFORMAT 'auto'",
    );
    const value = (good: readonly string[]) =>
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc
            .constantFrom(...good)
            .map((text) =>
              /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e\d+)?$/u.test(text) ? text : JSON.stringify(text),
            ),
        },
        {
          weight: 2,
          arbitrary: fc.constantFrom(
            'null',
            'true',
            '1.50',
            '-0',
            '1e3',
            '1.0',
            '{"k":[1, 2.50]}',
            '[]',
            '"{"',
            '"\\u0000"',
            '"\\ud83d\\ude00"',
            '12345678901234567890123',
            '0.12345678901234567',
          ),
        },
        { weight: 1, arbitrary: text.map((plain) => JSON.stringify(plain)) },
      );
    const one = table.chain((types) =>
      fc.record({
        types: fc.constant(types),
        options,
        end: fc.constantFrom('\n', '\r\n', '\n\n', ''),
        isZipped: fc.boolean(),
        rows: fc.array(
          fc.tuple(...types.map(({ good }) => fc.option(value(good), { freq: 8, nil: undefined }))),
          { minLength: 1, maxLength: 5 },
        ),
      }),
    );
    let loaded = 0;
    await fc.assert(
      fc.asyncProperty(one, async ({ types, options: text, end, isZipped, rows }) => {
        const plain =
          rows
            .map(
              (row) =>
                `{${row.flatMap((member, index) => (member === undefined ? [] : [`"c${index}":${member}`])).join(',')}}`,
            )
            .join(end) + end;
        const body = isZipped ? gzipSync(plain) : plain;
        const copyOptions = isZipped ? `${text} GZIP` : text;
        const found = await compare({ columns: columnsOf(types), body, options: copyOptions });
        if (found === 'both') loaded += 1;
      }),
      { numRuns: 400, seed: 13 },
    );
    expect(loaded).toBeGreaterThan(60);
  });

  it('leave earlier rows of the transaction alone when the fast path gives up', async () => {
    await bench.table([column('a', { name: 'integer' })]);
    const good = bench.put('good', `${Array.from({ length: 200_000 }, (_, index) => index).join('\n')}\n`);
    const bad = bench.put('bad', `${Array.from({ length: 200_000 }, (_, index) => index).join('\n')}\nx\n`);
    await bench.inTransaction(async (context) => {
      await context.connection.run('INSERT INTO t VALUES (-1)');
      expect(await loadFast(await loadOf(`COPY t FROM '${good}' CSV`, context), context)).toMatchObject({
        kind: 'loaded',
      });
      expect(await loadFast(await loadOf(`COPY t FROM '${bad}' CSV`, context), context)).toEqual({
        kind: 'unsure',
      });
      expect(await bench.rows('SELECT count(*), min(a) FROM t')).toEqual([['200001', -1]]);
      expect(await bench.copyInTransaction(`COPY t FROM '${bad}' CSV MAXERROR 2`)).toBe(200_000);
    });
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([['0']]);
  });

  it('load files with mixed line ends at the second attempt', async () => {
    await bench.table([column('a', { name: 'integer' }), column('b', varchar(20))]);
    const lines = Array.from({ length: 100_000 }, (_, index) => `${index},abcdefgh`);
    const url = bench.put('mixed', `${lines.join('\n')}\n1,x\r\n2,y\n`);
    await expect(bench.copy(`COPY t FROM '${url}' CSV`)).rejects.toMatchObject({ sqlState: '40001' });
    expect(await bench.copy(`COPY t FROM '${url}' CSV`)).toBe(100_002);
  });

  it('see blank lines and NULs that the reader of DuckDB passes over', async () => {
    await bench.table([column('a', { name: 'integer' }), column('b', varchar(20))]);
    const lines = Array.from({ length: 100_000 }, (_, index) => `${index},abcdefgh`).join('\n');
    for (const bad of [`${lines}\n\n`, `${lines}\n1,a\0\n`, `\n${lines}\n`]) {
      const url = bench.put('bad', bad);
      await expect(bench.copy(`COPY t FROM '${url}' CSV`)).rejects.toThrow('Load into table');
    }
    expect(
      await bench.copy(`COPY t FROM '${bench.put('blank', `${lines}\n\n1,a\n`)}' CSV IGNOREBLANKLINES`),
    ).toBe(100_001);
  });

  it.each([
    ['a blank line', '\n'],
    ['a NUL', '1,a\0\n'],
  ])('see %s at the end of a large compressed file', async (_, end) => {
    await bench.table([column('a', { name: 'integer' }), column('b', varchar(100))]);
    const lines = Array.from({ length: 300_000 }, (_, index) => `${index},${'x'.repeat(90)}`).join('\n');
    const url = bench.put('bad', gzipSync(`${lines}\n${end}`, { level: 1 }));
    await expect(bench.copy(`COPY t FROM '${url}' CSV GZIP`)).rejects.toThrow('Load into table');
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([['0']]);
  });

  describe.each(['', 'GZIP', 'ZSTD'])('with JSON %s', (compression) => {
    it.each([
      ['a comma behind the last member', '{"a":1,}'],
      ['one in a member that is not loaded', '{"a":1,"z":[1, ]}'],
      ['a number that is none', '{"a":1,"z":NaN}'],
      ['an infinity', '{"a":1,"z": -inf}'],
      ['a NUL', '{"a":1}\0'],
      ['a line that is no object', '7'],
      ['a row beyond 4 MB', `{"a":1,"z":"${'x'.repeat(5_000_000)}"}`],
      ['half a surrogate pair', '{"a":1,"b":"\\ud800"}'],
      ['bytes that are no text', '{"a":1,"b":"\xe4"}'],
    ])('refuse %s', async (_, bad) => {
      await bench.table([column('a', { name: 'integer' }), column('b', varchar(20))]);
      const lines = Array.from({ length: 30_000 }, (_, index) => `{"a":${index},"b":"abcdefgh"}`).join('\n');
      const text = Buffer.from(`${lines}\n${bad}\n`, 'latin1');
      // Stored as it is, or barely pressed: a small file would not be worth the fast path.
      const packed = { GZIP: () => gzipSync(text, { level: 0 }), ZSTD: () => zstdCompressSync(text) }[
        compression
      ];
      const url = bench.put('bad', packed?.() ?? text);
      const copied = bench.copy(`COPY t FROM '${url}' JSON 'auto' ${compression}`);
      await expect(copied).rejects.toThrow('Load into table');
      const code = bad.includes('"b"') ? 1220 : 1216;
      expect(bench.errors.at(-1)).toMatchObject({ lineNumber: 30_001, errorCode: code });
    });

    it.each([
      ['a number too large', '2147483648', '"x"', 1222],
      ['a number with decimals', '1.0', '"x"', 1207],
      ['a truth value for a number', 'true', '"x"', 1207],
      ['a text too long', '1', `"${'ä'.repeat(11)}"`, 1204],
      ['a NUL in a text', '1', '"x\\u0000"', 1220],
    ])('refuse %s', async (_, a, b, errorCode) => {
      await bench.table([column('a', { name: 'integer' }), column('b', varchar(20))]);
      const lines = Array.from({ length: 30_000 }, (_, index) => `{"a":${index},"b":"abcdefgh"}`).join('\n');
      const text = `${lines}\n{"a":${a},"b":${b}}\n`;
      const packed = { GZIP: () => gzipSync(text, { level: 0 }), ZSTD: () => zstdCompressSync(text) }[
        compression
      ];
      const url = bench.put('bad', packed?.() ?? text);
      await expect(bench.copy(`COPY t FROM '${url}' JSON 'auto' ${compression}`)).rejects.toThrow(
        'Load into table',
      );
      expect(bench.errors.at(-1)).toMatchObject({ lineNumber: 30_001, errorCode });
      expect(await bench.rows('SELECT count(*) FROM t')).toEqual([['0']]);
    });
  });

  it('agree on compressed JSON that is read straight into the types of the table', async () => {
    const columns = [
      column('i', { name: 'bigint' }, { isNullable: false }),
      column('d', { name: 'double precision' }),
      column('n', numeric(18, 4)),
      column('s', varchar(24)),
      column('b', { name: 'boolean' }),
      column('y', { name: 'date' }),
      column('t', { name: 'timestamp' }),
    ];
    const letters = fc.constantFrom('a', ' ', 'ä', '\\n', '\\"', '\\\\', '\\u00e4', '\\/', '東', '{', ',');
    const moment = fc
      .date({
        min: new Date('0001-01-02T00:00:00Z'),
        max: new Date('9999-12-30T00:00:00Z'),
        noInvalidDate: true,
      })
      .map((date) => date.toISOString().replace('T', ' ').slice(0, -1));
    const row = fc.tuple(
      fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }).map(String),
      fc
        .double({ noNaN: true, noDefaultInfinity: true, min: -1e99, max: 1e99 })
        .map((one) => JSON.stringify(one)),
      fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9999 })).map(([whole, rest]) => `${whole}.${rest}`),
      fc.array(letters, { maxLength: 5 }).map((text) => `"${text.join('')}"`),
      fc.constantFrom('true', 'false'),
      moment.map((text) => `"${text.slice(0, 10)}"`),
      moment.map((text) => `"${text}"`),
    );
    const rows = fc.sample(row, { numRuns: 4_000, seed: 17 }).map((values, at) => {
      const members = values.flatMap((value, index) => {
        const isNone = index > 0 && (at + index) % 9 === 0;
        return isNone
          ? at % 2 === 0
            ? [`"${columns[index]?.name}":null`]
            : []
          : [`"${columns[index]?.name}":${value}`];
      });
      return `{${members.join(',')}}`;
    });
    const { options } = parseCopy("COPY t FROM 's3://b/k' JSON 'auto'");
    const plain = rows.filter(
      (line) => new PlainLines(columns, options).count(Buffer.from(`${line}\n`)) === 1,
    );
    expect(plain.length).toBeGreaterThan(2_000);
    const body = gzipSync(plain.join('\n'));
    for (const more of ['', 'EMPTYASNULL TRIMBLANKS'])
      expect(await compare({ columns, body, options: `JSON 'auto' GZIP ${more}` })).toBe('both');
  });

  it('load compressed JSON of several files in segments, each row once', async () => {
    await bench.table([column('a', { name: 'integer' }), column('b', varchar(100))]);
    const rowsAt = (from: number): string =>
      Array.from({ length: 150_000 }, (_, index) => `{"a":${from + index},"b":"${'x'.repeat(90)}"}`).join(
        '\n',
      );
    const urls = [0, 150_000, 300_000].map((from) =>
      bench.put(`segments-${from}`, gzipSync(rowsAt(from), { level: 1 })),
    );
    const manifest = bench.manifest(
      'segments.manifest',
      urls.map((url) => ({ url, mandatory: true })),
    );
    // Tiny as they are when compressed, they are handed to the fast path itself.
    const load = (context: CopyContext): Promise<TextLoad> =>
      loadOf(`COPY t FROM '${manifest}' MANIFEST JSON 'auto' GZIP`, context);
    await bench.inTransaction(async (context) => {
      expect(await loadFast(await load(context), context)).toEqual({ kind: 'loaded', rows: 450_000 });
      const counted = await bench.rows('SELECT count(DISTINCT a), sum(a)::VARCHAR, max(length(b)) FROM t');
      expect(counted).toEqual([['450000', '101249775000', '90']]);
    });
    bench.put('segments-300000', gzipSync(`${rowsAt(0)}\n{"a":1,}`, { level: 1 }));
    await bench.inTransaction(async (context) => {
      expect(await loadFast(await load(context), context)).toEqual({ kind: 'unsure' });
      expect(await bench.rows('SELECT count(*) FROM t')).toEqual([['0']]);
    });
  });

  it('believe the checksum of compressed JSON', async () => {
    await bench.table([column('a', { name: 'integer' }), column('b', varchar(100))]);
    // What barely compresses is stored as it is, so that a flipped bit stays readable.
    const lines = Array.from({ length: 30_000 }, (_, index) => `{"a":${index},"b":"${'x'.repeat(30)}"}`);
    const bytes = gzipSync(lines.join('\n'), { level: 0 });
    const at = bytes.indexOf('xxxx', bytes.length >> 1);
    bytes.writeUInt8(0x79, at);
    const url = bench.put('flipped', bytes);
    await expect(bench.copy(`COPY t FROM '${url}' JSON 'auto' GZIP`)).rejects.toThrow(
      'gzip decompression of s3://b/flipped failed',
    );
    expect(await bench.rows('SELECT count(*) FROM t')).toEqual([['0']]);
  });
});

it('DuckDB counts local rows from where the fast path believes', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run('CREATE TABLE r (a INT); BEGIN; INSERT INTO r VALUES (1)');
  expect((await connection.runAndReadAll('SELECT min(rowid) FROM r')).getRows()).toEqual([
    [36_028_797_018_960_000n],
  ]);
  connection.closeSync();
  instance.closeSync();
});
