import {
  type AlertPlace,
  ConfigError,
  type ConfigProblem,
  type ObjectRef,
  parseConfig,
  parseUrl,
} from '@millrace/core';
import { z } from 'zod';

/** What every function is told beside where its targets are. */
export interface CommonEnvironment {
  /** Where wakes wait; undefined: nobody wakes a lane, and the sweeper finds it within a minute. */
  readonly wakeQueueUrl?: string | undefined;
  /** The queue by which the lister hands targets to invocations of its own; undefined: it lists them one by one. */
  readonly listQueueUrl?: string | undefined;
  /** The bus that `TableLoaded` events go to. */
  readonly eventBus: string;
  /** Files that one run of the lister lets into a target's lane. */
  readonly maxFilesPerRun: number;
  /** The event source of the consumer hears which records of a batch are to come again. */
  readonly answersPartially: boolean;
  /** Addresses S3 by path, as emulators want it. */
  readonly forcePathStyle: boolean;
}

/** Targets by one JSON document per queue. */
export interface DocumentEnvironment extends CommonEnvironment {
  readonly kind: 'documents';
  /** The documents are `<queue>.json` below it. The key is empty or ends with `/`. */
  readonly documents: ObjectRef;
  /** Millrace's own prefix; the key is empty or ends with `/`. */
  readonly control: ObjectRef;
  readonly table: string;
  /** What a document's `cluster.identifier` names. */
  readonly addressing: 'cluster' | 'workgroup';
  readonly dbUser?: string | undefined;
  readonly secretArn?: string | undefined;
  /** Loads that may run at once on each database. */
  readonly maxLoads: number;
  /** Who is told of conditions. */
  readonly alerts: readonly AlertPlace[];
}

/** Targets by a `millrace.config.json` in S3. */
export interface ConfigEnvironment extends CommonEnvironment {
  readonly kind: 'config';
  readonly config: ObjectRef;
  /** Which of the configuration's environments. */
  readonly environment?: string | undefined;
}

export type Environment = DocumentEnvironment | ConfigEnvironment;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const bucket = z
  .string()
  .regex(
    /^(?!s3:)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u,
    "is not the name of a bucket; write it without 's3://'",
  );
const prefix = z.string().regex(/^(?!\/|s3:)/u, "begins with '/' or 's3:'; write path/to/folder/");
const queueUrl = z
  .string()
  .regex(
    /^https?:\/\/[^/\s]+\/(?:[^/\s]+\/)*[\w-]{1,80}$/u,
    'is not the URL of a standard queue; write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME',
  );
