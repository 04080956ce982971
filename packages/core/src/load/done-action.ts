import { parseUrl } from '../file/identity.ts';
import type { LoadFile } from '../file/load-file.ts';
import type { ConditionalOutcome, ObjectRef, ObjectStore } from '../ports/object-store.ts';
import type { TargetDefinition } from './target-definition.ts';

/**
 * What happens to an object when its rows are proven to be loaded. May be repeated after a crash: a move whose copy
 * was done copies again and deletes; what is gone already is done. A version that took the place of the loaded one
 * is left alone, to be loaded itself.
 */
export async function runDoneAction(
  objects: ObjectStore,
  {
    file,
    definition,
    tag,
  }: { file: LoadFile; definition: TargetDefinition; tag: Readonly<Record<string, string>> },
): Promise<ConditionalOutcome> {
  const { identity } = file;
  const ifMatch = identity.etag;
  switch (definition.after.kind) {
    case 'keep':
      return 'done';
    case 'tag':
      return objects.tag(identity, tag, { ifMatch });
    case 'delete':
      return objects.delete(identity, { ifMatch });
    case 'move': {
      const copied = await objects.copy(identity, movedTo(definition.after.to, identity, definition.from), {
        ifMatch,
      });
      return copied === 'done' ? objects.delete(identity, { ifMatch }) : copied;
    }
  }
}

/** The processed prefix plus what the key has beyond its route's prefix. */
export function movedTo(to: string, { bucket, key }: ObjectRef, from: readonly string[]): ObjectRef {
  const destination = parseUrl(to);
  const prefixes = from
    .map(parseUrl)
    .filter((prefix) => prefix.bucket === bucket && key.startsWith(prefix.key));
  const longest = prefixes.reduce(
    (longer, { key: prefix }) => (prefix.length > longer.length ? prefix : longer),
    '',
  );
  return { bucket: destination.bucket, key: destination.key + key.slice(longest.length) };
}
