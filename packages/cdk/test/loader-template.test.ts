import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { beforeAll, describe, expect, it } from 'vitest';
import { LandingBucket } from '../src/landing-bucket';
import { BUILD_TIMEOUT_MS, buildPackage } from './build-package';
import { loaderStack, ONE_TARGET, templateOf, WHOLE, wholeStack, wholeTemplate } from './loader-stack';
import { allowed, brokenRules, refOf, resourcesOf, type TemplateJson } from './template-rules';

beforeAll(buildPackage, BUILD_TIMEOUT_MS);

const named = (template: TemplateJson, type: string, beginning: string) =>
  resourcesOf(template, type).find(([id]) => id.startsWith(beginning))?.[1];

describe('the template of a loader', () => {
  it('keeps the rules that every template keeps', () => {
    expect(brokenRules(wholeTemplate())).toEqual([]);
    const { stack } = wholeStack((own) => ({ encryptionKey: new kms.Key(own, 'Key') }));
    expect(brokenRules(templateOf(stack))).toEqual([]);
  });

  it('has functions of two minutes, and of five where much is listed or sealed', () => {
    const timeouts = resourcesOf(wholeTemplate(), 'AWS::Lambda::Function').map(([, props]) => [
      props.Description,
      props.Timeout,
    ]);
    expect(Object.fromEntries(timeouts)).toEqual({
      'Millrace: microbatch-loader': 120,
      'Millrace: next-loader': 120,
      'Millrace: sweeper': 120,
      'Millrace: lister': 120,
      'Millrace: bulk-loader': 300,
      'Millrace: event-consumer': 300,
      'Millrace: event-producer': 10,
      'Millrace: writes the configuration and applies migrations while a stack is deployed': 900,
    });
  });

  it('hears of ends of its own statements, through a queue', () => {
    const rule = named(wholeTemplate(), 'AWS::Events::Rule', 'LoaderStatementEnded');
    expect(rule?.EventPattern).toEqual({
      source: ['aws.redshift-data'],
      'detail-type': ['Redshift Data Statement Status Change'],
      detail: { state: ['FINISHED', 'FAILED', 'ABORTED'], statementName: [{ prefix: 'prod/' }] },
    });
    expect(rule?.Targets).toEqual([
      expect.objectContaining({
        Arn: { 'Fn::GetAtt': [expect.stringMatching(/^LoaderStatementEndsQueue/u), 'Arn'] },
        DeadLetterConfig: expect.anything(),
      }),
    ]);
  });

  it('sweeps and lists every minute, or as often as somebody says', () => {
    const schedulesOf = (template: TemplateJson) =>
      resourcesOf(template, 'AWS::Events::Rule').flatMap(([, props]) => props.ScheduleExpression ?? []);
    expect(schedulesOf(wholeTemplate())).toEqual(['rate(1 minute)', 'rate(1 minute)']);
    const { stack, loader } = loaderStack({ listInterval: Duration.minutes(5) });
    const nightly = events.Schedule.cron({ hour: '3', minute: '0' });
    loader.addBulkSchedule('Nightly', nightly, { schedule: 'yesterday' });
    expect(schedulesOf(templateOf(stack)).toSorted()).toEqual([
      'cron(0 3 * * ? *)',
      'rate(1 minute)',
      'rate(5 minutes)',
    ]);
  });

  it('takes one answer per message, in bounded numbers, and gives no event of a stream up', () => {
    const mappings = resourcesOf(wholeTemplate(), 'AWS::Lambda::EventSourceMapping').map(
      ([, props]) => props,
    );
    const ofQueues = mappings.filter(({ StartingPosition }) => StartingPosition === undefined);
    expect(ofQueues).toHaveLength(6);
    for (const one of ofQueues) {
      expect(one).toMatchObject({
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: expect.any(Number) },
      });
    }
    const ofStream = mappings.find(({ StartingPosition }) => StartingPosition !== undefined);
    expect(ofStream).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: false,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      // Half of the shortest freshness.
      MaximumBatchingWindowInSeconds: 15,
    });
    expect(ofStream).not.toHaveProperty('MaximumRetryAttempts');
    expect(ofStream).not.toHaveProperty('MaximumRecordAgeInSeconds');
  });

  it('makes nothing that loads before the step of the deployment has succeeded', () => {
    const { Resources: resources } = wholeTemplate();
    const [deployed = ''] =
      Object.entries(resources).find(([, { Type }]) => Type === 'Custom::MillraceDeployment') ?? [];
    const waits = (id: string): boolean => resources[id]?.DependsOn?.includes(deployed) ?? false;
    const mapped = resourcesOf(wholeTemplate(), 'AWS::Lambda::EventSourceMapping').map(
      ([, { FunctionName }]) => refOf(FunctionName) ?? '',
    );
    const made = [...resourcesOf(wholeTemplate(), 'AWS::Lambda::Function').map(([id]) => id)]
      .filter((id) => !/DeploymentStep|EventsProducer/u.test(id))
      .concat(
        resourcesOf(wholeTemplate(), 'AWS::Events::Rule').map(([id]) => id),
        mapped,
      );
    expect(made).toHaveLength(6 + 4 + 7);
    expect(made.filter((id) => !waits(id))).toEqual([]);
  });
});

