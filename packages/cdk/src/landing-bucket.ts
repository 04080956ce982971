import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { closedBucket } from './loader-storage';

export interface LandingBucketProps {
  /**
   * How long after its load a file is moved to Glacier Flexible Retrieval.
   *
   * @default - never
   */
  readonly archiveProcessedAfter?: Duration;
  /**
   * How long after its load a file is deleted.
   *
   * @default - never
   */
  readonly expireProcessedAfter?: Duration;
  /**
   * Where loaded files are moved to, the beginnings of their keys.
   *
   * @default ['processed/', 'incoming/processed/'] - where a target with `after: move` moves them to, from a folder at the top of the
   * bucket and from one in `incoming/`
   */
  readonly processedPrefixes?: string[];
  /**
   * Encrypts the objects.
   *
   * @default - keys that S3 manages
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * What happens to the bucket when the stack is deleted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const PROCESSED = ['processed/', 'incoming/processed/'];

/** A bucket for files that are to be loaded: closed, encrypted, and rid of what was loaded when you say so. */
export class LandingBucket extends Construct {
  public readonly bucket: s3.Bucket;

  /** @throws Error when files would be deleted before they are archived. */
  constructor(scope: Construct, id: string, props: LandingBucketProps = {}) {
    super(scope, id);
    const { archiveProcessedAfter, expireProcessedAfter, processedPrefixes = PROCESSED } = props;
    const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props;
    if (
      archiveProcessedAfter &&
      expireProcessedAfter &&
      expireProcessedAfter.toDays() <= archiveProcessedAfter.toDays()
    ) {
      throw new Error(
        `'expireProcessedAfter' (${expireProcessedAfter.toHumanString()}) is not after 'archiveProcessedAfter' ` +
          `(${archiveProcessedAfter.toHumanString()}): leave one out, or let files be archived first`,
      );
    }
    const isKept = !archiveProcessedAfter && !expireProcessedAfter;
    this.bucket = closedBucket(this, 'Bucket', {
      encryptionKey,
      removalPolicy,
      lifecycleRules: isKept
        ? []
        : processedPrefixes.map((prefix) => ({
            prefix,
            ...(archiveProcessedAfter
              ? {
                  transitions: [
                    { storageClass: s3.StorageClass.GLACIER, transitionAfter: archiveProcessedAfter },
                  ],
                }
              : {}),
            ...(expireProcessedAfter ? { expiration: expireProcessedAfter } : {}),
          })),
    });
  }
}
