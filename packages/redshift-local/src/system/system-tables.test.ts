import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../catalog/catalog.ts';
import { openSystemLog } from './open-system-log.ts';
import type { LoadErrorRow } from './system-log.ts';
import { createSystemTables } from './system-tables.ts';

let instance: DuckDBInstance;
let session: DuckDBConnection;
let logConnection: DuckDBConnection;

beforeEach(async () => {
  instance = await DuckDBInstance.create(':memory:');
  session = await instance.connect();
  await session.run("ATTACH ':memory:' AS dev");
  await session.run('USE dev');
  await Catalog.load(session, 'dev');
  await createSystemTables(session);
  logConnection = await instance.connect();
  await logConnection.run('USE dev');
});
afterEach(() => {
  session.closeSync();
  logConnection.closeSync();
  instance.closeSync();
});

const ERROR: LoadErrorRow = {
  tableId: 100_001,
  fileName: 's3://lake/bad.csv',
  lineNumber: 3,
  columnName: 'price',
  columnType: 'numeric',
  columnLength: '8, 2',
  position: 4,
  rawLine: '1|Zürich|x',
  rawFieldValue: 'x',
  errorCode: 1209,
  errorReason: 'Invalid digit',
};

const STATEMENT = { queryId: 7, transactionId: 8, sessionId: 9, startedAtMs: Date.UTC(2026, 0, 2) };

async function rowsOf(sql: string): Promise<unknown[][]> {
  return (await session.runAndReadAll(sql)).getRowsJson();
}

describe('openSystemLog', () => {
  it('keeps the errors of a COPY whose transaction was rolled back', async () => {
    const store = await openSystemLog(logConnection, { database: 'dev', now: Date.now });
    await session.run('BEGIN');
    await session.run('CREATE TABLE public.t (a int)');
    const log = store.forStatement(STATEMENT);
    log.loadErrors([ERROR]);
    log.loadDetail([{ fileName: 's3://lake/bad.csv', bytesScanned: 20, linesScanned: 3 }]);
    log.loadHistory({
      tableName: 't',
      dataSource: 's3://lake/',
      fileFormat: 'DELIMITED',
      status: 'aborted',
      loadedRows: 0,
      loadedBytes: 20,
      sourceFileCount: 1,
      errorCount: 1,
      startedAtMs: STATEMENT.startedAtMs,
      endedAtMs: STATEMENT.startedAtMs + 5,
    });
    await log.flush();
    await session.run('ROLLBACK');

    expect(
      await rowsOf(
        'select query, session, starttime, filename, line_number, colname, raw_line, err_code, err_reason from rs_system.stl_load_errors',
      ),
    ).toEqual([
      ['7', 9, '2026-01-02 00:00:00', 's3://lake/bad.csv', '3', 'price', '1|Z.rich|x', 1209, 'Invalid digit'],
    ]);
    expect(
      await rowsOf('select query_id, transaction_id, error_message from rs_system.sys_load_error_detail'),
    ).toEqual([['7', '8', 'Invalid digit']]);
    expect(await rowsOf('select status, duration, error_count from rs_system.sys_load_history')).toEqual([
      ['aborted', '5000', '1'],
    ]);
    expect(await rowsOf('select lines_scanned from rs_system.stl_load_commits')).toEqual([['3']]);
  });

  it('cuts text at the widths of the columns, in bytes', async () => {
    const store = await openSystemLog(logConnection, { database: 'dev', now: Date.now });
    const log = store.forStatement(STATEMENT);
    log.loadErrors([
      {
        ...ERROR,
        fileName: `s3://lake/${'ä'.repeat(300)}`,
        rawLine: 'x'.repeat(2000),
        errorReason: 'r'.repeat(600),
      },
    ]);
    await log.flush();
    expect(
      await rowsOf(
        'select strlen(e.filename), length(e.raw_line), length(e.err_reason), length(d.error_message) from rs_system.stl_load_errors e, rs_system.sys_load_error_detail d',
      ),
    ).toEqual([['256', '1024', '100', '512']]);
  });

  it('drops the oldest rows beyond its bound, and goes on counting when it is opened again', async () => {
    for (const run of [0, 1]) {
      const store = await openSystemLog(logConnection, { database: 'dev', now: Date.now, maxRows: 20 });
      for (let n = 0; n < 30; n += 1) {
        const log = store.forStatement({ ...STATEMENT, queryId: run * 100 + n });
        log.loadDetail([{ fileName: `f${n}`, bytesScanned: 1, linesScanned: 1 }]);
        await log.flush();
      }
    }
    const [[count, newest] = []] = await rowsOf(
      'select count(*)::int, max(query_id)::int from rs_system.sys_load_detail',
    );
    expect(count).toBeGreaterThanOrEqual(20);
    expect(count).toBeLessThanOrEqual(22);
    expect(newest).toBe(129);
  });

  it('gathers what need not be seen at once, and has it when it is asked for', async () => {
    const store = await openSystemLog(logConnection, { database: 'dev', now: Date.now });
    for (const queryId of [1, 2, 3]) {
      const log = store.forStatement({ ...STATEMENT, queryId });
      log.loadErrors([ERROR]);
      log.flushLater();
    }
    expect(await rowsOf('SELECT count(*) FROM rs_system.load_errors')).toEqual([['0']]);
    await store.written();
    expect(await rowsOf('SELECT query_id FROM rs_system.load_errors ORDER BY seq')).toEqual([
      ['1'],
      ['2'],
      ['3'],
    ]);

    store.forStatement(STATEMENT).flushLater();
    const log = store.forStatement({ ...STATEMENT, queryId: 4 });
    log.loadErrors([ERROR]);
    log.flushLater();
    await expect
      .poll(() => rowsOf('SELECT max(query_id) FROM rs_system.load_errors'), { timeout: 5_000 })
      .toEqual([['4']]);
  });

  it('tells whoever asks next of a write that failed behind', async () => {
    const store = await openSystemLog(logConnection, { database: 'dev', now: Date.now });
    await session.run('DROP TABLE rs_system.load_errors CASCADE');
    const log = store.forStatement(STATEMENT);
    log.loadErrors([ERROR]);
    log.flushLater();
    await expect(store.written()).rejects.toThrow('load_errors');
    await store.written();
  });

  it('takes flushes that come at once', async () => {
    const store = await openSystemLog(logConnection, { database: 'dev', now: Date.now });
    await Promise.all(
      [1, 2, 3].map((queryId) => {
        const log = store.forStatement({ ...STATEMENT, queryId });
        log.loadErrors([ERROR, ERROR]);
        return log.flush();
      }),
    );
    expect(await rowsOf('select count(*)::int from rs_system.stl_load_errors')).toEqual([[6]]);
  });
});

