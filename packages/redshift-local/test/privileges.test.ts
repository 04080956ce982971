import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RedshiftLocal, Session } from '../src/index.ts';
import { openEngine, rowsOf, temporaryDirectory } from './open-engine.ts';

/** An engine with a table, a view on it and a user without rights; `run` and `as` give what was said. */
async function open(): Promise<{
  engine: RedshiftLocal;
  admin: Session;
  run: (...statements: string[]) => Promise<void>;
  as: (sql: string, user?: string) => Promise<string>;
}> {
  const engine = await openEngine();
  const admin = engine.session();
  const run = async (...statements: string[]): Promise<void> => {
    for (const sql of statements) await admin.execute(sql);
  };
  await run(
    'CREATE SCHEMA shop',
    'CREATE TABLE shop.orders (id int, n int)',
    'INSERT INTO shop.orders VALUES (1, 1)',
    'CREATE VIEW shop.big AS SELECT * FROM shop.orders WHERE n > 0',
    "CREATE USER loader PASSWORD 'Secret123'",
    'GRANT USAGE ON SCHEMA shop TO loader',
  );
  const as = async (sql: string, user = 'loader'): Promise<string> => {
    const session = engine.session({ user });
    try {
      const result = await session.execute(sql);
      return result.kind === 'rows' ? 'rows' : result.tag;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      await session.close();
    }
  };
  return { engine, admin, run, as };
}

describe('a user of CREATE USER', () => {
  it.each([
    ['SELECT * FROM shop.orders', 'permission denied for relation orders'],
    ['SELECT 1 WHERE EXISTS (SELECT 1 FROM shop.orders)', 'permission denied for relation orders'],
    ['SELECT * FROM shop.big', 'permission denied for relation big'],
    ['INSERT INTO shop.orders VALUES (1, 2)', 'permission denied for relation orders'],
    ['UPDATE shop.orders SET n = 2', 'permission denied for relation orders'],
    ['DELETE FROM shop.orders', 'permission denied for relation orders'],
    ['TRUNCATE shop.orders', 'permission denied for relation orders'],
    ['LOCK shop.orders', 'permission denied for relation orders'],
    [
      "COPY shop.orders FROM 's3://b/k' IAM_ROLE 'arn:aws:iam::123456789012:role/r'",
      'permission denied for relation orders',
    ],
    ['CREATE TEMP TABLE t AS SELECT * FROM shop.orders', 'permission denied for relation orders'],
    ['CREATE TEMP TABLE t (LIKE shop.orders)', 'permission denied for relation orders'],
    ['CREATE TABLE shop.other (a int)', 'permission denied for schema shop'],
    ['CREATE SCHEMA other', 'permission denied for database dev'],
    ['CREATE SCHEMA IF NOT EXISTS shop', 'permission denied for database dev'],
    ['DROP TABLE shop.orders', 'must be owner of relation orders'],
    ['DROP SCHEMA shop CASCADE', 'must be owner of schema shop'],
    ['ALTER TABLE shop.orders ADD COLUMN x int', 'must be owner of relation orders'],
    ['ALTER SCHEMA shop OWNER TO loader', 'must be owner of schema shop'],
    ['GRANT SELECT ON shop.orders TO loader', 'must be owner of relation orders'],
    ['GRANT CREATE ON DATABASE dev TO loader', 'must be superuser to grant rights on the database'],
    ["CREATE USER other PASSWORD 'Secret123'", 'must be superuser to create users'],
  ])('may not: %s', async (sql, message) => {
    const { as, admin } = await open();
    expect(await as(sql)).toBe(message);
    expect(await rowsOf(admin, 'SELECT * FROM shop.orders')).toEqual([[1, 1]]);
  });

  it('has what PUBLIC has: temporary tables, and tables of its own in public', async () => {
    const { as } = await open();
    expect(await as('CREATE TEMP TABLE t (a int)')).toBe('CREATE TABLE');
    expect(await as('CREATE TABLE mine (a int)')).toBe('CREATE TABLE');
    expect(await as('TRUNCATE mine')).toBe('TRUNCATE');
    expect(await as('DROP TABLE mine')).toBe('DROP TABLE');
  });

  it('has what it was granted, until it is revoked', async () => {
    const { as, run } = await open();
    await run('GRANT SELECT, INSERT ON TABLE shop.orders TO loader');
    expect(await as('SELECT * FROM shop.orders')).toBe('rows');
    expect(await as('INSERT INTO shop.orders VALUES (2, 2)')).toBe('INSERT');
    expect(await as('UPDATE shop.orders SET n = 2')).toBe('permission denied for relation orders');
    await run('GRANT UPDATE ON shop.orders TO loader');
    expect(await as('UPDATE shop.orders SET n = 2 WHERE id = 1')).toBe('UPDATE');
    expect(await as('LOCK shop.orders')).toBe('LOCK');
    await run('REVOKE SELECT ON shop.orders FROM loader');
    expect(await as('UPDATE shop.orders SET n = 2')).toBe('permission denied for relation orders');
    await run('REVOKE ALL ON shop.orders FROM loader');
    expect(await as('INSERT INTO shop.orders VALUES (2, 2)')).toBe('permission denied for relation orders');
  });

  it('reads a view without a right on its table', async () => {
    const { as, run } = await open();
    await run('GRANT SELECT ON shop.big TO loader');
    expect(await as('SELECT * FROM shop.big')).toBe('rows');
    expect(await as('SELECT * FROM shop.orders')).toBe('permission denied for relation orders');
  });

  it('needs USAGE of the schema as well', async () => {
    const { as, run } = await open();
    await run('GRANT SELECT ON shop.orders TO loader', 'REVOKE USAGE ON SCHEMA shop FROM loader');
    expect(await as('SELECT * FROM shop.orders')).toBe('permission denied for schema shop');
  });

  it('owns what it makes, and what it is given', async () => {
    const { as, run, admin } = await open();
    await run('CREATE SCHEMA ledger', 'ALTER SCHEMA ledger OWNER TO loader');
    expect(await as('CREATE TABLE ledger.receipts (a int)')).toBe('CREATE TABLE');
    expect(await as('LOCK ledger.receipts')).toBe('LOCK');
    await run('ALTER TABLE shop.orders OWNER TO loader');
    expect(await as('ALTER TABLE shop.orders ADD COLUMN x int')).toBe('ALTER TABLE');
    expect(
      await rowsOf(
        admin,
        "SELECT tablename, tableowner FROM pg_tables WHERE schemaname IN ('shop', 'ledger') ORDER BY 1",
      ),
    ).toEqual([
      ['orders', 'loader'],
      ['receipts', 'loader'],
    ]);
  });

  it('shares with everybody what PUBLIC is granted', async () => {
    const { as, run } = await open();
    await run('GRANT SELECT ON ALL TABLES IN SCHEMA shop TO PUBLIC');
    expect(await as('SELECT * FROM shop.orders')).toBe('rows');
    await run('REVOKE TEMP ON DATABASE dev FROM PUBLIC');
    expect(await as('CREATE TEMP TABLE t (a int)')).toBe(
      'permission denied to create temporary tables in database dev',
    );
  });

  it('keeps its rights when a table is renamed, and has none on another one of that name', async () => {
    const { as, run } = await open();
    await run(
      'GRANT SELECT ON shop.orders TO loader',
      'DROP VIEW shop.big',
      'ALTER TABLE shop.orders RENAME TO old_orders',
      'CREATE TABLE shop.orders (a int)',
    );
    expect(await as('SELECT * FROM shop.old_orders')).toBe('rows');
    expect(await as('SELECT * FROM shop.orders')).toBe('permission denied for relation orders');
  });
});

