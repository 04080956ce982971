import { Duration, Stack, Token } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import {
  type ConfigurationView,
  checkConfiguration,
  checkQueueDocument,
  type TargetView,
} from './checked-configuration';
import type { FilePlace } from './file-access';
import { CONFIGURATION_KEY, CONTROL_PREFIX, DOCUMENTS_PREFIX } from './loader-storage';
import type { FileSourceProps, MicrobatchLoaderProps } from './microbatch-loader-props';
import { checkWarehouse } from './warehouse-access';

/** Names that are known when the stack is deployed. */
export interface OwnPlaces {
  readonly bucket: string;
  readonly table: string;
}

interface DeployedObject {
  readonly Url: string;
  readonly Body: string;
}

/** What a configuration may say of its warehouse here; the rest are the construct's own props. */
const BUDGET = ['iamRole', 'maxLoads', 'statementTimeout', 'windows', 'maxHold'] as const;
/** What the construct fills in. */
const PLACES = [
  '$schema',
  'environments',
  'objects',
  'tracker',
  'wakes',
  'control',
  'migrations',
  'settle',
  'sweep',
];
const TASKER_PREFIX = 'sfn';
const FRESHNESS_ALARM = Duration.minutes(15);
/** A file that comes when a load has just begun waits for the next one, and one load may fail. */
const FRESHNESS_FACTOR = 3;
/** Below it a metric has no second value. */
const MIN_FRESHNESS_ALARM = Duration.minutes(1);
/** Of what CloudFormation hands to a custom resource, with room for what is around it. */
const MAX_DOCUMENT_BYTES = 200_000;
/** Where files are that have been loaded, and those that UNLOAD writes. */
const CLOSED_PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)processed\//u, 'is where loaded files are moved to'],
  [/^unloads\//u, 'is for what UNLOAD writes'],
];

/** Names for the time being: what stands in for names that nobody knows yet, to check a configuration as a whole. */
const SOME_PLACES = {
  objects: { kind: 's3' },
  tracker: { kind: 'dynamodb', table: 'tracker' },
  wakes: { kind: 'sqs', queue: 'https://sqs.us-east-1.amazonaws.com/123456789012/wakes' },
  control: 's3://millrace-own-bucket/millrace/',
  stream: { kind: 'kinesis', name: 'events' },
};

/** What follows from a loader's props: rights, variables, and the objects that a deployment writes. */
export class LoaderPlan {
  readonly #scope: Construct;
  readonly #props: MicrobatchLoaderProps;
  /** Null: targets by documents. */
  readonly view: ConfigurationView | null;
  /** What a consumer's stream is called; undefined: there are no events. */
  streamName: string | undefined;

  /** @throws Error with what is wrong and what to write instead. */
  constructor(scope: Construct, props: MicrobatchLoaderProps) {
    this.#scope = scope;
    this.#props = props;
    checkWarehouse(props);
    for (const name of [props.database, this.statementNamePrefix]) checkPrefix(name);
    checkAlarms(props);
    const { configuration, documents = {} } = props;
    if (configuration && Object.keys(documents).length > 0) {
      throw new Error(
        "'configuration' and 'documents' are both given: the configuration says where files go, take one",
      );
    }
    for (const [queue, document] of Object.entries(documents)) checkQueueDocument(queue, document);
    this.view = configuration
      ? checkConfiguration(
          {
            ...this.#document(configuration),
            ...SOME_PLACES,
            // Whose names may not be known before they are made; they are checked as props.
            warehouse: { kind: 'redshift', workgroup: 'some', database: 'some', ...budgetOf(configuration) },
          },
          { allowsFunctions: props.handlers !== undefined },
        )
      : null;
    const missing = (this.view?.loaderSecrets ?? []).filter(
      (name) => props.environment?.[name] === undefined,
    );
    if (missing.length > 0) {
      throw new Error(
        `'configuration' has alerts whose secrets are in ${missing.join(', ')}: give each in 'environment'`,
      );
    }
  }

  get statementNamePrefix(): string {
    return this.#props.statementNamePrefix ?? this.#props.database;
  }

