import { warehouseContract } from '@millrace/testkit';
import { CLUSTER, openDataApi, WORKGROUP } from '../../test/redshift/open-data-api.ts';

warehouseContract('DataApiWarehouse on a cluster', async () => {
  const { warehouse, objects, close } = await openDataApi({ options: { address: CLUSTER } });
  return { port: warehouse, objects, close };
});

warehouseContract('DataApiWarehouse on a workgroup', async () => {
  const { warehouse, objects, close } = await openDataApi({ options: { address: WORKGROUP } });
  return { port: warehouse, objects, close, keepsRawValues: false };
});
