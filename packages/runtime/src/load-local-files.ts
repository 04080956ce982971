import { basename, join } from 'node:path';
import {
  admit,
  definitionOf,
  formatOfName,
  type HandedFile,
  handedFiles,
  LoadError,
  type Loader,
  type LoadFile,
  loadFileOf,
  parseUrl,
  type TargetDefinition,
  urlOf,
} from '@millrace/core';
import { handOver } from './hand-over.ts';

/** Copies local files below a prefix of the target and lets those into its lane that it has not loaded. */
export async function loadLocalFiles(
  loader: Loader,
  target: string,
  paths: readonly string[],
): Promise<readonly HandedFile[]> {
  const definition = definitionOf(loader, target);
  const files: LoadFile[] = [];
  for (const path of paths) {
    const prefix = prefixFor(loader, definition, path);
    const object = await handOver(loader.objects, path, prefix);
    files.push(loadFileOf({ ...object, writtenAt: object.lastModifiedAt }, loader.now()));
  }
  const handed: HandedFile[] = [];
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const some = files.slice(at, at + FILES_AT_ONCE);
    const before = new Map((await handedFiles(loader, target, some)).map(({ id, status }) => [id, status]));
    const fresh = some.filter(({ id }) => before.get(id) !== 'loaded');
    await admit(loader, target, fresh);
    const after = await handedFiles(loader, target, fresh);
    const loaded = some.filter(({ id }) => before.get(id) === 'loaded');
    handed.push(...after, ...loaded.map(({ id, url }) => ({ target, id, url, status: 'loaded' as const })));
  }
  return handed;
}

/** Files of one question to tracker and receipts. */
const FILES_AT_ONCE = 1_000;

/**
 * Where a local file is to go: below the first prefix whose files look as its name says; else the first that takes it.
 *
 * @throws LoadError `target-without-prefix`, `file-not-routed`
 */
function prefixFor(loader: Loader, { name: target, from, copyFor }: TargetDefinition, path: string): string {
  const places = from.map((prefix) => {
    const { bucket, key } = parseUrl(prefix);
    return { prefix, at: { bucket, key: join('/', key, basename(path)).slice(1) } };
  });
  const [first] = places;
  if (first === undefined) {
    throw new LoadError('target-without-prefix', `${target} has no prefix to put files under`, {
      hint: "give the target a 'from'",
    });
  }
  // Before it is copied: what no route would take must not lie around in the object store.
  const taken = places.filter(({ at }) => loader.routesOf(at).includes(target));
  const format = formatOfName(path);
  const place = taken.find(({ at }) => copyFor(at).format === format) ?? taken[0];
  if (place) return place.prefix;
  throw new LoadError(
    'file-not-routed',
    `${path} would be ${urlOf(first.at)}, which is no file of ${target}`,
    {
      hint: "rename it so that it fits the target's 'from'",
    },
  );
}