  /** The files that targets of a configuration take. */
  get places(): readonly FilePlace[] {
    return (this.view?.targets ?? []).flatMap(({ from, after, movesTo }) =>
      from.map((url) => ({
        ...splitUrl(url),
        after,
        movesTo: movesTo === null ? undefined : splitUrl(movesTo),
      })),
    );
  }

  get encryptionKey(): kms.IKey | undefined {
    return this.#props.encryptionKey;
  }

  get logRetention(): logs.RetentionDays | undefined {
    return this.#props.logRetention;
  }

  /** How late rows may be: no target is late that keeps what it promises. */
  get freshnessAlarm(): Duration {
    const { freshnessAlarm } = this.#props;
    if (freshnessAlarm) return freshnessAlarm;
    const longest = Math.max(0, ...(this.view?.targets ?? []).map(({ freshnessMs }) => freshnessMs));
    return Duration.millis(Math.max(FRESHNESS_ALARM.toMilliseconds(), FRESHNESS_FACTOR * longest));
  }

  get handlers(): string | undefined {
    return this.#props.handlers;
  }

  get reservesConcurrency(): boolean {
    return this.#props.reserveConcurrency ?? true;
  }

  /** What the configuration says to whoever takes events over HTTP. */
  get producerSettings(): Readonly<Record<string, unknown>> {
    const { producer } = this.#props.configuration ?? {};
    return isRecord(producer) ? producer : {};
  }

  environment({ bucket, table }: OwnPlaces): Record<string, string> {
    const { workgroup, dbUser, secret, maxLoads, configuration } = this.#props;
    if (configuration) return { MILLRACE_CONFIG: `s3://${bucket}/${CONFIGURATION_KEY}` };
    return {
      CONFIG_BUCKET: bucket,
      CONFIG_PREFIX: DOCUMENTS_PREFIX,
      MANIFEST_BUCKET: bucket,
      MANIFEST_PREFIX: CONTROL_PREFIX,
      DDB_TRACKER: table,
      REDSHIFT_ADDRESSING: workgroup === undefined ? 'cluster' : 'workgroup',
      ...(dbUser === undefined ? {} : { REDSHIFT_DB_USER: dbUser }),
      ...(secret === undefined ? {} : { REDSHIFT_SECRET_ARN: secret.secretArn }),
      ...(maxLoads === undefined ? {} : { MAX_LOADS: String(maxLoads) }),
    };
  }

  /** @throws Error for a configuration that CloudFormation could not hand over. */
  objects({ bucket, table, wakeQueueUrl }: OwnPlaces & { readonly wakeQueueUrl: string }): DeployedObject[] {
    const { configuration, documents = {} } = this.#props;
    const stack = Stack.of(this.#scope);
    if (!configuration) {
      return Object.entries(documents).map(([queue, document]) => ({
        Url: `s3://${bucket}/${DOCUMENTS_PREFIX}${queue}.json`,
        Body: stack.toJsonString(document),
      }));
    }
    const whole = {
      ...this.#document(configuration),
      objects: { kind: 's3' },
      tracker: { kind: 'dynamodb', table },
      wakes: { kind: 'sqs', queue: wakeQueueUrl },
      control: `s3://${bucket}/${CONTROL_PREFIX}`,
      ...(this.streamName === undefined ? {} : { stream: { kind: 'kinesis', name: this.streamName } }),
    };
    const bytes = Buffer.byteLength(JSON.stringify(whole));
    if (bytes > MAX_DOCUMENT_BYTES) {
      throw new Error(
        `'configuration' has ${bytes} bytes, and a deployment can write ${MAX_DOCUMENT_BYTES}: part it into several loaders, ` +
          'each with a share of the targets',
      );
    }
    return [{ Url: `s3://${bucket}/${CONFIGURATION_KEY}`, Body: stack.toJsonString(whole) }];
  }

  /**
   * What becomes of the files of a source.
   *
   * @throws Error for a prefix whose objects are never loaded, or a queue that no target names.
   */
  checkSource(id: string, { prefixes = [], queueName }: FileSourceProps): FilePlace['after'] {
    for (const [closed, why] of CLOSED_PREFIXES) {
      const prefix = prefixes.find((one) => closed.test(one));
      if (prefix !== undefined) {
        throw new Error(
          `'prefixes' of source '${id}': '${prefix}' ${why}: its files would be loaded again. Name where they arrive`,
        );
      }
    }
    if (!this.view) {
      if (queueName !== undefined) return 'keep';
      throw new Error(
        `source '${id}' has no 'queueName': without a configuration, the document of that name says what to load`,
      );
    }
    if (queueName === undefined) return 'keep';
    const targets = this.view.targets.filter(({ queues }) => queues.includes(queueName));
    return worst(targets);
  }

  /**
   * A place whose objects are not to be loaded.
   *
   * @throws Error when a target takes from there.
   */
  checkClosed(what: string, { bucket, prefix }: { readonly bucket: string; readonly prefix: string }): void {
    for (const { name, from } of this.view?.targets ?? []) {
      const taken = from.map(splitUrl).find((one) => one.bucket === bucket && prefix.startsWith(one.prefix));
      if (!taken) continue;
      throw new Error(
        `${what}, '${prefix}', is below '${taken.prefix}', which ${name} takes its files from: name another`,
      );
    }
  }

  /** The document but for where things are. */
  #document(configuration: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { cluster, workgroup, database, dbUser, secret, copyRole } = this.#props;
    const own = Object.entries(configuration).filter(([name]) => !PLACES.includes(name) && name !== 'stream');
    return {
      ...Object.fromEntries(own),
      warehouse: {
        kind: 'redshift',
        ...(cluster === undefined ? {} : { cluster }),
        ...(workgroup === undefined ? {} : { workgroup }),
        database,
        ...(dbUser === undefined ? {} : { dbUser }),
        ...(secret === undefined ? {} : { secretArn: secret.secretArn }),
        ...budgetOf(configuration),
        ...(copyRole === undefined ? {} : { iamRole: copyRole.roleArn }),
      },
    };
  }
}

