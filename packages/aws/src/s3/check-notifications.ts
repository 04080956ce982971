import { GetBucketNotificationConfigurationCommand, type S3Client } from '@aws-sdk/client-s3';
import { type CheckResult, fails, failsBy, passes, warns } from '@millrace/core';

/** What a bucket is to tell of: the prefixes of targets, and the queues in which somebody listens. */
export interface WantedNotifications {
  readonly bucket: string;
  readonly sources: readonly { readonly target: string; readonly prefix: string }[];
  readonly queueArns: readonly string[];
}

/** The part of a bucket's notification configuration that is looked at. */
export interface BucketNotifications {
  readonly QueueConfigurations?: readonly {
    readonly QueueArn?: string | undefined;
    readonly Events?: readonly string[] | undefined;
    readonly Filter?:
      | { readonly Key?: { readonly FilterRules?: readonly FilterRule[] | undefined } | undefined }
      | undefined;
  }[];
  readonly EventBridgeConfiguration?: object | undefined;
  readonly TopicConfigurations?: readonly object[] | undefined;
}

interface FilterRule {
  readonly Name?: string | undefined;
  readonly Value?: string | undefined;
}

/** Whether a bucket tells the queues of every object that a target takes. Needs `s3:GetBucketNotification`. */
export async function checkNotifications(
  client: S3Client,
  wanted: WantedNotifications,
): Promise<readonly CheckResult[]> {
  const check = `notifications ${wanted.bucket}`;
  try {
    const told = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket: wanted.bucket }));
    return judgeNotifications(told as BucketNotifications, wanted);
  } catch (error) {
    return [
      failsBy(check, error, 'allow s3:GetBucketNotification on the bucket, and look whether it exists'),
    ];
  }
}

/** Pure: what a bucket's configuration is worth for each prefix that is to be told of. */
export function judgeNotifications(
  told: BucketNotifications,
  { bucket, sources, queueArns }: WantedNotifications,
): readonly CheckResult[] {
  return sources.map(({ target, prefix }) => {
    const check = `notifications s3://${bucket}/${prefix}`;
    if (queueArns.length === 0) {
      const detail = `${target} hears of no new object: files are found by listing alone`;
      return warns(
        check,
        detail,
        "send the bucket's notifications to a queue, and name it in `objects.notifications`",
      );
    }
    const toUs = (told.QueueConfigurations ?? []).filter(({ QueueArn = '' }) => queueArns.includes(QueueArn));
    const whole = toUs.find((one) => coversEvents(one.Events ?? []) && covers(one, prefix));
    if (whole !== undefined) return passes(check, `new objects are told to ${whole.QueueArn}, for ${target}`);
    if (told.EventBridgeConfiguration !== undefined) {
      return passes(
        check,
        `the bucket tells EventBridge; the rule that leads on to the queue is not looked at (${target})`,
      );
    }
    if ((told.TopicConfigurations ?? []).length > 0 && toUs.length === 0) {
      return passes(check, `the bucket tells a topic; what subscribes to it is not looked at (${target})`);
    }
    const fix = `let the bucket tell ${queueArns.join(' or ')} of s3:ObjectCreated:* below '${prefix}'`;
    const partly = toUs.find((one) => covers(one, prefix, { ignoresSuffix: true }));
    if (partly === undefined)
      return fails(check, `the bucket does not tell the queue of objects there (${target})`, fix);
    if (!coversEvents(partly.Events ?? [])) {
      return fails(check, `the bucket tells the queue only of ${(partly.Events ?? []).join(', ')}`, fix);
    }
    const suffix = filterOf(partly, 'suffix');
    return warns(check, `the bucket tells the queue only of keys that end with '${suffix}'`, fix);
  });
}

/** Uploads in parts are another event than simple ones; copies a third. */
function coversEvents(events: readonly string[]): boolean {
  return (
    events.includes('s3:ObjectCreated:*') ||
    ['Put', 'CompleteMultipartUpload', 'Copy', 'Post'].every((one) =>
      events.includes(`s3:ObjectCreated:${one}`),
    )
  );
}

type QueueRule = NonNullable<BucketNotifications['QueueConfigurations']>[number];

function covers(rule: QueueRule, prefix: string, { ignoresSuffix = false } = {}): boolean {
  return prefix.startsWith(filterOf(rule, 'prefix')) && (ignoresSuffix || filterOf(rule, 'suffix') === '');
}

function filterOf({ Filter }: QueueRule, name: string): string {
  return Filter?.Key?.FilterRules?.find(({ Name = '' }) => Name.toLowerCase() === name)?.Value ?? '';
}
