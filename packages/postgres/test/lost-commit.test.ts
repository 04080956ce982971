import { MemoryObjectStore } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresWarehouse } from '../src/index.ts';
import { createTestDatabase } from './server/shared-server.ts';
import { SeveringProxy } from './severing-proxy.ts';

let proxy: SeveringProxy;
let warehouse: PostgresWarehouse;
beforeAll(async () => {
  const url = new URL(await createTestDatabase());
  proxy = await SeveringProxy.open(url);
  warehouse = new PostgresWarehouse({
    url: proxy.addressOf(url),
    objects: new MemoryObjectStore(),
    onCompletion: () => undefined,
  });
  await warehouse.transact(['CREATE TABLE public.t (id INTEGER)']);
});
afterAll(async () => {
  await warehouse.close();
  await proxy.close();
});

async function run(name: string, statements: readonly string[]) {
  const statement = await warehouse.submit({ name, clientToken: '', statements });
  for (;;) {
    const status = await warehouse.describe(statement);
    if (status.state !== 'running') return status;
    await new Promise(setImmediate);
  }
}

async function ids(): Promise<readonly unknown[]> {
  proxy.severs = 'none';
  return (await warehouse.transact(['SELECT id FROM public.t ORDER BY id'])).map(({ id }) => id);
}

describe('a connection that is lost at COMMIT', () => {
  it('leaves nobody certain: it may have been done', async () => {
    proxy.severs = 'after-commit';
    expect(await run('done', ['INSERT INTO public.t VALUES (1)'])).toEqual({ state: 'unknown' });
    proxy.severs = 'after-commit';
    await expect(warehouse.transact(['INSERT INTO public.t VALUES (2)'])).rejects.toMatchObject({
      class: 'unknown',
      code: 'connection-lost',
    });
    expect(await ids()).toEqual([1, 2]);
  });

  it('or not', async () => {
    proxy.severs = 'before-commit';
    expect(await run('not-done', ['INSERT INTO public.t VALUES (3)'])).toEqual({ state: 'unknown' });
    expect(await ids()).toEqual([1, 2]);
  });

  it('before it, is certain: nothing was done', async () => {
    const ended = 'SELECT pg_terminate_backend(pg_backend_pid())';
    expect(await run('ended', ['INSERT INTO public.t VALUES (4)', ended])).toMatchObject({
      state: 'failed',
      error: { class: 'unavailable' },
    });
    expect(await ids()).toEqual([1, 2]);
  });
});

describe('a statement', () => {
  it('that is cancelled ends, and is rolled back', async () => {
    proxy.severs = 'none';
    const statements = ['INSERT INTO public.t VALUES (5)', 'SELECT pg_sleep(60)'];
    const statement = await warehouse.submit({ name: 'slow', clientToken: '', statements });
    const other = new PostgresWarehouse({
      url: await currentUrl(),
      objects: new MemoryObjectStore(),
      onCompletion: () => undefined,
    });
    try {
      await expect.poll(() => other.describe(statement)).toEqual({ state: 'running' });
      expect(await other.find('slow')).toEqual(statement);
      await other.cancel(statement);
      await expect
        .poll(() => warehouse.describe(statement))
        .toMatchObject({
          state: 'failed',
          error: { class: 'transient', code: 'statement-cancelled' },
        });
      expect(await other.describe(statement)).toEqual({ state: 'unknown' });
    } finally {
      await other.close();
    }
    expect(await ids()).toEqual([1, 2]);
  });

  it('that ends the transaction itself is refused', async () => {
    const statements = ['INSERT INTO public.t VALUES (6)', '-- and so\n commit', 'SELECT 1 AS n'];
    await expect(warehouse.transact(statements)).rejects.toMatchObject({ code: 'transaction-ended' });
    expect(await ids()).toEqual([1, 2]);
    const savepoint = ['SAVEPOINT here', 'ROLLBACK TO SAVEPOINT here', 'SELECT 1 AS n'];
    expect(await warehouse.transact(savepoint)).toEqual([{ n: 1 }]);
  });
});

async function currentUrl(): Promise<string> {
  const [row] = await warehouse.transact(['SELECT current_database() AS name']);
  const url = new URL(await createTestDatabase());
  url.pathname = `/${String(row?.name)}`;
  return url.href;
}
