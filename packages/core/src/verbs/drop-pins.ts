import type { LoadFile } from '../file/load-file.ts';
import { pinOf } from '../load/prepare-files.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { Loader } from './loader.ts';
import { rescuePlacesOf } from './rescue-place.ts';

/** Where pins are: below the control prefix. */
export function pinsOf({ settings: { control } }: Loader): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}pins/` };
}

/** Removes the pins, and the copies that fit, of files that nobody will load any more: loaded, or put aside. Those that are gone are done. */
export async function dropPins(loader: Loader, target: string, files: readonly LoadFile[]): Promise<void> {
  const definition = loader.targets.get(target);
  const places = files.flatMap((file) => [
    ...(definition?.pin === true ? [pinOf(pinsOf(loader), { id: file.id, key: file.identity.key })] : []),
    ...(definition?.drift?.rescues === true ? rescuePlacesOf(loader, file) : []),
  ]);
  for (const at of places) {
    const info = await loader.objects.head(at);
    if (info !== undefined) await loader.objects.delete(at, { ifMatch: info.etag });
  }
}