const count = (most: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}$/u, `is not a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((value) => value <= most, `is not a whole number from 1 to ${most}`);

const variables = z.object({
  CONFIG_BUCKET: bucket.optional(),
  CONFIG_PREFIX: prefix.default('rs-loader-config/'),
  MANIFEST_BUCKET: bucket.optional(),
  MANIFEST_PREFIX: prefix.default('millrace/'),
  DDB_TRACKER: z
    .string()
    .regex(/^[\w.-]{3,255}$/u, 'is not the name of a table; 3 to 255 letters, digits, _ - .')
    .optional(),
  MILLRACE_CONFIG: z
    .string()
    .regex(
      /^s3:\/\/[^/]+\/.+[^/]$/u,
      'is not the address of an object; write s3://bucket/millrace.config.json',
    )
    .optional(),
  MILLRACE_ENV: z.string().optional(),
  REDSHIFT_ADDRESSING: z
    .enum(['cluster', 'workgroup'], "is neither 'cluster' nor 'workgroup'")
    .default('cluster'),
  REDSHIFT_DB_USER: z.string().optional(),
  REDSHIFT_SECRET_ARN: z
    .string()
    .regex(/^arn:aws[\w-]*:secretsmanager:/u, 'is not the ARN of a secret; write arn:aws:secretsmanager:…')
    .optional(),
  MAX_LOADS: count(100).default(4),
  MILLRACE_ALERTS: z
    .string()
    .refine(isJson, "is not JSON; write the list that a configuration has under 'alerts'")
    .optional(),
  WAKE_QUEUE_URL: queueUrl.optional(),
  LIST_QUEUE_URL: queueUrl.optional(),
  EVENT_BUS: z.string().default('default'),
  MAX_FILES_PER_RUN: count(100_000).default(1_000),
  PARTIAL_BATCH_RESPONSE: z.enum(['true', 'false'], "is neither 'true' nor 'false'").default('false'),
  S3_FORCE_PATH_STYLE: z.enum(['true', 'false'], "is neither 'true' nor 'false'").default('false'),
});

type Variables = z.output<typeof variables>;

/** What only says something where documents name the targets: beside a configuration it would be believed, and ignored. */
const DOCUMENTS_ONLY = [
  'CONFIG_BUCKET',
  'MANIFEST_BUCKET',
  'DDB_TRACKER',
  'REDSHIFT_DB_USER',
  'REDSHIFT_SECRET_ARN',
  'MILLRACE_ALERTS',
] as const;

/**
 * Reads the environment variables of a function. `PENDING_BUCKET` and `PENDING_PREFIX` may be there and mean nothing: what
 * waits is in the tracker. An empty variable is one that is not there.
 *
 * @throws ConfigError with every problem: which variable, what is wrong, what to do. Values are not repeated in it.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = variables.safeParse(given);
  const problems: ConfigProblem[] = [];
  if (!read.success) {
    for (const { path, message } of read.error.issues) problems.push({ path: [String(path[0])], message });
  }
  // Checked on what is written, so that both kinds of problems are told at once.
  const says = (name: keyof Variables): boolean => given[name] !== undefined;
  if (says('MILLRACE_CONFIG')) {
    for (const name of DOCUMENTS_ONLY.filter(says)) {
      const hint = 'take one of the two away: the configuration says where everything is';
      problems.push({ path: [name], message: 'has no meaning beside MILLRACE_CONFIG', hint });
    }
  } else {
    requireForDocuments(says, problems);
  }
  if (!read.success || problems.length > 0) throw new ConfigError('the environment', problems);
  return toEnvironment(read.data);
}

function requireForDocuments(says: (name: keyof Variables) => boolean, problems: ConfigProblem[]): void {
  if (!says('CONFIG_BUCKET')) {
    const hint = 'name the bucket of the queues’ documents, or a configuration by MILLRACE_CONFIG';
    problems.push({ path: ['CONFIG_BUCKET'], message: 'is missing', hint });
  }
  if (!says('DDB_TRACKER')) {
    problems.push({
      path: ['DDB_TRACKER'],
      message: 'is missing',
      hint: "name the tracker's DynamoDB table",
    });
  }
  if (!says('MANIFEST_BUCKET')) {
    const hint = "name the bucket for manifests and Millrace's other objects";
    problems.push({ path: ['MANIFEST_BUCKET'], message: 'is missing', hint });
  }
  if (!says('REDSHIFT_DB_USER')) return;
  const other = says('REDSHIFT_SECRET_ARN') ? 'REDSHIFT_SECRET_ARN, which has a user of its own' : undefined;
  if (other !== undefined) {
    problems.push({
      path: ['REDSHIFT_DB_USER'],
      message: `has no meaning beside ${other}`,
      hint: 'leave it out',
    });
  }
}

function toEnvironment(said: Variables): Environment {
  const common = {
    wakeQueueUrl: said.WAKE_QUEUE_URL,
    listQueueUrl: said.LIST_QUEUE_URL,
    eventBus: said.EVENT_BUS,
    maxFilesPerRun: said.MAX_FILES_PER_RUN,
    answersPartially: said.PARTIAL_BATCH_RESPONSE === 'true',
    forcePathStyle: said.S3_FORCE_PATH_STYLE === 'true',
  };
  if (said.MILLRACE_CONFIG !== undefined) {
    const config = parseUrl(said.MILLRACE_CONFIG);
    return { ...common, kind: 'config', config, environment: said.MILLRACE_ENV };
  }
  return {
    ...common,
    kind: 'documents',
    documents: { bucket: said.CONFIG_BUCKET ?? '', key: folder(said.CONFIG_PREFIX) },
    control: { bucket: said.MANIFEST_BUCKET ?? '', key: folder(said.MANIFEST_PREFIX) },
    table: said.DDB_TRACKER ?? '',
    addressing: said.REDSHIFT_ADDRESSING,
    dbUser: said.REDSHIFT_DB_USER,
    secretArn: said.REDSHIFT_SECRET_ARN,
    maxLoads: said.MAX_LOADS,
    alerts: readAlerts(said.MILLRACE_ALERTS),
  };
}

/** @throws ConfigError */
function readAlerts(text: string | undefined): readonly AlertPlace[] {
  if (text === undefined) return [];
  return parseConfig({ alerts: JSON.parse(text), targets: {} }, { source: 'MILLRACE_ALERTS' }).alerts;
}

function folder(text: string): string {
  return text === '' || text.endsWith('/') ? text : `${text}/`;
}
