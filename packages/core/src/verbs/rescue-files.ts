import { isReserved, requiredColumns } from '../drift/column-roles.ts';
import { RESCUED } from '../drift/drift-policy.ts';
import { urlOf } from '../file/identity.ts';
import { copyOf } from '../load/build-job.ts';
import type { JobFile } from '../load/job-document.ts';
import type { FileCopy, TargetDefinition } from '../load/target-definition.ts';
import type { FileShapes, RescuedFile } from '../ports/file-shapes.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import type { Loader } from './loader.ts';
import { isChanged, toShapedFile } from './look-at-files.ts';
import { rescuePlaceOf } from './rescue-place.ts';

/** Files that are copied at a time. */
const CONCURRENT_COPIES = 4;

export interface RescuedFiles {
  readonly files: readonly JobFile[];
  /** How COPY reads the copies; undefined: every value fits after all, and the files are read as they are. */
  readonly copy: FileCopy | undefined;
  /** The columns of the copies; null: by their names. */
  readonly columns: readonly string[] | null;
}

/**
 * Copies of files in which every row fits the table. A file in which everything fits after all stays as it is, and goes into another job
 * than those that do not: the oldest file decides which comes first, so that neither waits for ever.
 *
 * @returns undefined when a file has gone or changed meanwhile: the lane is looked at again then.
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
  const looked: { file: JobFile; rescued: RescuedFile | undefined }[] = [];
  const required = requiredColumns(definition.rule);
  const own = tableColumns.filter(({ name }) => !isReserved(name, definition));
  for (let at = 0; at < files.length; at += CONCURRENT_COPIES) {
    const some = files.slice(at, at + CONCURRENT_COPIES);
    try {
      const copies = await Promise.all(
        some.map(async (file) =>
          shapes.rescue(await toShapedFile(loader, { definition, file }), {
            tableColumns: own,
            required,
            into: RESCUED,
            to: rescuePlaceOf(loader, file.file),
          }),
        ),
      );
      for (const [index, rescued] of copies.entries()) {
        const file = some[index];
        if (file !== undefined) looked.push({ file, rescued });
      }
    } catch (error) {
      if (isChanged(error)) return undefined;
      throw error;
    }
  }
  const made = looked.flatMap(({ file, rescued }) => (rescued === undefined ? [] : [{ file, rescued }]));
  const [oldest] = looked;
  const [first] = made;
  if (first === undefined || oldest?.rescued === undefined) {
    const fitting = looked.filter(({ rescued }) => rescued === undefined).map(({ file }) => file);
    return { files: fitting, copy: undefined, columns: null };
  }
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
    columns: first.rescued.columns,
  };
}
