import { warehouseContract } from '@millrace/testkit';
import { openTestWarehouse } from './open-test-warehouse.ts';

warehouseContract('PostgresWarehouse', async () => {
  const { warehouse, objects, close } = await openTestWarehouse();
  return { port: warehouse, objects, invalidNumber: 'invalid input syntax for type integer', close };
});
