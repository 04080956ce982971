import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from 'vitest';
import { splitQualified } from './split-qualified.ts';

it('finds the name in whatever DuckDB writes of a table', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const namesIn = (from: string) =>
    connection.getTableNames(`SELECT 1 FROM ${from}`, true).map(splitQualified);

  expect(namesIn('t')).toEqual([{ schema: undefined, name: 't' }]);
  expect(namesIn('s.t')).toEqual([{ schema: 's', name: 't' }]);
  expect(namesIn('dev.s.t')).toEqual([{ schema: 's', name: 't' }]);
  expect(namesIn('s.t AS receipt')).toEqual([{ schema: 's', name: 't' }]);
  expect(namesIn('s.t "an AS alias"')).toEqual([{ schema: 's', name: 't' }]);
  expect(namesIn('"a.b"."c AS ""d""" AS e')).toEqual([{ schema: 'a.b', name: 'c AS "d"' }]);
  expect(namesIn('temp.main.stage AS s')).toEqual([{ schema: 'pg_temp', name: 'stage' }]);

  connection.closeSync();
  instance.closeSync();
});
