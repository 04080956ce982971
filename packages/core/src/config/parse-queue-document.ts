import { z } from 'zod';
import { attempt, ConfigError, type ConfigProblem } from './config-error.ts';
import { type ClusterRef, cluster, mergeOptions, readDocumentTarget, text } from './loader-document.ts';
import type { ConfiguredTarget } from './millrace-config.ts';
import { parseJson } from './parse-json.ts';
import { readFields } from './read-fields.ts';
import { strictFields } from './strict-fields.ts';
import { parseTargetName } from './target-name.ts';
import { parseTolerantJson } from './tolerant-json.ts';

/** A queue and the one table that the files it announces go to. */
export interface QueueDocument {
  readonly queueName: string;
  /** Has no rules: what the queue announces is for this target. */
  readonly definition: ConfiguredTarget;
  /** Where the document says that the table is; null when it does not say. */
  readonly cluster: ClusterRef | null;
}

/** SQS: letters, digits, `-` and `_`. S3 sends to no FIFO queue, so there is no `.fifo`. */
const QUEUE_NAME = /^[\w-]{1,80}$/u;

const queueDocument = strictFields({
  copy: strictFields({
    options: z.string().default(''),
    role_arn: text('The role that COPY reads objects with.').optional(),
    table_name: text('The table, as schema.table.'),
  }).describe('The table, and COPY options.'),
  cluster: cluster.optional(),
  options: mergeOptions.optional(),
});

/**
 * Reads the configuration of a queue: `copy` (`options`, `role_arn`, `table_name`), `cluster`, `options`. The document
 * is named after its queue: `orders_queue.json` is about `orders_queue`. Commas behind the last entry are taken. Files
 * are Parquet unless `copy.options` names a format; `merge_duplicate_pks: false`, or no options, means append.
 *
 * @throws ConfigError with every problem.
 */
export function parseQueueDocument(json: string, { queueName }: { queueName: string }): QueueDocument {
  const source = `${queueName}.json`;
  const problems: ConfigProblem[] = [];
  if (!QUEUE_NAME.test(queueName)) {
    const hint = 'name the document after a standard queue: letters, digits, - and _, and .json';
    problems.push({ path: [], message: `'${queueName}' is not the name of a queue`, hint });
  }
  const value = parseJson(json, { source, parse: parseTolerantJson });
  const { copy, options, cluster: at } = readFields(queueDocument, value, { path: [], problems });
  const name =
    copy && attempt({ path: ['copy', 'table_name'], problems }, () => parseTargetName(copy.table_name));
  const definition =
    copy && name !== undefined
      ? readDocumentTarget(
          name,
          { options, copyOptions: copy.options, roleArn: copy.role_arn ?? null },
          {
            problems,
            paths: {
              key: ['options', 'merge_pk'],
              latestBy: ['options', 'merge_timestamp'],
              from: [],
              copy: ['copy', 'options'],
            },
          },
        )
      : undefined;
  if (problems.length > 0 || !definition) throw new ConfigError(source, problems);
  return {
    queueName,
    definition: { ...definition, queues: [queueName] },
    cluster: at ? { identifier: at.identifier, database: at.db_name } : null,
  };
}