describe('users', () => {
  it('are not checked when nobody created them', async () => {
    const { as } = await open();
    expect(await as('DELETE FROM shop.orders', 'somebody')).toBe('DELETE');
  });

  it('are superusers with CREATEUSER', async () => {
    const { as, run } = await open();
    await run("CREATE USER root PASSWORD 'Secret123' CREATEUSER");
    expect(await as('DELETE FROM shop.orders', 'root')).toBe('DELETE');
    await run('ALTER USER root NOCREATEUSER');
    expect(await as('DELETE FROM shop.orders', 'root')).toBe('permission denied for schema shop');
  });

  it('cannot be created twice, and not be dropped while something is theirs', async () => {
    const { run } = await open();
    await expect(run("CREATE USER loader PASSWORD 'x'")).rejects.toThrow('user "loader" already exists');
    await expect(run('DROP USER loader')).rejects.toThrow(
      'cannot be dropped because some objects depend on it',
    );
    await run('REVOKE USAGE ON SCHEMA shop FROM loader', 'DROP USER loader', 'DROP USER IF EXISTS loader');
    await expect(run('DROP USER loader')).rejects.toThrow('user "loader" does not exist');
  });

  it('and grants follow the transaction', async () => {
    const { as, run } = await open();
    await run('BEGIN', 'GRANT SELECT ON shop.orders TO loader');
    expect(await as('SELECT 1 FROM shop.big')).toBe('permission denied for relation big');
    await run('ROLLBACK');
    expect(await as('SELECT * FROM shop.orders')).toBe('permission denied for relation orders');
  });

  it('and grants are there after a restart', async () => {
    const path = join(await temporaryDirectory(), 'w.db');
    const first = await openEngine({ path });
    const admin = first.session();
    for (const sql of [
      'CREATE TABLE t (a int)',
      "CREATE USER loader PASSWORD 'x'",
      'GRANT SELECT ON t TO loader',
    ]) {
      await admin.execute(sql);
    }
    await first.close();
    const second = await openEngine({ path });
    const loader = second.session({ user: 'loader' });
    expect(await rowsOf(loader, 'SELECT * FROM t')).toEqual([]);
    await expect(loader.execute('DELETE FROM t')).rejects.toThrow('permission denied for relation t');
    expect(await rowsOf(loader, 'SELECT usename, usesuper FROM pg_user ORDER BY 1')).toEqual([
      ['awsuser', true],
      ['loader', false],
    ]);
  });
});
