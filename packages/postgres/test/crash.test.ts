import { Client } from 'pg';
import { crashSuite } from '../../runtime/test/crash/crash-suite.ts';
import { createTestDatabase } from './server/shared-server.ts';

/** Fewer than on the engine in the process: each start waits for connections too. */
const OFTEN = { kills: 8, times: 2 };

crashSuite(
  'PostgreSQL',
  async () => {
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
  },
  OFTEN,
);
