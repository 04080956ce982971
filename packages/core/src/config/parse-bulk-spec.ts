import { z } from 'zod';
import { attempt, ConfigError, type ConfigProblem } from './config-error.ts';
import { type ClusterRef, cluster, mergeOptions, readDocumentTarget, text } from './loader-document.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { parseJson } from './parse-json.ts';
import { readFields } from './read-fields.ts';
import { strictFields } from './strict-fields.ts';
import { parseTargetName } from './target-name.ts';
import { parseTolerantJson } from './tolerant-json.ts';

/** One prefix that is to be loaded, and how. */
export interface BulkPath {
  /** `s3://bucket/prefix`: every object whose key begins so. */
  readonly prefix: string;
  /** The target as the configuration would define it, with this prefix as its only source. */
  readonly definition: ConfiguredTarget;
}

/** What a bulk load is to do. */
export interface BulkSpec {
  readonly paths: readonly BulkPath[];
  /** Where the document says that the tables are; null when it does not say. */
  readonly cluster: ClusterRef | null;
}

const bulkPath = strictFields({
  s3_path: text('Where the files are: s3://bucket/prefix.'),
  table: text('The table, as schema.table.'),
  options: mergeOptions.optional(),
});

const bulkDocument = strictFields({
  paths: z.array(z.unknown()).min(1, 'is empty; name what is to be loaded').describe('What is to be loaded.'),
  copy: strictFields({
    role_arn: text('The role that COPY reads objects with.').optional(),
    options: z.string().default(''),
  }).default({ options: '' }),
  cluster: cluster.optional(),
});

/**
 * Reads the input of a bulk load: `paths` (each `s3_path`, `table`, `options`), `copy` (`role_arn`, `options`),
 * `cluster`. Commas behind the last entry are taken. Files are Parquet unless `copy.options` names a format;
 * `merge_duplicate_pks: false`, or no options, means append.
 *
 * @throws ConfigError with every problem.
 */
export function parseBulkSpec(
  json: string,
  { source = 'bulk document' }: { source?: string } = {},
): BulkSpec {
  const problems: ConfigProblem[] = [];
  const document = readFields(bulkDocument, parseJson(json, { source, parse: parseTolerantJson }), {
    path: [],
    problems,
  });
  const { role_arn: roleArn = null, options: copyOptions = '' } = document.copy ?? {};
  const paths = (document.paths ?? []).flatMap((value, index): readonly BulkPath[] => {
    const path = ['paths', index];
    const { s3_path: prefix, table, options } = readFields(bulkPath, value, { path, problems });
    const name =
      table === undefined
        ? undefined
        : attempt({ path: [...path, 'table'], problems }, () => parseTargetName(table));
    if (prefix === undefined || name === undefined) return [];
    const definition = readDocumentTarget(
      name,
      { options, copyOptions, roleArn, from: prefix },
      {
        problems,
        paths: {
          key: [...path, 'options', 'merge_pk'],
          latestBy: [...path, 'options', 'merge_timestamp'],
          from: [...path, 's3_path'],
          copy: ['copy', 'options'],
        },
      },
    );
    return definition ? [{ prefix, definition }] : [];
  });
  if (problems.length > 0) throw new ConfigError(source, problems);
  const { identifier, db_name: database } = document.cluster ?? {};
  return {
    paths,
    cluster: identifier === undefined || database === undefined ? null : { identifier, database },
  };
}
