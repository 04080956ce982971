import { parseConfig } from '@millrace/core';
import { Millrace } from '@millrace/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { rowsOf, TestProjects } from '../../runtime/test/test-project.ts';
import { PostgresServer } from './server/postgres-server.ts';

const projects = new TestProjects();
const servers: PostgresServer[] = [];
afterAll(async () => {
  projects.removeAll();
  for (const server of servers) await server.close();
});

const TABLES = `
CREATE SCHEMA shop;
CREATE TABLE shop.sales (id INTEGER NOT NULL, v INTEGER, _loaded_at TIMESTAMPTZ, _job_id TEXT);
CREATE TABLE shop.prices (id INTEGER NOT NULL, v INTEGER, ts INTEGER);
CREATE TABLE public.facts (id INTEGER NOT NULL, v INTEGER);
`;
const csv = { kind: 'csv' };
const TARGETS = {
  'shop.sales': {
    mode: 'append',
    from: 's3://lake/sales/',
    format: csv,
    provenance: true,
    onRewrite: 'replace',
  },
  'shop.prices': {
    mode: 'upsert',
    key: 'id',
    latestBy: 'ts',
    from: 's3://lake/prices/',
    format: csv,
    columns: ['id', 'v', 'ts', 'op'],
    tombstone: { column: 'op', equals: 'D' },
  },
  'public.facts': { mode: 'insert-only', key: 'id', from: 's3://lake/facts/', format: csv },
};

describe('a user with what `millrace grants` says, and nothing beyond,', () => {
  it('loads in every mode', { timeout: 60_000 }, async () => {
    const server = await PostgresServer.open();
    servers.push(server);
    const url = await server.createDatabase();
    const database = new URL(url).pathname.slice(1);
    const project = projects.make({
      tables: TABLES,
      targets: TARGETS,
      config: { warehouse: { kind: 'postgres', url } },
    });
    const owner = await project.open();
    const { statements } = await owner.grants('loader');
    await owner.stop();
    // As before the first start: the owner has looked, and made nothing but the tables.
    await server.run(
      database,
      'DROP SCHEMA millrace CASCADE; REVOKE ALL ON SCHEMA public FROM PUBLIC; CREATE ROLE loader LOGIN',
    );
    for (const statement of [...statements, ...statements]) await server.run(database, statement);

    project.put('sales/a.csv', '1,1\n2,2\n');
    project.put('prices/a.csv', '1,1,1,\n2,2,1,\n');
    project.put('facts/a.csv', '1,1\n');
    const loader = await Millrace.open(
      parseConfig(
        {
          settle: '20ms',
          warehouse: { kind: 'postgres', url: server.urlOf(database, 'loader') },
          targets: TARGETS,
        },
        { source: 'test' },
      ),
      { directory: project.directory, migrates: false },
    );
    try {
      await loader.start();
      await loader.untilIdle();
      project.put('sales/a.csv', '1,10\n');
      project.put('prices/b.csv', '1,1,2,D\n');
      await expect
        .poll(() => rowsOf(loader, 'SELECT id, v FROM shop.sales'), { timeout: 20_000 })
        .toEqual([{ id: 1, v: 10 }]);
      await expect
        .poll(() => rowsOf(loader, 'SELECT id, v FROM shop.prices'), { timeout: 20_000 })
        .toEqual([{ id: 2, v: 2 }]);
      expect(await rowsOf(loader, 'SELECT id, v FROM public.facts')).toEqual([{ id: 1, v: 1 }]);
      await expect(loader.query('CREATE TABLE public.other (id INTEGER)')).rejects.toMatchObject({
        code: 'permission-denied',
      });
      await expect(loader.query('DROP TABLE shop.sales')).rejects.toMatchObject({
        code: 'permission-denied',
      });
    } finally {
      await loader.stop();
    }
  });
});
