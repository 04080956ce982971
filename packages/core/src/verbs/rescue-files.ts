import { RESCUED } from '../drift/drift-policy.ts';
import { requiredColumns } from '../drift/plan-fit.ts';
import { urlOf } from '../file/identity.ts';
import type { LoadFile } from '../file/load-file.ts';
import { copyOf } from '../load/build-job.ts';
import type { JobFile } from '../load/job-document.ts';
import type { FileCopy, TargetDefinition } from '../load/target-definition.ts';
import type { FileShapes, RescuedFile } from '../ports/file-shapes.ts';
import type { ObjectRef } from '../ports/object-store.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import type { Loader } from './loader.ts';
import { isChanged, toShapedFile } from './look-at-files.ts';

/** Files that are copied at a time. */
const CONCURRENT_COPIES = 4;

export interface RescuedFiles {
  readonly files: readonly JobFile[];
  readonly copy: FileCopy;
  readonly columns: readonly string[] | undefined;
}

/** Where the copy of a file is: by the file's own id, so that a copy that was made before is made over, not made twice. */
export function rescuePlaceOf({ settings: { control } }: Loader, { id }: Pick<LoadFile, 'id'>): ObjectRef {
  return { bucket: control.bucket, key: `${control.key}rescued/${id}` };
}

/** Where a copy of the file may be. */
export function rescuePlacesOf(loader: Loader, file: Pick<LoadFile, 'id'>): readonly ObjectRef[] {
  const { bucket, key } = rescuePlaceOf(loader, file);
  return ['csv', 'json'].map((ending) => ({ bucket, key: `${key}.${ending}.gz` }));
}

/**
 * Copies of files in which every row fits the table. One in which everything fits after all stays as it is, and is left to another job.
 *
 * @returns undefined when none is left, or one has changed meanwhile: the lane is looked at again then.
 */
export async function rescueFiles(
  loader: Loader,
  {
    definition,
    shapes,
    files,
    tableColumns,
  }: {
    definition: TargetDefinition;
    shapes: FileShapes;
    files: readonly JobFile[];
    tableColumns: readonly TableColumn[];
  },
): Promise<RescuedFiles | undefined> {
  const made: { file: JobFile; rescued: RescuedFile }[] = [];
  const required = requiredColumns(definition.rule);
  for (let at = 0; at < files.length; at += CONCURRENT_COPIES) {
    const some = files.slice(at, at + CONCURRENT_COPIES);
    try {
      const copies = await Promise.all(
        some.map(async (file) =>
          shapes.rescue(await toShapedFile(loader, { definition, file }), {
            tableColumns,
            required,
            into: RESCUED,
            to: rescuePlaceOf(loader, file.file),
          }),
        ),
      );
      for (const [index, rescued] of copies.entries()) {
        const file = some[index];
        if (file !== undefined && rescued !== undefined) made.push({ file, rescued });
      }
    } catch (error) {
      if (isChanged(error)) return undefined;
      throw error;
    }
  }
  const [first] = made;
  if (first === undefined) return undefined;
  const isAlike = ({ rescued }: (typeof made)[number]): boolean =>
    rescued.copy.options === first.rescued.copy.options &&
    JSON.stringify(rescued.columns) === JSON.stringify(first.rescued.columns);
  return {
    files: made.filter(isAlike).map(({ file, rescued }) => ({
      ...file,
      loadUrl: urlOf(rescued.at),
      loadSize: rescued.size,
    })),
    copy: { ...copyOf(definition, first.file.file), ...first.rescued.copy },
    columns: first.rescued.columns ?? undefined,
  };
}
