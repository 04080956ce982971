import type { IncomingHttpHeaders } from 'node:http';
import { copySourceOf, elementsOf, type S3Request, unescapeXml } from '../../aws/s3-request.ts';
import type { Wish } from './policy.ts';

/** The services that the stage stands before. */
export type Service = 's3' | 'sqs' | 'dynamodb' | 'kinesis' | 'redshift-data' | 'events' | 'states';

export interface AwsCall {
  readonly service: Service;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Where ARNs of calls begin, and what encrypts what. */
export interface Realm {
  readonly region: string;
  readonly account: string;
  /** The ARN of the key that a bucket, queue or table of this ARN is encrypted with. */
  keyOf(arn: string): string | undefined;
  /** The ARN of a workgroup of this name. */
  workgroupArn(name: string): string;
}

type Input = Readonly<Record<string, unknown>>;

/** What a call to a service of JSON asks for: `ExecuteStatement`. */
export function operationOf({ headers }: AwsCall): string {
  return (
    String(headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1) ?? ''
  );
}

/** What a role has to be allowed for a call. */
export function wishesOf(call: AwsCall, realm: Realm): readonly Wish[] {
  if (call.service === 's3') return withKeys(s3Wishes(call), realm);
  const operation = operationOf(call);
  const input = (call.body === '' ? {} : JSON.parse(call.body)) as Input;
  switch (call.service) {
    case 'sqs':
      return withKeys(sqsWishes(operation, input, realm), realm);
    case 'dynamodb':
      return withKeys(dynamoWishes(operation, input, realm), realm);
    case 'kinesis':
      return [
        {
          action: `kinesis:${operation}`,
          resource: arnOf(realm, 'kinesis', `stream/${text(input.StreamName)}`),
        },
      ];
    case 'redshift-data':
      return dataApiWishes(operation, input, realm);
    case 'events': {
      const entries = (input.Entries ?? []) as readonly Input[];
      const buses = new Set(entries.map(({ EventBusName }) => text(EventBusName) || 'default'));
      return [...buses].map((bus) => ({
        action: 'events:PutEvents',
        resource: bus.startsWith('arn:') ? bus : arnOf(realm, 'events', `event-bus/${bus}`),
      }));
    }
    case 'states':
      // Which machine gave out a token is not in the call.
      return [{ action: `states:${operation}`, resource: arnOf(realm, 'states', 'stateMachine:of-a-token') }];
  }
}

function sqsWishes(operation: string, { QueueUrl }: Input, realm: Realm): Wish[] {
  const name = text(QueueUrl).split('/').at(-1) ?? '';
  return [{ action: `sqs:${operation.replace(/Batch$/u, '')}`, resource: arnOf(realm, 'sqs', name) }];
}

function dynamoWishes(operation: string, input: Input, realm: Realm): Wish[] {
  const tables = operation.startsWith('Batch')
    ? Object.keys((input.RequestItems ?? {}) as object)
    : [text(input.TableName)];
  const index = input.IndexName === undefined ? '' : `/index/${text(input.IndexName)}`;
  return tables.map((table) => ({
    action: `dynamodb:${operation}`,
    resource: arnOf(realm, 'dynamodb', `table/${table}${index}`),
  }));
}

function dataApiWishes(operation: string, input: Input, realm: Realm): Wish[] {
  const action = `redshift-data:${operation}`;
  // A statement has no ARN.
  if (operation !== 'ExecuteStatement' && operation !== 'BatchExecuteStatement')
    return [{ action, resource: undefined }];
  const { ClusterIdentifier, WorkgroupName, Database, DbUser, SecretArn } = input;
  const cluster = text(ClusterIdentifier);
  const workgroup = text(WorkgroupName);
  const place =
    cluster === ''
      ? workgroup.startsWith('arn:')
        ? workgroup
        : realm.workgroupArn(workgroup)
      : arnOf(realm, 'redshift', `cluster:${cluster}`);
  const wishes: Wish[] = [{ action, resource: place }];
  const name = arnOf(realm, 'redshift', `dbname:${cluster}/${text(Database)}`);
  if (SecretArn !== undefined)
    wishes.push({ action: 'secretsmanager:GetSecretValue', resource: text(SecretArn) });
  else if (cluster === '') wishes.push({ action: 'redshift-serverless:GetCredentials', resource: place });
  else if (DbUser === undefined)
    wishes.push({ action: 'redshift:GetClusterCredentialsWithIAM', resource: name });
  else {
    const user = arnOf(realm, 'redshift', `dbuser:${cluster}/${text(DbUser)}`);
    wishes.push({ action: 'redshift:GetClusterCredentials', resource: user });
    wishes.push({ action: 'redshift:GetClusterCredentials', resource: name });
  }
  return wishes;
}

function s3Wishes(call: AwsCall): Wish[] {
  const { method, url, headers, body } = call;
  const [path = '/', search = ''] = url.split(/\?(.*)/su);
  const [, bucket = '', rest = ''] = /^\/([^/]*)\/?(.*)$/su.exec(path) ?? [];
  const asked: S3Request = {
    method,
    bucket,
    key: decodeURIComponent(rest),
    query: new URLSearchParams(search),
    headers,
  };
  const { query, key } = asked;
  const ofBucket = `arn:aws:s3:::${bucket}`;
  const on = (action: string, object = key): Wish => ({
    action: `s3:${action}`,
    resource: `${ofBucket}/${object}`,
  });
  if (key === '') {
    if (method === 'POST' && query.has('delete')) {
      return elementsOf(body, 'Key').map((one) => on('DeleteObject', unescapeXml(one)));
    }
    return [
      { action: query.has('versions') ? 's3:ListBucketVersions' : 's3:ListBucket', resource: ofBucket },
    ];
  }
  if (query.has('tagging')) {
    return [
      on(
        method === 'GET' ? 'GetObjectTagging' : method === 'PUT' ? 'PutObjectTagging' : 'DeleteObjectTagging',
      ),
    ];
  }
  if (method === 'GET' || method === 'HEAD')
    return [on(query.has('versionId') ? 'GetObjectVersion' : 'GetObject')];
  if (method === 'DELETE') return [on(query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject')];
  const source = copySourceOf(asked);
  const tags = headers['x-amz-tagging'] === undefined ? [] : [on('PutObjectTagging')];
  const read =
    source === undefined
      ? []
      : [{ action: 's3:GetObject', resource: `arn:aws:s3:::${source.bucket}/${source.key}` }];
  return [...read, on('PutObject'), ...tags];
}

/** What is encrypted is read and written with the rights to its key. */
function withKeys(wishes: readonly Wish[], realm: Realm): readonly Wish[] {
  const keys = wishes.flatMap(({ action, resource = '' }): Wish[] => {
    const key = realm.keyOf(resource.startsWith('arn:aws:s3:::') ? (resource.split('/')[0] ?? '') : resource);
    if (key === undefined) return [];
    const decrypt = { action: 'kms:Decrypt', resource: key };
    const generate = { action: 'kms:GenerateDataKey', resource: key };
    if (action === 'sqs:SendMessage') return [generate, decrypt];
    if (action === 's3:PutObject') return [generate];
    return ['s3:GetObject', 'sqs:ReceiveMessage'].includes(action) || action.startsWith('dynamodb:')
      ? [decrypt]
      : [];
  });
  return [...wishes, ...keys];
}

function arnOf({ region, account }: Realm, service: string, rest: string): string {
  return `arn:aws:${service}:${region}:${account}:${rest}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
