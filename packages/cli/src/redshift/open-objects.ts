import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { awsClientOptions } from '@millrace/aws/client';
import { LoadError, type ObjectStore } from '@millrace/core';

/** Where COPY reads and UNLOAD writes. */
export type ObjectsPlace =
  /** `s3://bucket/key` is the file `<directory>/bucket/key`; made if it is not there. */
  | { readonly directory: string }
  /** S3, or what speaks like it; addressed by path. Keys come from the environment, as for any AWS SDK. */
  | { readonly s3Endpoint: string }
  | { readonly store: ObjectStore };

export interface OpenedObjects {
  readonly objects: ObjectStore;
  close(): void;
}

/** Opens the place; without one every COPY fails, and says what is missing. */
export async function openObjects(place: ObjectsPlace | undefined): Promise<OpenedObjects> {
  if (place === undefined) return { objects: noObjects(), close: () => undefined };
  if ('store' in place) return { objects: place.store, close: () => undefined };
  if ('s3Endpoint' in place) return openS3(place.s3Endpoint);
  const { DirectoryObjectStore } = await import('@millrace/local');
  const directory = resolve(place.directory);
  await mkdir(directory, { recursive: true });
  const objects = new DirectoryObjectStore(directory);
  return { objects, close: () => objects.close() };
}

async function openS3(endpoint: string): Promise<OpenedObjects> {
  const [{ S3Client }, { S3ObjectStore }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@millrace/aws/s3'),
  ]);
  const client = new S3Client({ ...awsClientOptions({ endpoint }), forcePathStyle: true });
  return { objects: new S3ObjectStore(client), close: () => client.destroy() };
}

function noObjects(): ObjectStore {
  const refuse = (): never => {
    throw new LoadError('objects-missing', 'this Redshift was started without objects', {
      hint: 'name a directory (--objects) or an S3 endpoint (--s3-endpoint)',
    });
  };
  return {
    head: async () => refuse(),
    list: refuse,
    read: async () => refuse(),
    write: async () => refuse(),
    copy: async () => refuse(),
    delete: async () => refuse(),
    tag: async () => refuse(),
  };
}
