import type { LoadDetailRow } from '../system/system-log.ts';
import type { CopyContext } from './copy-context.ts';
import type { LoadErrorList } from './load-error-list.ts';
import { loadStrictly, type TextLoad } from './strict-load.ts';

/** Loads text and JSON: by DuckDB's own reader where it means the same, else row by row here. */
export async function loadText(
  load: TextLoad,
  errors: LoadErrorList,
  context: CopyContext,
): Promise<{ rows: number; details: readonly LoadDetailRow[] }> {
  return loadStrictly(load, errors, context);
}
