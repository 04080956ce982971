import type { ObjectStore } from '@millrace/core';
import { RedshiftError } from '../redshift-error.ts';
import type { LoadDetailRow } from '../system/system-log.ts';
import type { CopyContext } from './copy-context.ts';
import { loadFast } from './fast-load.ts';
import type { LoadErrorList } from './load-error-list.ts';
import { loadStrictly, type TextLoad } from './strict-load.ts';

/** Below this DuckDB's statement costs more than reading the rows here. */
const FAST_BYTES = 512 * 1024;
/** DuckDB opens a file in about a millisecond: many small ones are quicker here, too. */
const FAST_BYTES_PER_FILE = 32 * 1024;
const MAX_REMEMBERED = 10_000;

/** Loads that broke DuckDB's reader although they are right, by the first file: they are read strictly from then on. */
const strictOnly = new WeakMap<ObjectStore, Set<string>>();

/**
 * The reader gave up over files that are right, and the transaction is lost. Run again it succeeds: the files are then
 * read in another way.
 */
export class ReaderConflictError extends RedshiftError {}

/** Loads text and JSON: by DuckDB's own reader where it means the same, else row by row here. */
export async function loadText(
  load: TextLoad,
  errors: LoadErrorList,
  context: CopyContext,
): Promise<{ rows: number; details: readonly LoadDetailRow[] }> {
  const remembered = strictOnly.get(context.objects) ?? new Set();
  const key = `${load.files[0]?.url} ${load.files.length}`;
  if (!isWorthIt(load) || remembered.has(key)) return loadStrictly(load, errors, context);
  const outcome = await loadFast(load, context);
  switch (outcome.kind) {
    case 'loaded': {
      const lines = load.files.length === 1 ? outcome.rows + (load.shape ? 0 : load.options.ignoreHeader) : 0;
      const details = load.files.map(({ url, size }) => ({
        fileName: url,
        bytesScanned: size,
        linesScanned: lines,
      }));
      return { rows: outcome.rows, details };
    }
    case 'unsure':
      return loadStrictly(load, errors, context);
    case 'broken': {
      context.signal.throwIfAborted();
      // The transaction is lost; what is wrong with the files can still be found out.
      const checked = await loadStrictly(
        { ...load, options: { ...load.options, noLoad: true } },
        errors,
        context,
      );
      if (errors.hasFailed) return checked;
      if (remembered.size < MAX_REMEMBERED) strictOnly.set(context.objects, remembered.add(key));
      throw new ReaderConflictError(
        `could not complete because of conflict with the reader of ${load.files[0]?.url}`,
        {
          sqlState: '40001',
          detail: `run the transaction again: the files will be read in another way (${outcome.error.message.split('\n')[0]})`,
          cause: outcome.error,
        },
      );
    }
  }
}

function isWorthIt({ files }: TextLoad): boolean {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return bytes >= FAST_BYTES && bytes / files.length >= FAST_BYTES_PER_FILE;
}
