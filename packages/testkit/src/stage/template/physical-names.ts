import type { Resource } from './cloud-assembly.ts';

/** Where a stack is. */
export interface Place {
  readonly stackName: string;
  readonly region: string;
  readonly account: string;
  /** Where queues are reached. */
  readonly sqsUrl: string;
}

/** What `Ref` and `Fn::GetAtt` give for a resource. */
export interface Physical {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Names of resources that the template gives none: made from the stack and the logical id, within what each service takes. */
export function physicalOf(
  logicalId: string,
  { Type }: Resource,
  options: { place: Place; name: string | undefined },
): Physical {
  const { place, name } = options;
  const { region, account, stackName, sqsUrl } = place;
  const given = name ?? `${stackName}-${logicalId}`;
  const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`;
  const named = (ref: string, own: string, more: Record<string, string> = {}): Physical => ({
    ref,
    attributes: { Arn: own, ...more },
  });
  switch (Type) {
    case 'AWS::S3::Bucket': {
      const bucket =
        name ??
        given
          .toLowerCase()
          .replaceAll(/[^a-z0-9-]/gu, '-')
          .slice(-63)
          .replace(/^-/u, 'b');
      return named(bucket, `arn:aws:s3:::${bucket}`, { DomainName: `${bucket}.s3.amazonaws.com` });
    }
    case 'AWS::SQS::Queue':
      return named(`${sqsUrl}/${account}/${given.slice(-80)}`, arn('sqs', given.slice(-80)), {
        QueueName: given.slice(-80),
      });
    case 'AWS::DynamoDB::Table':
    case 'AWS::DynamoDB::GlobalTable':
      return named(given, arn('dynamodb', `table/${given}`), {
        StreamArn: arn('dynamodb', `table/${given}/stream/1`),
      });
    case 'AWS::Kinesis::Stream':
      return named(given, arn('kinesis', `stream/${given}`));
    case 'AWS::KinesisFirehose::DeliveryStream':
      return named(given, arn('firehose', `deliverystream/${given}`));
    case 'AWS::Lambda::Function':
      return named(given.slice(-64), arn('lambda', `function:${given.slice(-64)}`));
    case 'AWS::Lambda::Url':
      return {
        ref: arn('lambda', `url:${given}`),
        attributes: { FunctionUrl: `https://${logicalId}.lambda-url.${region}.on.aws/` },
      };
    case 'AWS::IAM::Role':
      return named(given, `arn:aws:iam::${account}:role/${given}`, {
        RoleId: `AROA${logicalId.toUpperCase()}`,
      });
    case 'AWS::KMS::Key':
      return named(`key-${logicalId}`, arn('kms', `key/key-${logicalId}`), { KeyId: `key-${logicalId}` });
    case 'AWS::Logs::LogGroup':
      return named(given, `${arn('logs', `log-group:${given}`)}:*`);
    case 'AWS::Events::Rule':
      return named(given, arn('events', `rule/${given}`));
    case 'AWS::Events::EventBus':
      return named(given, arn('events', `event-bus/${given}`), { Name: given });
    case 'AWS::StepFunctions::StateMachine':
      return named(arn('states', `stateMachine:${given}`), arn('states', `stateMachine:${given}`), {
        Name: given,
      });
    case 'AWS::SNS::Topic':
      return { ref: arn('sns', given), attributes: { TopicArn: arn('sns', given), TopicName: given } };
    case 'AWS::SecretsManager::Secret':
      return {
        ref: arn('secretsmanager', `secret:${given}-AbCdEf`),
        attributes: { Id: arn('secretsmanager', `secret:${given}-AbCdEf`) },
      };
    case 'AWS::Redshift::Cluster':
      return {
        ref: given.toLowerCase(),
        attributes: { 'Endpoint.Address': `${given}.redshift.invalid`, 'Endpoint.Port': '5439' },
      };
    case 'AWS::RedshiftServerless::Workgroup':
      return {
        ref: given.toLowerCase(),
        attributes: {
          'Workgroup.WorkgroupArn': arn('redshift-serverless', `workgroup/${logicalId}`),
          'Workgroup.WorkgroupName': given.toLowerCase(),
        },
      };
    default:
      return named(given, arn('unknown', given));
  }
}
