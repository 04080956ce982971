import {
  App,
  CfnOutput,
  CfnParameter,
  DefaultStackSynthesizer,
  SecretValue,
  Stack,
  type StackProps,
} from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { secretsOf } from './checked-configuration';
import { EventPipeline } from './event-pipeline';
import { CONTROL_PREFIX } from './loader-storage';
import { MicrobatchLoader } from './microbatch-loader';
import { type MicrobatchLoaderProps, Notifications } from './microbatch-loader-props';

/** What `millrace deploy` puts on AWS: a project's configuration, over buckets and a warehouse that are there. */
export interface ProjectStackProps extends StackProps {
  /**
   * What `millrace.config.json` holds.
   *
   * @default - none: targets by a document per queue, and parameters say the database and the cluster
   */
  readonly configuration?: { [name: string]: unknown };
  /**
   * The provisioned cluster.
   *
   * @default - none
   */
  readonly cluster?: string;
  /**
   * The serverless workgroup, or its ARN.
   *
   * @default - none
   */
  readonly workgroup?: string;
  /**
   * The database.
   *
   * @default - the parameter `statementNamePrefix`
   */
  readonly database?: string;
  /**
   * The database user, on a cluster.
   *
   * @default - the user that IAM maps the loader role to
   */
  readonly dbUser?: string;
  /**
   * The ARN of the secret with the credentials of the database user.
   *
   * @default - temporary credentials by IAM
   */
  readonly secretArn?: string;
  /**
   * A folder with numbered SQL files.
   *
   * @default - no migrations
   */
  readonly migrations?: string;
  /**
   * Where the files are that queues announce, by the name of the queue: `s3://bucket/prefix/`. The queues are made.
   *
   * @default - no queues
   */
  readonly queues?: { [queueName: string]: string };
  /**
   * ARNs of the secrets that alerts and the producer name, by environment variable.
   *
   * @default - none
   */
  readonly secrets?: { [name: string]: string };
  /**
   * A folder with bundles of your own.
   *
   * @default - those of the package
   */
  readonly handlers?: string;
}

/** A project on AWS. */
export class ProjectStack extends Stack {
  /**
   * Writes the stack's template and assets to a folder. Asks no account, and no network.
   *
   * @throws Error for what is wrong with the props or the configuration.
   */
  public static synthesize(directory: string, id: string, props: ProjectStackProps): void {
    const app = new App({ outdir: directory, analyticsReporting: false });
    new ProjectStack(app, id, { synthesizer: new DefaultStackSynthesizer(), ...props });
    app.synth();
  }

  public readonly loader: MicrobatchLoader;

  constructor(scope: Construct, id: string, props: ProjectStackProps = {}) {
    super(scope, id, {
      description: 'Millrace: loads files and events into Redshift, exactly once',
      ...props,
    });
    const { configuration, queues = {}, secrets = {} } = props;
    const { ofLoader, ofProducer } = secretsByFunction(props);
    const environment = (names: readonly string[]) =>
      Object.fromEntries(
        // Resolved by CloudFormation: the template holds a reference.
        names.map((name) => [name, SecretValue.secretsManager(secrets[name] ?? '').unsafeUnwrap()]),
      );
    this.loader = new MicrobatchLoader(this, 'Loader', {
      ...this.placeOf(props),
      environment: environment(ofLoader),
    });
    const { view } = this.loader._plan;
    for (const queue of view?.queues ?? []) {
      if (queues[queue] !== undefined) continue;
      throw new Error(
        `a target's files are announced by the queue '${queue}', and nobody says where they are: ` +
          `write --queue ${queue}=s3://bucket/prefix/`,
      );
    }
    for (const queue of Object.keys(queues)) {
      if (!view || view.queues.includes(queue)) continue;
      throw new Error(
        `--queue ${queue}: no target has its files announced by this queue; write { queue: '${queue}' } into the 'from' of one`,
      );
    }
    for (const [queue, url] of Object.entries(queues)) this.addQueue(queue, url);
    for (const [bucket, prefixes] of this.prefixesByBucket()) {
      this.loader.addSource(`Files-${bucket}`, {
        bucket: this.bucketOf(bucket),
        prefixes,
        notifications: Notifications.EVENT_BRIDGE,
      });
    }
    if (view?.hasEvents) {
      const events = new EventPipeline(this, 'Events', {
        loader: this.loader,
        environment: environment(ofProducer),
      });
      new CfnOutput(this, 'ProducerUrl', {
        value: events.producerUrl.url,
        description: 'Takes events: POST /v1/events',
      });
    }
    this.tell(configuration !== undefined);
  }

