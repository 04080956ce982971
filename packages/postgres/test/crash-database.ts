import { Client } from 'pg';
import type { CrashWarehouse } from '../../runtime/test/crash/crash-suite.ts';
import { createTestDatabase } from './server/shared-server.ts';

/** A database for a project, read on a connection of its own. */
export async function openCrashDatabase(): Promise<CrashWarehouse> {
  const url = await createTestDatabase();
  return {
    place: { kind: 'postgres', url },
    ask: async (_project, sql) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
        return (rows[0] ?? []).map(Number);
      } finally {
        await client.end();
      }
    },
  };
}
