/** An object that came to be: what S3 tells in a notification. */
export interface CreatedObject {
  readonly eventName: 'ObjectCreated:Put' | 'ObjectCreated:Copy' | 'ObjectCreated:CompleteMultipartUpload';
  readonly bucket: string;
  /** As it is; each form of notification encodes it in its own way. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Unquoted. */
  readonly etag: string;
  readonly versionId?: string;
  /** Hex; grows with every write of the bucket. */
  readonly sequencer: string;
  readonly at: number;
}

/** How a notification reaches a queue: from S3 itself, by way of an SNS topic, or of an EventBridge rule. */
export type Wrapping = 'plain' | 'sns' | 'eventbridge';

/** A message body in the shape that AWS documents for it. EventBridge knows one object per event. */
export function notificationBody(objects: readonly CreatedObject[], wrapping: Wrapping): string {
  switch (wrapping) {
    case 'plain':
      return JSON.stringify({ Records: objects.map(recordOf) });
    case 'sns':
      return JSON.stringify({
        Type: 'Notification',
        MessageId: '4c807a3d-5b06-5c2d-9a7a-26bd5f4f7d1c',
        TopicArn: 'arn:aws:sns:us-east-1:000000000000:objects',
        Subject: 'Amazon S3 Notification',
        Message: notificationBody(objects, 'plain'),
        Timestamp: instantOf(objects),
        SignatureVersion: '1',
        Signature: 'none',
        SigningCertURL: 'https://sns.us-east-1.amazonaws.com/none.pem',
        UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
      });
    case 'eventbridge': {
      const [object, second] = objects;
      if (object === undefined || second !== undefined) {
        throw new Error(`an EventBridge event tells of one object, not of ${objects.length}`);
      }
      return JSON.stringify(eventOf(object));
    }
  }
}

/** What S3 sends once, when notifications are configured: no object is in it. */
export function testEventBody(bucket: string): string {
  return JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: '2026-11-21T00:00:00.000Z',
    Bucket: bucket,
    RequestId: '5582815E1AEA5ADF',
    HostId: 'none',
  });
}

function recordOf(object: CreatedObject): object {
  const { eventName, bucket, key, size, etag, versionId, sequencer } = object;
  return {
    eventVersion: '2.5',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: instantOf([object]),
    eventName,
    userIdentity: { principalId: 'AWS:EXAMPLE' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': 'C3D13FE58DE4C810', 'x-amz-id-2': 'none' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'millrace',
      bucket: { name: bucket, ownerIdentity: { principalId: 'EXAMPLE' }, arn: `arn:aws:s3:::${bucket}` },
      object: {
        key: formEncoded(key),
        size,
        eTag: etag,
        ...(versionId === undefined ? {} : { versionId }),
        sequencer,
      },
    },
  };
}

function eventOf(object: CreatedObject): object {
  const { eventName, bucket, key, size, etag, versionId, sequencer } = object;
  return {
    version: '0',
    id: `17793124-05d4-b198-2fde-${sequencer.slice(-12).padStart(12, '0')}`,
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '000000000000',
    time: instantOf([object]),
    region: 'us-east-1',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, size, etag, ...(versionId === undefined ? {} : { 'version-id': versionId }), sequencer },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '000000000000',
      'source-ip-address': '127.0.0.1',
      reason: REASONS[eventName],
    },
  };
}

const REASONS = {
  'ObjectCreated:Put': 'PutObject',
  'ObjectCreated:Copy': 'CopyObject',
  'ObjectCreated:CompleteMultipartUpload': 'CompleteMultipartUpload',
} as const;

/** S3's own notifications encode keys as forms do: a blank is a plus. */
function formEncoded(key: string): string {
  const encoded = encodeURIComponent(key).replace(
    /[!'()~]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return encoded.replaceAll('%20', '+').replaceAll('%2F', '/');
}

function instantOf(objects: readonly CreatedObject[]): string {
  return new Date(objects[0]?.at ?? 0).toISOString();
}
