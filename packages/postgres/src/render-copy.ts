import type { TableName } from '@millrace/core';
import { LoadError } from '@millrace/core';
import { toFileReading } from './copy/file-reading.ts';
import { quoteList, quoteTable } from './quote.ts';

/** What a COPY of ours reads: the objects of a manifest, each as the options say. */
export interface CopySource {
  /** `s3://bucket/key` of a COPY manifest. */
  readonly manifest: string;
  /** COPY options in Redshift's words: what the files look like. */
  readonly options: string;
}

const MARK = '-- millrace reads ';

/**
 * A COPY whose rows we send ourselves: PostgreSQL cannot read the object store. What is to be read stands in a comment
 * before it, so that the stored SQL of a job says all of it.
 *
 * @throws LoadError `copy-option` (class `config`) for options that have no meaning here.
 */
export function renderCopy({
  into,
  columns,
  manifest,
  options,
}: CopySource & { readonly into: TableName; readonly columns: readonly string[] }): string {
  toFileReading(options);
  return `${MARK}${JSON.stringify({ manifest, options })}
COPY ${quoteTable(into)} (${quoteList(columns)}) FROM STDIN`;
}

/** What `renderCopy` wrote; undefined for any other statement. */
export function readCopy(sql: string): { readonly source: CopySource; readonly command: string } | undefined {
  if (!sql.startsWith(MARK)) return undefined;
  const end = sql.indexOf('\n');
  try {
    const source = JSON.parse(sql.slice(MARK.length, end)) as CopySource;
    return { source, command: sql.slice(end + 1) };
  } catch (cause) {
    throw new LoadError('copy-mark', 'the comment before COPY is not what was written there', {
      class: 'config',
      cause,
    });
  }
}
