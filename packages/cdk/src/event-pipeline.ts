import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { bundledFunction } from './bundled-function';
import { secretsOf } from './checked-configuration';
import { handlerPath } from './handlers';
import { keyStatement } from './loader-storage';
import type { MicrobatchLoader } from './microbatch-loader';

/** Who may send events. */
export enum ProducerAuthentication {
  /** Whoever AWS lets in: requests are signed, and the caller has `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`. */
  IAM = 'iam',
  /** Whoever has a key, or signs a webhook, as the settings say. */
  KEYS = 'keys',
}

/** Events over HTTP that become rows. */
export interface EventPipelineProps {
  /** Loads the rows. Its configuration says under `events` what events become. */
  readonly loader: MicrobatchLoader;
  /**
   * Who may send events.
   *
   * @default - KEYS when the configuration has keys or webhooks under `producer`, else IAM
   */
  readonly authentication?: ProducerAuthentication;
  /**
   * Keys, webhooks, schemas and limits of the producer.
   *
   * @default - what the loader's configuration has under `producer`
   */
  readonly settings?: { [name: string]: unknown };
  /**
   * Environment variables of the producer: the secrets that its settings name.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };
  /**
   * Shards of the stream.
   *
   * @default - as many as AWS finds necessary (on demand)
   */
  readonly shardCount?: number;
  /**
   * How long the stream keeps events that nobody could consume. At least seven days: less would be lost over a long weekend.
   *
   * @default Duration.days(7)
   */
  readonly retention?: Duration;
  /**
   * How long events are collected for an invocation of the consumer, up to five minutes.
   *
   * @default - what the configuration says under `consumer.maxAge`: half of the shortest freshness
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Requests that the producer takes at once. More are refused by AWS with 429.
   *
   * @default 50
   */
  readonly maxRequests?: number;
}

const PRODUCER_TIMEOUT = Duration.seconds(10);
const CONSUMER_TIMEOUT = Duration.minutes(5);
/** Bodies of 4 MB are parsed and packed: memory, and the share of a processor that comes with it. */
const MEMORY_SIZE = 1_024;
const MAX_REQUESTS = 50;
/** Lambda gives the variables of a function 4 KB in all; the others, secrets above all, need room too. */
const MAX_SETTINGS_BYTES = 3_500;
const MIN_RETENTION = Duration.days(7);
const MAX_BATCH = 10_000;
const MAX_WINDOW = Duration.minutes(5);

/**
 * Events over HTTP: a producer behind a Function URL, a Kinesis stream, and a consumer that makes chunks of rows and hands them to the
 * loader's lanes. What the producer has acknowledged is in the stream.
 */
export class EventPipeline extends Construct {
  public readonly stream: kinesis.Stream;
  public readonly producer: lambda.Function;
  public readonly producerUrl: lambda.FunctionUrl;
  public readonly consumer: lambda.Function;
  /** Where chunks are, below `millrace/loads/`: the loader's own bucket. */
  public readonly chunkBucket: s3.IBucket;

  /** @throws Error when the loader has no events, nobody could send any, or they would not be kept long enough. */
  constructor(scope: Construct, id: string, props: EventPipelineProps) {
    super(scope, id);
    const { loader, retention = MIN_RETENTION, shardCount } = props;
    const { view, encryptionKey, logRetention = logs.RetentionDays.THREE_MONTHS } = loader._plan;
    if (!view?.hasEvents) {
      throw new Error("the loader's 'configuration' has no 'events': say there what events become");
    }
    if (retention.toHours() < MIN_RETENTION.toHours() || retention.toDays() > 365) {
      throw new Error(
        `'retention' is ${retention.toHumanString()}: write Duration.days(7) to Duration.days(365)`,
      );
    }
    this.stream = new kinesis.Stream(this, 'Stream', {
      retentionPeriod: retention,
      ...(shardCount === undefined
        ? { streamMode: kinesis.StreamMode.ON_DEMAND }
        : { streamMode: kinesis.StreamMode.PROVISIONED, shardCount }),
      ...(encryptionKey
        ? { encryption: kinesis.StreamEncryption.KMS, encryptionKey }
        : { encryption: kinesis.StreamEncryption.MANAGED }),
    });
    loader._plan.streamName = this.stream.streamName;
    this.chunkBucket = loader.bucket;
    this.producer = this.makeProducer(props, { logRetention });
    this.producerUrl = this.producer.addFunctionUrl({ authType: urlAuth(this.authOf(props)) });
    this.consumer = this.makeConsumer(props, view.eventMaxAgeMs);
    loader._alarms.watchIteratorAge(id, this.consumer, loader._plan.freshnessAlarm);
  }

