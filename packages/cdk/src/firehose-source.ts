import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as firehose from 'aws-cdk-lib/aws-kinesisfirehose';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow } from './acknowledged-rules';
import { keyStatement } from './loader-storage';
import type { MicrobatchLoader } from './microbatch-loader';
import type { FileSourceProps } from './microbatch-loader-props';

/** A delivery stream whose files are loaded. */
export interface FirehoseSourceProps {
  readonly loader: MicrobatchLoader;
  /** Where the files go. */
  readonly bucket: s3.IBucket;
  /**
   * What their keys begin with: what the target's `from` names. Firehose puts year, month, day and hour (UTC) behind it.
   *
   * @default - incoming/<id>/
   */
  readonly prefix?: string;
  /**
   * Where Firehose puts what it could not deliver. No target may take files from there.
   *
   * @default - firehose-errors/<id>/
   */
  readonly errorPrefix?: string;
  /**
   * A file is written when so much time has gone by. Rows are never fresher than this.
   *
   * @default Duration.seconds(300)
   */
  readonly bufferingInterval?: Duration;
  /**
   * A file is written when so much has come.
   *
   * @default Size.mebibytes(15)
   */
  readonly bufferingSize?: Size;
  /**
   * The name of the queue that announces the files: with documents, the name of the document.
   *
   * @default - a name by CloudFormation
   */
  readonly queueName?: string;
}

const INTERVAL = Duration.seconds(300);
const SIZE = Size.mebibytes(15);

/** Amazon Data Firehose in front of a loader: records become gzip files below `incoming/`, and the files rows. */
export class FirehoseSource extends Construct {
  public readonly deliveryStream: firehose.CfnDeliveryStream;
  /** What announces the files. */
  public readonly queue: sqs.Queue;

  /** @throws Error for limits that Firehose has, and for an error prefix whose files would be loaded. */
  constructor(scope: Construct, id: string, props: FirehoseSourceProps) {
    super(scope, id);
    const { loader, bucket, prefix = `incoming/${id}/`, errorPrefix = `firehose-errors/${id}/` } = props;
    const { bufferingInterval = INTERVAL, bufferingSize = SIZE, queueName } = props;
    checkBuffering(bufferingInterval, bufferingSize);
    checkPrefixes({ prefix, errorPrefix });
    loader._plan.checkClosed("'errorPrefix'", { bucket: bucket.bucketName, prefix: errorPrefix });
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logStream = new logs.LogStream(this, 'Deliveries', {
      logGroup,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = this.makeRole(bucket, { prefix, errorPrefix, logGroup });
    this.deliveryStream = new firehose.CfnDeliveryStream(this, 'Stream', {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      extendedS3DestinationConfiguration: {
        bucketArn: bucket.bucketArn,
        roleArn: role.roleArn,
        prefix,
        errorOutputPrefix: errorPrefix,
        compressionFormat: 'GZIP',
        bufferingHints: {
          intervalInSeconds: bufferingInterval.toSeconds(),
          sizeInMBs: bufferingSize.toMebibytes(),
        },
        cloudWatchLoggingOptions: {
          enabled: true,
          logGroupName: logGroup.logGroupName,
          logStreamName: logStream.logStreamName,
        },
      },
    });
    this.deliveryStream.node.addDependency(role);
    const source: FileSourceProps = {
      bucket,
      prefixes: [prefix],
      ...(queueName === undefined ? {} : { queueName }),
    };
    this.queue = loader.addSource(`${id}Files`, source);
  }

  private makeRole(
    bucket: s3.IBucket,
    { prefix, errorPrefix, logGroup }: { prefix: string; errorPrefix: string; logGroup: logs.ILogGroup },
  ): iam.Role {
    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('firehose.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Millrace: writes what Firehose took to S3',
    });
    for (const statement of [
      new iam.PolicyStatement({
        actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
        resources: [bucket.bucketArn],
      }),
      new iam.PolicyStatement({
        actions: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'],
        resources: [bucket.arnForObjects(`${prefix}*`), bucket.arnForObjects(`${errorPrefix}*`)],
      }),
      new iam.PolicyStatement({ actions: ['logs:PutLogEvents'], resources: [logGroup.logGroupArn] }),
      ...(bucket.encryptionKey ? [keyStatement(bucket.encryptionKey)] : []),
    ]) {
      allow(role, statement);
    }
    return role;
  }
}

function checkBuffering(interval: Duration, size: Size): void {
  const [seconds, mebibytes] = [interval.toSeconds(), size.toMebibytes()];
  if (seconds > 900) {
    throw new Error(`'bufferingInterval' is ${seconds} seconds: Firehose takes 0 to 900`);
  }
  if (mebibytes < 1 || mebibytes > 128) {
    throw new Error(`'bufferingSize' is ${mebibytes} MiB: Firehose takes 1 to 128`);
  }
}

function checkPrefixes({ prefix, errorPrefix }: { prefix: string; errorPrefix: string }): void {
  for (const [name, value] of Object.entries({ prefix, errorPrefix })) {
    if (value.endsWith('/') && !value.startsWith('/')) continue;
    throw new Error(
      `'${name}' is '${value}': write a folder such as 'incoming/clicks/', with '/' behind it and not before`,
    );
  }
  if (!errorPrefix.startsWith(prefix)) return;
  throw new Error(
    `'errorPrefix', '${errorPrefix}', is below 'prefix', '${prefix}': what failed would be loaded. Name another`,
  );
}
