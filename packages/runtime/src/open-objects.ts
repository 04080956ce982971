import { resolve } from 'node:path';
import { awsClientOptions } from '@millrace/aws/client';
import type { MillraceConfig, ObjectStore } from '@millrace/core';
import { DirectoryObjectStore, DirectoryWatcher } from '@millrace/local';
import type { Adapters } from './adapters.ts';
import type { OpenContext } from './open-context.ts';

/** Listings meet the same paths again and again; beyond this many, new ones are not told. */
const MAX_SKIPPED = 1_000;

export interface OpenObjects extends Pick<Adapters, 'announce' | 'clear'> {
  readonly objects: ObjectStore;
}

/** The object store of a configuration, and who tells of new objects in it. */
export async function openObjects(config: MillraceConfig, context: OpenContext): Promise<OpenObjects> {
  const { objects: place } = config;
  if (place.kind === 'directory') return openDirectory(config, { ...context, path: context.at(place.path) });
  // Only now: who works on one machine does not load the AWS SDK.
  const [{ S3Client }, { S3ObjectStore }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@millrace/aws/s3'),
  ]);
  const client = new S3Client({ ...awsClientOptions(place), forcePathStyle: place.endpoint !== undefined });
  context.closers.push(() => client.destroy());
  return {
    objects: new S3ObjectStore(client),
    announce: async (options) => {
      const { announceFromQueues } = await import('./queue-announcer.ts');
      return announceFromQueues(config, options);
    },
  };
}

function openDirectory(config: MillraceConfig, context: OpenContext & { path: string }): OpenObjects {
  const { onSkipped, state, closers, path } = context;
  const objects = new DirectoryObjectStore(path, {
    settleMs: config.settleMs,
    ...(onSkipped === undefined ? {} : { onSkipped: oncePerPath(onSkipped) }),
    cachePath: resolve(state, 'etags.db'),
  });
  closers.push(() => objects.close());
  return {
    objects,
    clear: () => objects.removeAbandoned(),
    announce: ({ prefixes, onObjects, onListAgain, onError }) =>
      DirectoryWatcher.watch(objects, {
        prefixes,
        settleMs: config.settleMs,
        onObjects,
        onListAgain,
        onError,
      }),
  };
}

function oncePerPath(tell: (path: string, why: string) => void): (path: string, why: string) => void {
  const told = new Set<string>();
  return (path, why) => {
    if (told.has(path) || told.size >= MAX_SKIPPED) return;
    told.add(path);
    tell(path, why);
  };
}
