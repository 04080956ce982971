import { gzipSync } from 'node:zlib';
import { type MergeRule, planLedger, splitStatements, type TableColumn } from '@millrace/core';
import { RedshiftDialect } from '@millrace/redshift';
import { RedshiftLocal, type Session } from '@millrace/redshift-local';
import { MemoryObjectStore } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeOf, type Snippet, snippetsOfKind } from './snippet.ts';

let engine: RedshiftLocal;
const objects = new MemoryObjectStore();

beforeAll(async () => {
  engine = await RedshiftLocal.open({ path: ':memory:', objects });
});
afterAll(() => engine.close());

const column = (name: string, type: string): TableColumn => ({
  name,
  type,
  isNullable: true,
  isIdentity: false,
});
const KEPT: MergeRule = {
  mode: 'upsert',
  key: ['iata'],
  latestBy: ['updated_at'],
  tombstone: { column: 'op', equals: 'D' },
  nullKeys: 'reject',
  columns: null,
  onRewrite: 'reload',
};
/** What is in the warehouse before a job of docs/load-modes.md: the ledger, with graves, and 42 rows of one earlier load. */
const AIRPORTS = [
  `CREATE TABLE public.airports (iata varchar(4), name varchar(60), updated_at timestamp, _loaded_at timestamp, _job_id varchar(26))`,
  ...planLedger('public.airports', KEPT, [
    column('iata', 'varchar(4)'),
    column('updated_at', 'timestamp'),
  ]).map((statement) => new RedshiftDialect().render(statement)),
  `INSERT INTO public.airports SELECT 'A' || n, 'old', CAST('2026-11-21' AS timestamp), null, '01JC0000000000000000000000'
   FROM generate_series(1, 42) AS series(n)`,
  `INSERT INTO millrace.receipts_public_airports_137f9040 (file_id, key_id, url, etag, size, kind, job_id, attempt, fence, job_rows, loaded_at)
   VALUES ('0', '0', 's3://lake/airports/dt=2026-11-21/0.csv.gz', '', 1, 'load', '01JC0000000000000000000000', 1, 1, 42, GETDATE())`,
];

/** What the file of a job holds: a row that is there in an older version, and a new one. */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  iata: ['A1', 'SKP'],
  name: ['new', 'Skopje'],
  updated_at: ['2026-11-22 00:00:00', '2026-11-22 00:00:00'],
  op: ['U', 'U'],
};

/** Names of the rows afterwards, which tell the modes apart. */
const NAMES_AFTER: Readonly<Record<string, string>> = {
  append: 'new 1, old 42, Skopje 1',
  upsert: 'new 1, old 41, Skopje 1',
  Tombstones: 'new 1, old 41, Skopje 1',
  'insert-only': 'old 42, Skopje 1',
  'Replacing rewritten files': 'new 1, Skopje 1',
  'replace-partition': 'new 1, Skopje 1',
};

/** What other pages leave to their reader to have. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  'docs/schema-drift.md': ['CREATE TABLE public.orders (id bigint, _rescued super)'],
  'docs/events.md': [],
};

/** The file that the SQL loads, where its COPY looks for it, with the columns that its COPY names. */
async function putFile(sql: string): Promise<void> {
  const [, list = '', manifest = ''] =
    /^COPY \S+ \((.*)\)\nFROM 's3:\/\/millrace\/([^']+)'/mu.exec(sql) ?? [];
  const columns = list.replaceAll('"', '').split(', ');
  const lines = [0, 1].map((n) => columns.map((name) => ROWS[name]?.[n]).join(','));
  const file = gzipSync([columns.join(','), ...lines, ''].join('\n'));
  await objects.write({ bucket: 'lake', key: 'airports/2026-11-21.csv.gz' }, file);
  const entries = [{ url: 's3://lake/airports/2026-11-21.csv.gz', mandatory: true }];
  await objects.write({ bucket: 'millrace', key: manifest }, JSON.stringify({ entries }));
}

async function execute(session: Session, statements: readonly string[]): Promise<void> {
  for (const sql of statements) await session.execute(sql);
}

async function namesIn(session: Session): Promise<string> {
  const result = await session.execute(
    'SELECT name, COUNT(*) FROM public.airports GROUP BY 1 ORDER BY lower(name)',
  );
  return result.kind === 'rows' ? result.rows.map((row) => row.join(' ')).join(', ') : '';
}

describe('SQL in the pages', () => {
  const snippets = snippetsOfKind('sql');
  const jobs = snippets.filter(({ page }) => page === 'docs/load-modes.md');
  const others = snippets.filter((snippet) => !jobs.includes(snippet));

  it.each(jobs.map((snippet, n) => [placeOf(snippet), snippet, Object.entries(NAMES_AFTER)[n]] as const))(
    '%s loads its file',
    async (_, { text }, mode) => {
      await putFile(text);
      await inTransaction(async (session) => {
        await execute(session, [...AIRPORTS, ...splitStatements(text)]);
        expect(await namesIn(session), mode?.[0]).toBe(mode?.[1]);
      });
    },
  );

  it.each(others.map((snippet) => [placeOf(snippet), snippet] as const))('%s runs', async (_, snippet) => {
    await inTransaction((session) =>
      execute(session, [...tablesOf(snippet), ...splitStatements(snippet.text)]),
    );
  });
});

function tablesOf(snippet: Snippet): readonly string[] {
  const tables = TABLES[snippet.page];
  if (tables === undefined)
    throw new Error(`say which tables the SQL at ${placeOf(snippet)} needs, in TABLES`);
  return tables;
}

/** Of which nothing is left. */
async function inTransaction(run: (session: Session) => Promise<void>): Promise<void> {
  const session = engine.session();
  try {
    await session.execute('begin');
    await run(session);
  } finally {
    if (session.isInTransaction) await session.execute('rollback');
    await session.close();
  }
}