/** @throws Error for a database after which statements cannot be named. */
function checkPrefix(prefix: string): void {
  if (Token.isUnresolved(prefix)) return;
  if (prefix === TASKER_PREFIX) {
    throw new Error(
      `the database is called '${prefix}': its loader's statements would be named '${prefix}/…' as those of taskers are, and be told ` +
        'of their ends; load into a database of another name',
    );
  }
  if (/^[^/\s]+$/u.test(prefix)) return;
  throw new Error(
    `the database is called '${prefix}', and the loader's statements after it, where '/' and white space have no place: load into ` +
      'a database of another name',
  );
}

/** How many loads, how long, and when none. */
function budgetOf({ warehouse }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const said = isRecord(warehouse) ? warehouse : {};
  return Object.fromEntries(
    BUDGET.filter((name) => said[name] !== undefined).map((name) => [name, said[name]]),
  );
}

/** @throws Error */
function checkAlarms({
  freshnessAlarm,
  stuckMinutesAlarm,
  unprocessedFilesAlarm,
  listInterval,
}: MicrobatchLoaderProps): void {
  if (freshnessAlarm && freshnessAlarm.toMilliseconds() < MIN_FRESHNESS_ALARM.toMilliseconds()) {
    throw new Error(
      `'freshnessAlarm' is ${freshnessAlarm.toHumanString()}: metrics are by the minute, write Duration.minutes(1) or more`,
    );
  }
  for (const [name, value] of Object.entries({ stuckMinutesAlarm, unprocessedFilesAlarm })) {
    if (value === undefined || Token.isUnresolved(value) || value >= 1) continue;
    throw new Error(`'${name}' is ${value}: write 1 or more`);
  }
  if (listInterval && listInterval.toMilliseconds() < Duration.minutes(1).toMilliseconds()) {
    throw new Error(
      `'listInterval' is ${listInterval.toHumanString()}: a schedule has minutes, write Duration.minutes(1) or more`,
    );
  }
}

/** What needs most rights of what becomes of files. */
function worst(targets: readonly TargetView[]): FilePlace['after'] {
  const order: readonly FilePlace['after'][] = ['move', 'delete', 'tag'];
  return order.find((one) => targets.some(({ after }) => after === one)) ?? 'keep';
}

function splitUrl(url: string): { readonly bucket: string; readonly prefix: string } {
  const rest = url.slice('s3://'.length);
  const slash = rest.indexOf('/');
  return slash < 0
    ? { bucket: rest, prefix: '' }
    : { bucket: rest.slice(0, slash), prefix: rest.slice(slash + 1) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
