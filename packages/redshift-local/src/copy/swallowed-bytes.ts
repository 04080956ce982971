import { ByteSearch } from './byte-search.ts';
import type { CopyContext } from './copy-context.ts';
import { openObject, release } from './open-object.ts';
import type { TextLoad } from './strict-load.ts';

/**
 * Whether there is something in the bytes that DuckDB's reader passes over and Redshift does not.
 *
 * All files are searched to their ends, the compressed ones inflated for it: what stands in the last line counts as
 * much as what stands in the first, and here is where their checksums are checked.
 *
 * @throws RedshiftError of a file that cannot be read.
 */
export async function hasSwallowedBytes(
  load: TextLoad,
  context: CopyContext,
  signal: AbortSignal,
): Promise<boolean> {
  for (const file of load.files) {
    const search = searchFor(load);
    for await (const chunk of openObject(file, load.options.compression, context)) {
      if (signal.aborted) return false;
      if (search.finds(chunk)) return true;
      release(chunk);
    }
  }
  return false;
}

/** The search for one file of the load. */
export function searchFor({ options, shape }: TextLoad): ByteSearch {
  const isJson = shape !== undefined;
  return new ByteSearch({ blankLines: !options.ignoreBlankLines && !isJson, looseJson: isJson });
}
