import type { LoadFile } from '../file/load-file.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { Loader } from './loader.ts';

/** Where the copy of a file is: by the file's own id, so that a copy that was made before is made over, not made twice. */
export function rescuePlaceOf({ settings: { control } }: Loader, { id }: Pick<LoadFile, 'id'>): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}rescued/${id}` };
}

/** Where a copy of the file may be. */
export function rescuePlacesOf(loader: Loader, file: Pick<LoadFile, 'id'>): readonly ObjectRef[] {
  const { bucket, key } = rescuePlaceOf(loader, file);
  return ['csv', 'json'].map((ending) => ({ bucket, key: `${key}.${ending}.gz` }));
}
