import type { LoadFile } from '../file/load-file.ts';
import { pinOf } from '../load/prepare-files.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { Loader } from './loader.ts';

/** Where pins are: below the control prefix. */
export function pinsOf({ settings: { control } }: Loader): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}pins/` };
}

/** Removes the pins of files that nobody will load any more: loaded, or put aside. Those that are gone are done. */
export async function dropPins(loader: Loader, target: string, files: readonly LoadFile[]): Promise<void> {
  if (loader.targets.get(target)?.pin !== true) return;
  for (const { id, identity } of files) {
    const pin = pinOf(pinsOf(loader), { id, key: identity.key });
    const info = await loader.objects.head(pin);
    if (info !== undefined) await loader.objects.delete(pin, { ifMatch: info.etag });
  }
}
