import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { awsClientOptions } from '@millrace/aws/client';
import { type MillraceConfig, type ObjectStore, readStatementName, type Warehouse } from '@millrace/core';
import { EmbeddedRedshift } from '@millrace/local';
import { RedshiftLocal } from '@millrace/redshift-local';
import type { Adapters } from './adapters.ts';
import { FollowedWarehouse } from './followed-warehouse.ts';
import { LOCAL_DATABASE, type OpenContext } from './open-context.ts';

/** How long nobody looks at a job that is in hand. A statement that ends is told of long before. */
const LEASE_MS = 60_000;

export interface OpenWarehouse extends Pick<Adapters, 'follow'> {
  readonly warehouse: Warehouse;
  /** First part of statement names. */
  readonly database: string;
  /** The role that COPY reads objects with. */
  readonly iamRole: string;
  readonly leaseMs: number;
  /** The engine in this process, when it is the warehouse. */
  readonly engine?: RedshiftLocal;
}

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
    return { warehouse, engine, database: LOCAL_DATABASE, iamRole: 'default', leaseMs: LEASE_MS };
  }
  const [{ RedshiftDataClient }, { DataApiWarehouse }] = await Promise.all([
    import('@aws-sdk/client-redshift-data'),
    import('@millrace/aws/redshift'),
  ]);
  const client = new RedshiftDataClient(awsClientOptions(place));
  closers.push(() => client.destroy());
  const { address, database, secretArn, iamRole } = place;
  const inner = new DataApiWarehouse(client, {
    address,
    database,
    ...(secretArn === undefined ? {} : { secretArn }),
  });
  const warehouse = new FollowedWarehouse(inner, { onCompletion });
  closers.push(() => warehouse.close());
  return {
    warehouse,
    database,
    iamRole,
    leaseMs: LEASE_MS,
    follow: (statement) => warehouse.follow(statement),
  };
}
