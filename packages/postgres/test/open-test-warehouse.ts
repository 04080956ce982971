import { MemoryObjectStore } from '@millrace/testkit';
import { PostgresWarehouse } from '../src/index.ts';
import { createTestDatabase } from './server/shared-server.ts';

export interface TestWarehouse {
  readonly warehouse: PostgresWarehouse;
  readonly objects: MemoryObjectStore;
  readonly url: string;
  close(): Promise<void>;
}

/** PostgreSQL with an empty database, over objects in memory. */
export async function openTestWarehouse(): Promise<TestWarehouse> {
  const url = await createTestDatabase();
  const objects = new MemoryObjectStore();
  const warehouse = new PostgresWarehouse({ url, objects, onCompletion: () => undefined });
  return { warehouse, objects, url, close: () => warehouse.close() };
}