describe('the rights of a loader', () => {
  const rightsTo = (template: TemplateJson, action: string) =>
    allowed(template)
      .filter(({ id, actions }) => id.startsWith('LoaderRole') && actions.includes(action))
      .flatMap(({ resources }) => resources.map((one) => JSON.stringify(one)));

  it('are to move files only where a target moves them', () => {
    const template = wholeTemplate();
    const deletes = rightsTo(template, 's3:DeleteObject');
    expect(deletes).toHaveLength(2);
    expect(deletes.join()).toContain(':s3:::shop/incoming/orders/*');
    expect(deletes.join()).toContain('/millrace/*');
    expect(rightsTo(template, 's3:PutObject').join()).toContain(':s3:::shop/incoming/processed/orders/*');
    expect(rightsTo(template, 's3:GetObject').join()).toContain(':s3:::lake/flights/*');
    expect(rightsTo(template, 's3:PutObject').join()).not.toContain('lake');
    // A file with tags is moved with its tags, or not at all.
    expect(rightsTo(template, 's3:GetObjectTagging').join()).toContain(':s3:::shop/incoming/orders/*');
    expect(rightsTo(template, 's3:PutObjectTagging').join()).toContain(
      ':s3:::shop/incoming/processed/orders/*',
    );
  });

  it('name the one warehouse, as closely as they can', () => {
    const run = 'redshift-data:BatchExecuteStatement';
    const workgroupArn = 'arn:aws:redshift-serverless:eu-central-1:123456789012:workgroup/3b1c';
    expect(rightsTo(templateOf(loaderStack().stack), run).join()).toContain('workgroup/*');
    expect(rightsTo(templateOf(loaderStack({ workgroupArn }).stack), run)).toEqual([
      JSON.stringify(workgroupArn),
    ]);
    const cluster = templateOf(
      loaderStack({ workgroup: undefined, cluster: 'analytics', dbUser: 'loader' }).stack,
    );
    expect(rightsTo(cluster, run).join()).toMatch(/:cluster:analytics"/u);
    expect(rightsTo(cluster, 'redshift:GetClusterCredentials').join()).toMatch(
      /dbname:analytics\/prod.*dbuser:analytics\/loader/u,
    );
    expect(rightsTo(cluster, 'redshift:GetClusterCredentialsWithIAM')).toEqual([]);
  });

  it('have a wildcard for a whole resource only where there is no name', () => {
    const wide = allowed(wholeTemplate()).filter(({ resources }) => resources.includes('*'));
    expect(wide.flatMap(({ actions }) => actions).sort()).toEqual([
      'redshift-data:CancelStatement',
      'redshift-data:DescribeStatement',
      'redshift-data:GetStatementResult',
      'redshift-data:ListStatements',
    ]);
  });

  it('are those of one role for all that talk to the warehouse; the producer can only put events', () => {
    const template = wholeTemplate();
    const roles = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Role, Description }]) => [
      refOf(Role),
      Description,
    ]);
    const producers = roles.filter(([role]) => !role?.toString().startsWith('LoaderRole'));
    expect(producers).toEqual([[expect.stringMatching(/^EventsProducerRole/u), 'Millrace: event-producer']]);
    const ofProducer = allowed(template).filter(({ id }) => id.startsWith('EventsProducerRole'));
    expect(ofProducer.flatMap(({ actions }) => actions).sort()).toEqual([
      'kinesis:ListShards',
      'kinesis:PutRecords',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'sqs:SendMessage',
    ]);
  });

  it('let COPY read the files and the manifests, and nothing else', () => {
    const { stack } = loaderStack((own) => ({
      copyRole: new iam.Role(own, 'Copy', { assumedBy: new iam.ServicePrincipal('redshift.amazonaws.com') }),
    }));
    const rights = allowed(templateOf(stack)).filter(({ id }) => id.startsWith('Copy'));
    expect([...new Set(rights.flatMap(({ actions }) => actions))].sort()).toEqual([
      's3:GetObject',
      's3:ListBucket',
    ]);
  });

  it('name what prefixes have in common when there are too many for a policy', () => {
    const target = ONE_TARGET.targets['public.flights'];
    const many = Array.from({ length: 200 }, (_, nth) => [
      `public.t${nth}`,
      { ...target, from: `s3://lake/raw/t${nth}/` },
    ]);
    const template = templateOf(loaderStack({ configuration: { targets: Object.fromEntries(many) } }).stack);
    expect(rightsTo(template, 's3:GetObject').filter((one) => one.includes('lake'))).toEqual([
      expect.stringContaining(':s3:::lake/raw/t*'),
    ]);
  });
});

