import { loadModesSuite } from '../../runtime/test/load-modes-suite.ts';
import { openTestWarehouse } from './open-test-warehouse.ts';

loadModesSuite('PostgresWarehouse', async () => {
  const { warehouse, objects, close } = await openTestWarehouse();
  return { warehouse, objects, idColumn: 'id BIGINT GENERATED ALWAYS AS IDENTITY', close };
});
