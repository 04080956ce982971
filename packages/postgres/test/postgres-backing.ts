import { SqliteTracker } from '@millrace/local';
import { MemoryObjectStore } from '@millrace/testkit';
import { type Backing, type BackingParts, RealEngine } from '@millrace/testkit/simulator';
import { Client } from 'pg';
import { PostgresWarehouse } from '../src/index.ts';

/** What is below the ports of a seed: a database of a server, emptied first, and the tracker in SQLite. */
export function openOn(url: string): (parts: BackingParts) => Promise<Backing> {
  return async ({ scheduler, dice }) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(
      'DROP SCHEMA IF EXISTS millrace CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public',
    );
    await client.end();
    const objects = new MemoryObjectStore({ now: () => scheduler.now });
    const tracker = new SqliteTracker(':memory:');
    const opened: PostgresWarehouse[] = [];
    const engine = new RealEngine({
      objects,
      scheduler,
      dice,
      warehouse: (onCompletion) => {
        const warehouse = new PostgresWarehouse({ url, objects, onCompletion });
        opened.push(warehouse);
        return warehouse;
      },
    });
    return {
      objects,
      tracker,
      engine,
      model: null,
      close: async () => {
        tracker.close();
        for (const warehouse of opened) await warehouse.close();
      },
    };
  };
}
