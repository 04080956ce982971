import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { DataApiWarehouse, type DataApiWarehouseOptions } from '@millrace/aws/redshift';
import { RedshiftLocal } from '@millrace/redshift-local';
import { DataApiServer, type DataApiServerOptions } from '@millrace/redshift-local/data-api';
import { MemoryObjectStore } from '@millrace/testkit';

/** A Data API server before an engine in memory, and the adapter before the SDK's client: all over HTTP. */
export interface OpenedDataApi {
  readonly objects: MemoryObjectStore;
  readonly engine: RedshiftLocal;
  readonly server: DataApiServer;
  readonly client: RedshiftDataClient;
  readonly warehouse: DataApiWarehouse;
  close(): Promise<void>;
}

export const CLUSTER = { cluster: 'analytics' } as const;
export const WORKGROUP = { workgroup: 'analytics' } as const;

export async function openDataApi({
  options = {},
  server: serverOptions = {},
  maxAttempts = 3,
}: {
  options?: Partial<DataApiWarehouseOptions>;
  server?: Partial<DataApiServerOptions>;
  maxAttempts?: number;
} = {}): Promise<OpenedDataApi> {
  const objects = new MemoryObjectStore();
  const engine = await RedshiftLocal.open({ path: ':memory:', objects, database: 'dev' });
  const server = await DataApiServer.start({
    engine,
    // AWS's rates would make a suite that asks in a loop wait for them; a test that wants them says so.
    limits: { callsPerSecond: {} },
    ...serverOptions,
  });
  const client = newClient(server.url, maxAttempts);
  return {
    objects,
    engine,
    server,
    client,
    warehouse: new DataApiWarehouse(client, { address: CLUSTER, database: 'dev', patienceMs: 0, ...options }),
    close: async () => {
      client.destroy();
      await server.close();
      await engine.close();
    },
  };
}

export function newClient(endpoint: string, maxAttempts = 3): RedshiftDataClient {
  return new RedshiftDataClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts,
  });
}
