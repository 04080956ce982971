import { parseCopyOptions } from '../copy/parse-copy-options.ts';
import type { FileCopy } from '../load/target-definition.ts';

/**
 * Whether files that are read so name their columns: CSV with a line of names, JSON by its names, Parquet, chunks. What others hold cannot be told
 * from one shape to the next.
 */
export function namesColumns(copy: Pick<FileCopy, 'options' | 'columnList'>): boolean {
  const { format, encoding, ignoreHeader } = parseCopyOptions(copy.options);
  if (encoding !== 'utf8') return false;
  switch (format.kind) {
    case 'csv':
      return copy.columnList !== undefined || ignoreHeader === 1;
    case 'json':
      return format.paths.kind === 'auto' || format.paths.kind === 'auto-ignorecase';
    case 'parquet':
      return true;
    default:
      return false;
  }
}