describe('files', () => {
  it('of a bucket of the stack are told by S3 itself', () => {
    const template = wholeTemplate();
    const bucket = named(template, 'AWS::S3::Bucket', 'LandingBucket');
    expect(bucket?.NotificationConfiguration).toMatchObject({
      QueueConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'incoming/clicks/' }] } },
        },
        { Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'incoming/views/' }] } } },
      ],
    });
  });

  it('of another bucket are told by EventBridge, with many prefixes in several rules', () => {
    const rule = named(wholeTemplate(), 'AWS::Events::Rule', 'LoaderShopCreated');
    expect(rule?.EventPattern).toMatchObject({
      source: ['aws.s3'],
      detail: { bucket: { name: ['shop'] }, object: { key: [{ wildcard: 'incoming/orders/*.csv' }] } },
    });
    const { stack, loader } = loaderStack();
    const prefixes = Array.from({ length: 15 }, (_, nth) => `raw/t${nth}/`);
    loader.addSource('Lake', { bucket: s3.Bucket.fromBucketName(stack, 'Lake', 'lake'), prefixes });
    const patterns = resourcesOf(templateOf(stack), 'AWS::Events::Rule').filter(([id]) =>
      id.startsWith('LoaderLake'),
    );
    expect(patterns).toHaveLength(2);
  });

  it('with long prefixes share fewer rules: a pattern has 2,048 characters', () => {
    const { stack, loader } = loaderStack();
    const prefixes = Array.from({ length: 10 }, (_, nth) => `${'long/'.repeat(45)}t${nth}/`);
    loader.addSource('Lake', { bucket: s3.Bucket.fromBucketName(stack, 'Lake', 'lake'), prefixes });
    const patterns = resourcesOf(templateOf(stack), 'AWS::Events::Rule')
      .filter(([id]) => id.startsWith('LoaderLake'))
      .map(([, rule]) => rule.EventPattern);
    for (const pattern of patterns) expect(JSON.stringify(pattern).length).toBeLessThan(2_048);
    for (const prefix of prefixes) expect(JSON.stringify(patterns)).toContain(prefix);
  });

  it('that are loaded are archived and deleted when somebody says so', () => {
    const stack = new Stack();
    new LandingBucket(stack, 'Landing', {
      archiveProcessedAfter: Duration.days(30),
      expireProcessedAfter: Duration.days(365),
    });
    const bucket = named(templateOf(stack), 'AWS::S3::Bucket', 'Landing') ?? {};
    const { Rules: rules } = bucket.LifecycleConfiguration as { Rules: object[] };
    expect(rules.slice(1)).toEqual(
      ['processed/', 'incoming/processed/'].map((Prefix) => ({
        Prefix,
        Status: 'Enabled',
        ExpirationInDays: 365,
        Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 30 }],
      })),
    );
  });

  it('of Firehose come after 300 seconds or 15 MB, packed, their errors aside', () => {
    const stream = named(wholeTemplate(), 'AWS::KinesisFirehose::DeliveryStream', 'views');
    expect(stream?.ExtendedS3DestinationConfiguration).toMatchObject({
      Prefix: 'incoming/views/',
      ErrorOutputPrefix: 'firehose-errors/views/',
      CompressionFormat: 'GZIP',
      BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 15 },
    });
  });
});