describe('the views over the catalog', () => {
  it('show columns with Redshift types', async () => {
    const definition = {
      kind: 'table',
      schema: 'public',
      name: 'sales',
      relationId: 100_001,
      isTemporary: false,
      columns: [
        {
          name: 'id',
          type: { name: 'bigint' },
          isNullable: false,
          identity: { kind: 'always', seed: 1, step: 1, sequence: 's' },
        },
        { name: 'city', type: { name: 'varchar', length: 30 }, isNullable: true, defaultText: "'x'" },
        { name: 'price', type: { name: 'numeric', precision: 8, scale: 2 }, isNullable: true },
        { name: 'at', type: { name: 'timestamp' }, isNullable: true },
      ],
      attributes: { distStyle: 'key', distKey: 'id', sortKeys: ['city'], primaryKey: [] },
    };
    await session.run(
      'CREATE TABLE public.sales (id bigint, city varchar, price decimal(8,2), "at" timestamp)',
    );
    await session.run("INSERT INTO rs_catalog.relations VALUES ('public', 'sales', $1)", [
      JSON.stringify(definition),
    ]);

    expect(
      await rowsOf('select "column", "type", distkey, sortkey, "notnull" from rs_system.pg_table_def'),
    ).toEqual([
      ['id', 'bigint', true, 0, true],
      ['city', 'character varying(30)', false, 1, false],
      ['price', 'numeric(8,2)', false, 0, false],
      ['at', 'timestamp without time zone', false, 0, false],
    ]);
    expect(
      await rowsOf(
        'select column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default from rs_system.svv_columns',
      ),
    ).toEqual([
      ['id', 'bigint', null, 64, 0, 'NO', `"identity"(100001, 0, '1,1'::text)`],
      ['city', 'character varying', 30, null, null, 'YES', "'x'"],
      ['price', 'numeric', null, 8, 2, 'YES', null],
      ['at', 'timestamp without time zone', null, null, null, 'YES', null],
    ]);
    expect(
      await rowsOf(
        'select "table", table_id, diststyle, sortkey1, max_varchar from rs_system.svv_table_info',
      ),
    ).toEqual([['sales', 100_001, 'KEY(id)', 'city', 30]]);
    expect(await rowsOf('select table_name, table_type from rs_system.svv_tables')).toEqual([
      ['sales', 'BASE TABLE'],
    ]);
  });
});