  private placeOf(props: ProjectStackProps): MicrobatchLoaderProps {
    const { configuration, cluster, workgroup, database, dbUser, secretArn, migrations, handlers } = props;
    const prefix = new CfnParameter(this, 'statementNamePrefix', {
      description: "What the names of load jobs' statements begin with: the database",
      // Not as the names of taskers' statements begin.
      allowedPattern: '(?!sfn$)[^/\\s]+',
      ...(database === undefined ? {} : { default: database, allowedValues: [database] }),
    });
    const common = {
      statementNamePrefix: prefix.valueAsString,
      ...(migrations === undefined ? {} : { migrations }),
      ...(handlers === undefined ? {} : { handlers }),
    };
    if (configuration === undefined) {
      const identifier = new CfnParameter(this, 'clusterIdentifier', {
        description: 'The cluster that the documents name, or * for all clusters of this account and region',
        default: '*',
      });
      return { ...common, cluster: identifier.valueAsString, database: prefix.valueAsString };
    }
    const iamRole = copyRoleOf(configuration);
    return {
      ...common,
      configuration,
      ...(cluster === undefined ? {} : { cluster }),
      ...(workgroup === undefined ? {} : { workgroup }),
      database: database ?? '',
      ...(dbUser === undefined ? {} : { dbUser }),
      ...(secretArn === undefined
        ? {}
        : { secret: secretsmanager.Secret.fromSecretCompleteArn(this, 'DatabaseUser', secretArn) }),
      // A role that somebody else made: its rights stay theirs.
      ...(iamRole === undefined
        ? {}
        : { copyRole: iam.Role.fromRoleArn(this, 'CopyRole', iamRole, { mutable: false }) }),
    };
  }

  private addQueue(queueName: string, url: string): void {
    const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/su.exec(url) ?? [];
    if (bucket === undefined) {
      throw new Error(`the files of queue '${queueName}' are at '${url}': write s3://bucket/prefix/`);
    }
    this.loader.addSource(queueName, {
      bucket: this.bucketOf(bucket),
      prefixes: [prefix],
      queueName,
      notifications: Notifications.NONE,
    });
  }

  /** A bucket that is there. */
  private bucketOf(name: string): s3.IBucket {
    const id = `Bucket-${name}`;
    const known = this.node.tryFindChild(id) as s3.IBucket | undefined;
    return known ?? s3.Bucket.fromBucketName(this, id, name);
  }

  /** Of the targets that name prefixes. */
  private prefixesByBucket(): Map<string, string[]> {
    const buckets = new Map<string, string[]>();
    for (const { bucket, prefix } of this.loader._plan.places) {
      const prefixes = buckets.get(bucket) ?? [];
      if (!prefixes.includes(prefix)) prefixes.push(prefix);
      buckets.set(bucket, prefixes);
    }
    return buckets;
  }

  /** What somebody needs who looks at the loader from outside, or goes on setting it up. */
  private tell(hasConfiguration: boolean): void {
    const { bucket, tracker, role } = this.loader;
    const values = {
      TrackerTable: tracker.tableName,
      Control: `s3://${bucket.bucketName}/${CONTROL_PREFIX}`,
      WakeQueueUrl: this.loader._wakeQueueUrl,
      LoaderRole: role.roleArn,
      ...(hasConfiguration ? {} : { Documents: `s3://${bucket.bucketName}/rs-loader-config/` }),
    };
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}

/**
 * Who is given which secret: the producer those that it names, the loader's functions all others.
 *
 * @throws Error for a secret that is named and not given, or given and not named.
 */
function secretsByFunction({ configuration, secrets = {}, handlers }: ProjectStackProps): {
  readonly ofLoader: readonly string[];
  readonly ofProducer: readonly string[];
} {
  const given = Object.keys(secrets);
  if (configuration === undefined) return { ofLoader: given, ofProducer: [] };
  const { alerts, producer, events } = configuration;
  const ofAlerts = secretsOf(alerts);
  const ofProducer = events === undefined ? [] : secretsOf(producer);
  const missing = [...new Set([...ofAlerts, ...ofProducer])].filter((name) => !given.includes(name));
  if (missing.length > 0) {
    const options = missing.map((name) => `--secret ${name}=<ARN of a secret>`).join(' ');
    throw new Error(`alerts or producer name secrets that nobody gives: write ${options}`);
  }
  const strange = given.filter((name) => !ofAlerts.includes(name) && !ofProducer.includes(name));
  // Transforms of one's own may have secrets of their own.
  if (strange.length > 0 && handlers === undefined) {
    throw new Error(
      `--secret ${strange[0]}: neither alerts nor producer name it; write { env: '${strange[0]}' } where it is used`,
    );
  }
  return {
    ofLoader: given.filter((name) => ofAlerts.includes(name) || !ofProducer.includes(name)),
    ofProducer,
  };
}

function copyRoleOf({ warehouse }: { [name: string]: unknown }): string | undefined {
  const { iamRole } = (warehouse ?? {}) as { iamRole?: unknown };
  return typeof iamRole === 'string' && iamRole !== 'default' ? iamRole : undefined;
}