describe('what the loader is told', () => {
  it('is its configuration, with the names that CloudFormation gave', () => {
    const template = wholeTemplate();
    const deployed = resourcesOf(template, 'Custom::MillraceDeployment')[0]?.[1];
    const text = JSON.stringify(deployed?.Objects);
    expect(text).toContain('/millrace.config.json');
    for (const name of ['LoaderTracker', 'LoaderWakesQueue', 'EventsStream'])
      expect(text).toMatch(new RegExp(`"Ref":"${name}`, 'u'));
    Template.fromJSON({ ...template }).hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Millrace: microbatch-loader',
      Environment: { Variables: { MILLRACE_CONFIG: Match.anyValue(), WAKE_QUEUE_URL: Match.anyValue() } },
    });
  });

  it('is where documents are, when there is no configuration', () => {
    const documents = {
      orders_queue: {
        copy: {
          options: 'CSV',
          role_arn: 'arn:aws:iam::123456789012:role/loader',
          table_name: 'public.orders',
        },
        cluster: { identifier: 'analytics', db_name: 'prod' },
        options: { merge_duplicate_pks: false },
      },
    };
    const { stack, loader } = loaderStack({
      configuration: undefined,
      workgroup: undefined,
      cluster: 'analytics',
      documents,
    });
    loader.addSource('Orders', {
      bucket: s3.Bucket.fromBucketName(stack, 'Lake', 'lake'),
      queueName: 'orders_queue',
    });
    const template = templateOf(stack);
    expect(JSON.stringify(resourcesOf(template, 'Custom::MillraceDeployment')[0]?.[1].Objects)).toContain(
      '/rs-loader-config/orders_queue.json',
    );
    Template.fromJSON({ ...template }).hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Millrace: microbatch-loader',
      Environment: {
        Variables: {
          CONFIG_PREFIX: 'rs-loader-config/',
          DDB_TRACKER: Match.anyValue(),
          REDSHIFT_ADDRESSING: 'cluster',
        },
      },
    });
  });
});

describe('alarms', () => {
  it('tell of files that wait, dead letters, age, holds, a silent sweeper, and a stream that is not read', () => {
    const alarms = resourcesOf(wholeTemplate(), 'AWS::CloudWatch::Alarm').map(([id]) =>
      id.replace(/[0-9A-F]{8}$/u, ''),
    );
    expect(alarms.map((id) => id.replace('LoaderAlarms', '')).sort()).toEqual([
      'DeadLettersInvocations',
      'DeadLettersLanding',
      'DeadLettersListings',
      'DeadLettersShop',
      'DeadLettersStatementEnds',
      'DeadLettersWakes',
      'DeadLettersviewsFiles',
      'FilesQuarantined',
      'FilesWaitLong',
      'Freshness',
      'IteratorAgeEvents',
      'LanesHeld',
      'OutageOverdue',
      'SweeperErrors',
      'SweeperSilent',
      'UnprocessedFilesHigh',
      'UnprocessedFilesStuck',
    ]);
  });

  it('do what they are to do, also when it is over', () => {
    const arn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
    const topic = sns.Topic.fromTopicArn(new Stack(), 'Topic', arn);
    const { stack } = wholeStack({ alarmActions: [new SnsAction(topic)] });
    const alarms = resourcesOf(templateOf(stack), 'AWS::CloudWatch::Alarm');
    for (const [, { AlarmActions, OKActions }] of alarms) {
      expect(AlarmActions).toEqual([arn]);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it.each([
    ['30s', 15 * 60_000],
    ['2h', 6 * 3_600_000],
  ])('of lateness leave a target of %s what it promises', (freshness, threshold) => {
    const flights = { ...ONE_TARGET.targets['public.flights'], freshness };
    const targets = { ...WHOLE.targets, 'public.flights': flights };
    const { stack } = wholeStack({ configuration: { ...WHOLE, targets } });
    const alarms = resourcesOf(templateOf(stack), 'AWS::CloudWatch::Alarm');
    const thresholds = ['Freshness', 'FilesWaitLong', 'IteratorAgeEvents'].map(
      (name) => alarms.find(([id]) => id.startsWith(`LoaderAlarms${name}`))?.[1].Threshold,
    );
    expect(thresholds).toEqual([threshold, threshold, threshold]);
  });

  it('stand for as long as a lane is held, or a file waits', () => {
    for (const metric of ['LaneHeld', 'OldestWaiting']) {
      Template.fromJSON({ ...wholeTemplate() }).hasResourceProperties('AWS::CloudWatch::Alarm', {
        Namespace: 'millrace',
        MetricName: metric,
        Dimensions: [{ Name: 'database', Value: 'prod' }],
        Statistic: 'Maximum',
      });
    }
  });
});
