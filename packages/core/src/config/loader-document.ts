import { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import type { Format } from './format-schema.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { readTarget } from './read-target.ts';
import { strictFields } from './strict-fields.ts';

/*
 * What the two documents of the S3-SQS-Lambda loaders have in common, which teams move to Millrace with: the queue's
 * configuration and the bulk loader's input. Both are snake_case JSON that people keep by hand.
 */

/** Neither document has a place for the format: the loaders read Parquet, unless COPY options say otherwise. */
const PARQUET: Format = { kind: 'parquet' };

const NO_TEXT = 'is not a text; write it in double quotes';

/** A value that somebody still has to fill in: `<TARGET_TABLE>`. */
const isFilledIn = (text: string): boolean => !/^<.*>$/su.test(text);

export const text = (meaning: string) =>
  z
    .string(NO_TEXT)
    .min(1, 'is empty; fill it in')
    .refine(isFilledIn, 'is a placeholder; fill it in')
    .describe(meaning);

/** Key and timestamp are checked when they are used: beside `merge_duplicate_pks: false` they say nothing. */
export const mergeOptions = strictFields({
  merge_duplicate_pks: z.boolean().default(false).describe('Whether rows are merged by their key.'),
  merge_pk: z
    .union([z.string(NO_TEXT), z.array(z.string(NO_TEXT))])
    .optional()
    .describe('The column or columns of the key: a text, with commas between several, or a list.'),
  merge_timestamp: z
    .string(NO_TEXT)
    .optional()
    .describe('The column that tells which row of a key is the latest.'),
});

export const cluster = strictFields({
  identifier: text('The cluster.'),
  db_name: text('The database.'),
});

export type MergeOptions = z.output<typeof mergeOptions>;

/** The cluster that a document names; Millrace takes its warehouse from its own configuration. */
export interface ClusterRef {
  readonly identifier: string;
  readonly database: string;
}

export interface DocumentTarget {
  readonly options: MergeOptions | undefined;
  readonly copyOptions: string;
  readonly roleArn: string | null;
  /** Undefined: the files are announced by a queue of their own. */
  readonly from?: string;
}

/** Where a document says what a target of the configuration says under these keys. */
export type DocumentPaths = Readonly<Record<'key' | 'latestBy' | 'from' | 'copy', ConfigProblem['path']>>;

/**
 * A target of a document: it goes through the configuration's own reader, so that both mean the same.
 * `merge_duplicate_pks: false` means append, whatever key and timestamp are named beside it.
 *
 * @returns undefined when there were problems.
 */
export function readDocumentTarget(
  name: string,
  document: DocumentTarget,
  { paths, problems }: { paths: DocumentPaths; problems: ConfigProblem[] },
): ConfiguredTarget | undefined {
  const found: ConfigProblem[] = [];
  const { definition } = readTarget(name, toTargetJson(document), {
    path: [],
    problems: found,
    fallbackFormat: PARQUET,
    requiresFrom: document.from !== undefined,
  });
  const isParquetSaid = /parquet/iu.test(document.copyOptions);
  for (const { path, message, hint } of found) {
    const [key, ...rest] = path;
    const where = isDocumentKey(key) ? [...paths[key], ...rest] : path;
    const isSurprise = message.includes('PARQUET') && !isParquetSaid;
    const reason = isSurprise
      ? 'without a format among the options files are Parquet: name the format'
      : hint;
    problems.push({ path: where, message, ...(reason === undefined ? {} : { hint: reason }) });
  }
  return definition;
}

function toTargetJson({
  options,
  copyOptions,
  roleArn,
  from,
}: DocumentTarget): Readonly<Record<string, unknown>> {
  const role = roleArn === null ? '' : `IAM_ROLE '${roleArn.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const copy = [copyOptions, role].filter((part) => part !== '').join(' ');
  const rest = { ...(from === undefined ? {} : { from }), ...(copy === '' ? {} : { copy }) };
  if (!options?.merge_duplicate_pks) return { mode: 'append', ...rest };
  const { merge_pk: key, merge_timestamp: latestBy } = options;
  const columns = typeof key === 'string' ? key.split(',').map((column) => column.trim()) : key;
  return { mode: 'upsert', key: columns, latestBy, ...rest };
}

function isDocumentKey(key: string | number | undefined): key is keyof DocumentPaths {
  return key === 'key' || key === 'latestBy' || key === 'from' || key === 'copy';
}
