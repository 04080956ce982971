import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { awsClientOptions } from '@millrace/aws/client';
import {
  type MillraceConfig,
  type ObjectStore,
  type RedshiftWarehouse,
  readStatementName,
  type WarehouseState,
} from '@millrace/core';
import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import { FollowedWarehouse } from './followed-warehouse.ts';
import { LOCAL_DATABASE, type OpenContext } from './open-context.ts';
import { openPostgres } from './open-postgres.ts';
import type { OpenWarehouse } from './opened-warehouse.ts';

/** How long nobody looks at a job that is in hand. A statement that ends is told of long before. */
const LEASE_MS = 60_000;

/** The warehouse of a configuration, which tells when a statement has ended. */
export async function openWarehouse(
  config: MillraceConfig,
  context: OpenContext & { readonly objects: ObjectStore },
): Promise<OpenWarehouse> {
  const { warehouse: place } = config;
  const { at, closers, objects } = context;
  const onCompletion = ({ name }: { readonly name: string }): void => {
    const statement = readStatementName(name);
    if (statement) context.onCompletion(statement.target);
  };
  if (place.kind === 'local') {
    const path = at(place.path);
    mkdirSync(dirname(path), { recursive: true });
    const engine = await RedshiftLocal.open({ path, objects, database: LOCAL_DATABASE });
    closers.push(() => engine.close());
    const warehouse = new EmbeddedRedshift(engine, { onCompletion });
    const probe = async (): Promise<void> => {
      await warehouse.transact(['SELECT 1']);
    };
    return {
      warehouse,
      availability: { probe },
      engine,
      database: LOCAL_DATABASE,
      iamRole: 'default',
      leaseMs: LEASE_MS,
    };
  }
  if (place.kind === 'postgres') {
    return openPostgres(place, config, {
      ...context,
      leaseMs: LEASE_MS,
      onEnd: onCompletion,
    });
  }
  const [{ RedshiftDataClient }, { DataApiWarehouse, redshiftAvailability }] = await Promise.all([
    import('@aws-sdk/client-redshift-data'),
    import('@millrace/aws/redshift'),
  ]);
  const client = new RedshiftDataClient(awsClientOptions(place));
  closers.push(() => client.destroy());
  const { address, database, secretArn, iamRole } = place;
  const addressed = { address, database, ...(secretArn === undefined ? {} : { secretArn }) };
  const inner = new DataApiWarehouse(client, addressed);
  const warehouse = new FollowedWarehouse(inner, { onCompletion });
  closers.push(() => warehouse.close());
  const availability = redshiftAvailability(client, addressed, {
    ask: await controlPlaneOf(place, context),
    now: context.now,
    onError: (error) => context.onError('state of the warehouse', error),
  });
  return {
    warehouse,
    availability,
    database,
    iamRole,
    leaseMs: LEASE_MS,
    follow: (statement) => warehouse.follow(statement),
  };
}

/**
 * What asks AWS of a cluster or a workgroup. Undefined where the Data API has an address of its own: that of an emulator,
 * or of an endpoint in a private network, and there is no telling where the control plane is.
 */
async function controlPlaneOf(
  place: RedshiftWarehouse,
  { now, closers }: OpenContext,
): Promise<(() => Promise<WarehouseState>) | undefined> {
  if (place.endpoint !== undefined) return undefined;
  const { clusterState, workgroupState } = await import('@millrace/aws/redshift');
  const { address } = place;
  if ('workgroup' in address) {
    const { RedshiftServerlessClient } = await import('@aws-sdk/client-redshift-serverless');
    const client = new RedshiftServerlessClient(awsClientOptions(place));
    closers.push(() => client.destroy());
    return () => workgroupState(client, address.workgroup);
  }
  const { RedshiftClient } = await import('@aws-sdk/client-redshift');
  const client = new RedshiftClient(awsClientOptions(place));
  closers.push(() => client.destroy());
  return () => clusterState(client, address.cluster, { now: now() });
}