  private makeProducer(props: EventPipelineProps, { logRetention }: { logRetention: logs.RetentionDays }) {
    const { loader, environment = {}, maxRequests = MAX_REQUESTS } = props;
    const settings = this.settingsOf(props);
    const missing = secretsOf(settings).filter((name) => environment[name] === undefined);
    if (missing.length > 0) {
      throw new Error(`the producer's secrets are in ${missing.join(', ')}: give each in 'environment'`);
    }
    const bytes = Buffer.byteLength(JSON.stringify(settings));
    if (bytes > MAX_SETTINGS_BYTES) {
      throw new Error(
        `the producer's settings have ${bytes} bytes, and the variables of a function, which hold them, 4096 in all: write ` +
          `fewer or smaller 'schemas', for ${MAX_SETTINGS_BYTES} bytes at most`,
      );
    }
    const role = new iam.Role(this, 'ProducerRole', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Millrace: puts events into the stream, and nothing else',
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['kinesis:ListShards', 'kinesis:PutRecords'],
        resources: [this.stream.streamArn],
      }),
    );
    if (loader._plan.encryptionKey) role.addToPolicy(keyStatement(loader._plan.encryptionKey));
    return bundledFunction(this, 'Producer', {
      role,
      code: lambda.Code.fromAsset(handlerPath('event-producer', loader._plan.handlers)),
      description: 'Millrace: event-producer',
      timeout: PRODUCER_TIMEOUT,
      memorySize: MEMORY_SIZE,
      logRetention,
      failures: loader.failures,
      retryAttempts: 0,
      reservedConcurrency: loader._plan.reservesConcurrency ? maxRequests : undefined,
      environment: {
        EVENT_STREAM: this.stream.streamName,
        EVENT_AUTH: this.authOf(props),
        EVENT_SETTINGS: Stack.of(this).toJsonString(settings),
        ...environment,
      },
    });
  }

  private makeConsumer({ loader, maxBatchingWindow }: EventPipelineProps, maxAgeMs: number): lambda.Function {
    const window =
      maxBatchingWindow ?? Duration.seconds(Math.min(MAX_WINDOW.toSeconds(), Math.floor(maxAgeMs / 1_000)));
    if (window.toMilliseconds() > MAX_WINDOW.toMilliseconds()) {
      throw new Error(
        `'maxBatchingWindow' is ${window.toHumanString()}: Lambda collects for five minutes at most`,
      );
    }
    const consumer = loader._addFunction('EventConsumer', 'event-consumer', {
      timeout: CONSUMER_TIMEOUT,
      environment: { PARTIAL_BATCH_RESPONSE: 'true' },
    });
    loader.role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: [
          'kinesis:DescribeStream',
          'kinesis:DescribeStreamSummary',
          'kinesis:GetRecords',
          'kinesis:GetShardIterator',
          'kinesis:ListShards',
        ],
        resources: [this.stream.streamArn],
      }),
    );
    const mapping = new lambda.EventSourceMapping(this, 'Mapping', {
      target: consumer,
      eventSourceArn: this.stream.streamArn,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: MAX_BATCH,
      maxBatchingWindow: window,
      // One invocation per shard at a time: the order of a shard is what its seal counts on.
      parallelizationFactor: 1,
      bisectBatchOnError: false,
      reportBatchItemFailures: true,
    });
    mapping.node.addDependency(loader.role);
    return consumer;
  }

  private settingsOf({ loader, settings }: EventPipelineProps): Readonly<Record<string, unknown>> {
    return settings ?? loader._plan.producerSettings;
  }

  private authOf(props: EventPipelineProps): ProducerAuthentication {
    const settings = this.settingsOf(props);
    const { keys, webhooks } = settings as { keys?: object; webhooks?: object };
    const isOpenByKey = Object.keys(keys ?? {}).length + Object.keys(webhooks ?? {}).length > 0;
    const { authentication = isOpenByKey ? ProducerAuthentication.KEYS : ProducerAuthentication.IAM } = props;
    if (authentication === ProducerAuthentication.KEYS && !isOpenByKey) {
      throw new Error(
        "'authentication' is KEYS, and the settings name neither keys nor webhooks: write { keys: { web: { env: 'WEB_KEY' } } }",
      );
    }
    return authentication;
  }
}

function urlAuth(authentication: ProducerAuthentication): lambda.FunctionUrlAuthType {
  return authentication === ProducerAuthentication.IAM
    ? lambda.FunctionUrlAuthType.AWS_IAM
    : lambda.FunctionUrlAuthType.NONE;
}
