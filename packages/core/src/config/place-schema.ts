import { z } from 'zod';
import { DURATION_HINT, DURATION_PATTERN } from './duration.ts';
import { strictFields } from './strict-fields.ts';

/*
 * Where things are: the warehouse, the object store, the tracker, the wakes; on one machine or on AWS, in any mix.
 */

const NO_DURATION = `is not a duration; ${DURATION_HINT}`;
export const duration = (meaning: string) =>
  z.string(NO_DURATION).regex(DURATION_PATTERN, NO_DURATION).describe(meaning);

export const path = (meaning: string) =>
  z.string().min(1, "is empty; write a path such as '.millrace/…'").describe(meaning);

const S3_PREFIX = /^s3:\/\/[^/*?{}]+\/[^*?{}]*$/u;
const S3_PREFIX_HINT =
  "is not an address of S3; write s3://bucket/prefix/ (patterns go into 'match', next to 'prefix')";

export const s3Prefix = (meaning: string) => z.string().regex(S3_PREFIX, S3_PREFIX_HINT).describe(meaning);

const filled = (meaning: string) => z.string().min(1, 'is empty; fill it in').describe(meaning);

export const httpUrl = (meaning: string) =>
  z
    .string()
    .regex(/^https?:\/\/[^/\s]+/u, 'is not a URL; write http://… or https://…')
    .describe(meaning);

/** AWS's own default chain finds region and credentials where these say nothing. */
const awsPlace = {
  region: filled('The region. Default: as the AWS SDK finds it (AWS_REGION, the profile).').optional(),
  endpoint: httpUrl(
    "Another address of the service: an emulator, a VPC endpoint. Default: AWS's own.",
  ).optional(),
};

/** A queue's whole address: what the SDK needs, and what tells the account. */
export const queueUrl = (meaning: string) =>
  z
    .string()
    .regex(
      /^https?:\/\/[^/\s]+\/(?:[^/\s]+\/)*[\w-]{1,80}$/u,
      'is not the URL of a standard queue; write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME',
    )
    .describe(meaning);

const budget = {
  maxLoads: z
    .int('is not a whole number')
    .min(1, 'is too small; write 1 or more')
    .max(100, 'is too large; write 100 or less')
    .default(4)
    .describe('Loads that may run at once.'),
  statementTimeout: duration('How long one load may take; `0s`: no limit.').default('15m'),
};

const window = strictFields({
  weekly: filled('Every week, from a time to a time: `sun:05:30-sun:06:00`.').optional(),
  cron: filled(
    'Begins at the times of a cron line: minute, hour, day of the month, month, day of the week.',
  ).optional(),
  duration: duration('How long a window by `cron` lasts, up to `1d`.').optional(),
  zone: filled('The zone whose clocks `weekly` and `cron` follow: `Europe/Berlin`. Default: UTC.').optional(),
  from: filled('When a single window begins: an instant with its zone, `2026-11-21T22:00:00Z`.').optional(),
  to: filled('When a single window ends.').optional(),
}).describe('A maintenance window, by its times.');

const availability = {
  windows: z
    .array(z.union([filled('Every week, in UTC: `sun:05:30-sun:06:00`.'), window]))
    .default([])
    .describe('When nothing is loaded: times at which the warehouse is away.'),
  maxHold: duration(
    'How long an outage may keep all loads back before it is told as overdue, and one load is tried all the same.',
  ).default('1h'),
};

const localWarehouse = strictFields({
  kind: z.literal('local').describe('`local`: redshift-local, in this process.'),
  path: path('The file of the warehouse.').default('.millrace/warehouse.duckdb'),
  ...budget,
  ...availability,
}).describe('redshift-local in this process.');

/** AWS, Redshift Data API: ClusterIdentifier 1 to 63, WorkgroupName 3 to 128 characters. */
const CLUSTER = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u;
const WORKGROUP = /^(?:[a-z0-9-]{3,63}|arn:aws[\w-]*:redshift-serverless:[\w-]+:\d{12}:workgroup\/[\w-]+)$/u;

const redshiftWarehouse = strictFields({
  kind: z.literal('redshift').describe('`redshift`: Amazon Redshift, through the Data API.'),
  cluster: z
    .string()
    .max(63, 'is too long; a cluster identifier has at most 63 characters')
    .regex(CLUSTER, 'is not a cluster identifier; lower-case letters, digits, single hyphens')
    .optional()
    .describe('The provisioned cluster. Either this or `workgroup`.'),
  workgroup: z
    .string()
    .regex(WORKGROUP, 'is not the name of a workgroup; lower-case letters, digits, hyphens, or its ARN')
    .optional()
    .describe('The serverless workgroup. Either this or `cluster`.'),
  database: filled('The database.'),
  dbUser: filled('The database user, on a cluster. Default: the one that IAM maps the caller to.').optional(),
  secretArn: z
    .string()
    .regex(/^arn:aws[\w-]*:secretsmanager:/u, 'is not the ARN of a secret; write arn:aws:secretsmanager:…')
    .optional()
    .describe('The secret with the credentials of the database user. Default: temporary credentials by IAM.'),
  iamRole: z
    .string()
    .regex(/^(?:default|arn:aws[\w-]*:iam::\d{12}:role\/\S+)$/u, "is not a role; write 'default' or its ARN")
    .default('default')
    .describe("The role that COPY reads objects with: an ARN, or the cluster's `default`."),
  ...awsPlace,
  ...budget,
  ...availability,
}).describe('Amazon Redshift, a cluster or a workgroup.');

const postgresWarehouse = strictFields({
  kind: z.literal('postgres').describe('`postgres`: PostgreSQL, version 15 or later.'),
  // Its form is checked where the value need not be shown: it may hold a password.
  url: z
    .union([
      filled('The address: `postgres://user@host:5432/database`.'),
      strictFields({
        env: z
          .string()
          .regex(
            /^[A-Za-z_][A-Za-z0-9_]*$/u,
            'is not the name of an environment variable; write it without $',
          )
          .describe('The environment variable that holds it.'),
      }).describe('The environment variable with the address, and the password in it.'),
    ])
    .describe(
      'Where the database is: `postgres://user@host:5432/database`, or the environment variable with it.',
    ),
  ...budget,
  ...availability,
}).describe('PostgreSQL.');

const directoryObjects = strictFields({
  kind: z.literal('directory').describe('`directory`: a folder with a folder per bucket.'),
  path: path('The folder.').default('.millrace/objects'),
}).describe('A folder that plays S3.');

const s3Objects = strictFields({
  kind: z.literal('s3').describe('`s3`: Amazon S3, or what speaks its protocol.'),
  ...awsPlace,
  notifications: queueUrl(
    'The queue that S3 tells of new objects; `millrace up` takes them from there. Default: listing, every `sweep`.',
  ).optional(),
}).describe('Amazon S3.');

const sqliteTracker = strictFields({
  kind: z.literal('sqlite').describe('`sqlite`: one file.'),
  path: path('The file.').default('.millrace/tracker.db'),
}).describe('One file of this machine, for one process at a time.');

const dynamodbTracker = strictFields({
  kind: z.literal('dynamodb').describe('`dynamodb`: one table, shared by all that work on it.'),
  table: z
    .string()
    .regex(/^[\w.-]{3,255}$/u, 'is not the name of a table; 3 to 255 letters, digits, _ - .')
    .describe('The table, with the keys `db_table` and `status_timestamp`, both texts.'),
  ...awsPlace,
}).describe('A DynamoDB table.');

const sqsWakes = strictFields({
  kind: z.literal('sqs').describe('`sqs`: delayed messages in a queue.'),
  queue: queueUrl('The queue for wakes: its own, not the one that S3 writes to.'),
  ...awsPlace,
}).describe('Delayed messages.');

export const places = {
  warehouse: z
    .discriminatedUnion('kind', [localWarehouse, redshiftWarehouse, postgresWarehouse])
    .describe('The warehouse that the targets are in.'),
  objects: z
    .discriminatedUnion('kind', [directoryObjects, s3Objects])
    .describe('The object store: S3, or a folder that plays it.'),
  tracker: z
    .discriminatedUnion('kind', [sqliteTracker, dynamodbTracker])
    .describe('What orders the work: lanes, waiting files, jobs.'),
  wakes: sqsWakes
    .optional()
    .describe("Where wakes wait. Default: beside the tracker's file, or in the process itself."),
} as const;

/** One of several places where the same targets are: what it says stands instead of what is said for all. */
export const environment = strictFields({
  warehouse: places.warehouse.optional(),
  objects: places.objects.optional(),
  tracker: places.tracker.optional(),
  wakes: places.wakes,
  control: s3Prefix('Where Millrace keeps its own objects in this environment.').optional(),
}).describe('An environment: what differs in it.');

export type WindowJson = string | z.input<typeof window>;
export type WarehouseJson = z.input<typeof places.warehouse>;
export type ObjectsJson = z.input<typeof places.objects>;
export type TrackerJson = z.input<typeof places.tracker>;
export type WakesJson = z.input<typeof sqsWakes>;
