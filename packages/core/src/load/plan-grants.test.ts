import { expect, it } from 'vitest';
import { parseConfig } from '../config/parse-config.ts';
import { planGrants } from './plan-grants.ts';
import type { Statement } from './statement.ts';

const column = (name: string) => ({ name, type: 'integer', isNullable: true, isIdentity: false });
const from = 's3://lake/x/';
const format = { kind: 'csv' };

function grantsOf(target: object): readonly Statement[] {
  const { targets } = parseConfig({ targets: { 'sales.t': target } }, { source: 'test' });
  const definition = targets.get('sales.t');
  if (definition === undefined) throw new Error('the target is there');
  const tableColumns = ['id', 'at', 'op'].map(column);
  return planGrants([{ definition, tableColumns }], { user: 'loader', database: 'prod' });
}

function privilegesOf(target: object): readonly string[] {
  return grantsOf(target).flatMap((statement) =>
    statement.kind === 'grant-table' ? statement.privileges : [],
  );
}

it('grants on a target what its load mode does, and no more', () => {
  const upsert = { mode: 'upsert', key: 'id', latestBy: 'at', from, format };
  expect(privilegesOf({ mode: 'append', from, format })).toEqual(['SELECT', 'INSERT']);
  const replace = { mode: 'append', provenance: true, onRewrite: 'replace', from, format };
  expect(privilegesOf(replace)).toEqual(['SELECT', 'INSERT', 'DELETE']);
  expect(privilegesOf({ mode: 'insert-only', key: 'id', from, format })).toEqual(['SELECT', 'INSERT']);
  expect(privilegesOf(upsert)).toEqual(['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
});

it('gives away the schema of the ledgers and each table in it, and nothing else', () => {
  const statements = grantsOf({
    mode: 'upsert',
    key: 'id',
    latestBy: 'at',
    tombstone: { column: 'op', equals: 'D' },
    from,
    format,
  });
  expect(statements.map(({ kind }) => kind)).toEqual([
    'create-schema',
    'own-schema',
    'grant-temporary-tables',
    'grant-schema',
    'grant-table',
    'create-receipts',
    'own-table',
    'create-lock',
    'own-table',
    'create-graves',
    'own-table',
  ]);
  expect(statements).toContainEqual({ kind: 'grant-schema', schema: 'sales', user: 'loader' });
});

it('gives a table away that has to follow its files: nobody but its owner may change it', () => {
  const named = { mode: 'append', from, format: { kind: 'json' } };
  const owned = (target: object): readonly unknown[] =>
    grantsOf(target).filter(
      (statement) => statement.kind === 'own-table' && statement.table.schema === 'sales',
    );
  expect(owned(named)).toEqual([]);
  expect(owned({ ...named, drift: 'evolve' })).toMatchObject([{ table: { name: 't' }, user: 'loader' }]);
});
