import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** Files that are loaded: below one prefix, and what becomes of them. */
export interface FilePlace {
  /** The name of the bucket. */
  readonly bucket: string;
  /** The beginning of the keys; empty: all. */
  readonly prefix: string;
  readonly after: 'keep' | 'move' | 'tag' | 'delete';
  /** Where `move` moves to. */
  readonly movesTo?: { readonly bucket: string; readonly prefix: string } | undefined;
}

/** A role's policies hold 10 KB in all: with more prefixes in a bucket, what they have in common is named. */
const MAX_PREFIXES = 20;

/** What a loader may do with files: list and read them; tag, move or delete them only where a target says so. */
export function fileStatements(scope: Construct, places: readonly FilePlace[]): iam.PolicyStatement[] {
  const rights = new Map<string, Map<string, Set<string>>>();
  const allow = (bucket: string, prefix: string, ...actions: readonly string[]): void => {
    for (const action of actions) {
      const buckets = rights.get(action) ?? new Map<string, Set<string>>();
      rights.set(action, buckets);
      buckets.set(bucket, (buckets.get(bucket) ?? new Set()).add(prefix));
    }
  };
  for (const { bucket, prefix, after, movesTo } of places) {
    allow(bucket, prefix, 's3:GetObject');
    if (after === 'tag') allow(bucket, prefix, 's3:GetObjectTagging', 's3:PutObjectTagging');
    if (after === 'move' || after === 'delete') allow(bucket, prefix, 's3:DeleteObject');
    if (!movesTo) continue;
    // A copy of a large object is made in parts, and given up in parts.
    allow(movesTo.bucket, movesTo.prefix, 's3:PutObject', 's3:AbortMultipartUpload');
    // A copy has the tags of its object, and S3 refuses it whole to whom it would not give them: scanners tag files.
    allow(bucket, prefix, 's3:GetObjectTagging');
    allow(movesTo.bucket, movesTo.prefix, 's3:PutObjectTagging');
  }
  const buckets = new Set(places.map(({ bucket }) => bucket));
  if (buckets.size === 0) return [];
  return [
    new iam.PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [...buckets].map((bucket) => bucketArn(scope, bucket)),
    }),
    ...[...rights].map(
      ([action, ofBuckets]) =>
        new iam.PolicyStatement({
          actions: [action],
          resources: [...ofBuckets].flatMap(([bucket, prefixes]) =>
            closest([...prefixes]).map((prefix) => `${bucketArn(scope, bucket)}/${prefix}*`),
          ),
        }),
    ),
  ];
}

export function bucketArn(scope: Construct, bucket: string): string {
  return `arn:${Stack.of(scope).partition}:s3:::${bucket}`;
}

/** The prefixes but for those inside others; or what all of them begin with, when they are too many to be named. */
export function closest(prefixes: readonly string[]): readonly string[] {
  const sorted = [...prefixes].sort();
  const outer = sorted.filter(
    (prefix) => !sorted.some((other) => other !== prefix && prefix.startsWith(other)),
  );
  if (outer.length <= MAX_PREFIXES) return outer;
  const [first = '', last = ''] = [outer[0], outer.at(-1)];
  let shared = 0;
  while (shared < first.length && first[shared] === last[shared]) shared += 1;
  return [first.slice(0, shared)];
}
