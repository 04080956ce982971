import { LoadError } from '@millrace/core';

/** Which warehouse: a provisioned cluster or a serverless workgroup (its name or ARN). */
export type WarehouseAddress =
  | { readonly cluster: string; readonly dbUser?: string | undefined }
  | { readonly workgroup: string };

/** Where statements run, and as whom. */
export interface WarehousePlace {
  readonly address: WarehouseAddress;
  readonly database: string;
  /** The secret with the database user's credentials; without one, temporary credentials by IAM. */
  readonly secretArn?: string | undefined;
}

/** How the Data API is told where to run a statement: part of the input of several operations. */
export interface PlaceInput {
  readonly ClusterIdentifier?: string;
  readonly WorkgroupName?: string;
  readonly Database: string;
  readonly DbUser?: string;
  readonly SecretArn?: string;
}

/**
 * The place as the Data API wants it.
 *
 * @throws LoadError `warehouse-address` (class `config`) when a secret and a database user are both named: the Data
 * API takes one of the two ways to log in.
 */
export function toPlaceInput({ address, database, secretArn }: WarehousePlace): PlaceInput {
  const secret = secretArn === undefined ? {} : { SecretArn: secretArn };
  if ('workgroup' in address) return { WorkgroupName: address.workgroup, Database: database, ...secret };
  const { cluster, dbUser } = address;
  if (dbUser !== undefined && secretArn !== undefined) {
    throw new LoadError(
      'warehouse-address',
      `cluster ${cluster}: both dbUser '${dbUser}' and a secret are given`,
      {
        class: 'config',
        hint: 'name one of the two: the secret holds a user of its own',
      },
    );
  }
  return {
    ClusterIdentifier: cluster,
    Database: database,
    ...(dbUser === undefined ? {} : { DbUser: dbUser }),
    ...secret,
  };
}

/** `cluster analytics, database prod`: what messages call the warehouse. */
export function describePlace({ address, database }: WarehousePlace): string {
  const where = 'workgroup' in address ? `workgroup ${address.workgroup}` : `cluster ${address.cluster}`;
  return `${where}, database ${database}`;
}
