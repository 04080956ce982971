import { matchesPattern } from '@millrace/testkit/stage';
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { beforeAll, describe, expect, it } from 'vitest';
import { RedshiftCancellation, RedshiftStatement } from '../src/tasker/redshift-statement';
import { RedshiftTasker } from '../src/tasker/redshift-tasker';
import type { RedshiftTaskerProps } from '../src/tasker/redshift-tasker-props';
import { BUILD_TIMEOUT_MS, buildPackage } from './build-package';
import { loaderStack, templateOf } from './loader-stack';
import { allowed, brokenRules, resourcesOf, type TemplateJson } from './template-rules';

beforeAll(buildPackage, BUILD_TIMEOUT_MS);

const CLUSTER = { cluster: 'analytics', database: 'prod', dbUser: 'etl', taskerName: 'etl' };

function taskerStack(props: Partial<RedshiftTaskerProps> = {}) {
  const stack = new Stack(undefined, 'Stack');
  return { stack, tasker: new RedshiftTasker(stack, 'Tasker', { ...CLUSTER, ...props }) };
}

function statementStack(props: Partial<ConstructorParameters<typeof RedshiftStatement>[2]> = {}) {
  const { stack, tasker } = taskerStack();
  const state = new RedshiftStatement(stack, 'Query', { tasker, sql: ['SELECT 1'], ...props });
  return { stack, tasker, state };
}

/** The state as the definition of a machine has it. */
function stateOf({ state }: { state: RedshiftStatement }): Record<string, unknown> {
  return state.toStateJson() as Record<string, unknown>;
}

function patternsOf(template: TemplateJson): readonly unknown[] {
  return resourcesOf(template, 'AWS::Events::Rule').flatMap(([, { EventPattern }]) =>
    EventPattern === undefined ? [] : [EventPattern],
  );
}

describe('the template of a tasker', () => {
  it('keeps the rules that every template keeps', () => {
    const secret = secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'etl');
    const variants: readonly Partial<RedshiftTaskerProps>[] = [
      {},
      { separateCompletions: true, reservedConcurrency: 5 },
      { cluster: undefined, workgroup: 'analytics', dbUser: undefined },
      { dbUser: undefined, secret },
      { encryptionKey: kms.Key.fromKeyArn(new Stack(), 'Key', 'arn:aws:kms:eu-central-1:1:key/k') },
    ];
    for (const props of variants) expect(brokenRules(templateOf(taskerStack(props).stack))).toEqual([]);
  });

  it('has one function that runs once at a time, or two', () => {
    const functionsOf = (props: Partial<RedshiftTaskerProps>) =>
      resourcesOf(templateOf(taskerStack(props).stack), 'AWS::Lambda::Function').map(
        ([, { ReservedConcurrentExecutions, Timeout }]) => [ReservedConcurrentExecutions, Timeout],
      );
    expect(functionsOf({})).toEqual([[1, 120]]);
    const both = functionsOf({ separateCompletions: true, reservedConcurrency: 3 });
    expect(both).toEqual([
      [3, 120],
      [3, 120],
    ]);
  });

  it('is told where to run, and as whom', () => {
    const environmentOf = (props: Partial<RedshiftTaskerProps>) =>
      resourcesOf(templateOf(taskerStack(props).stack), 'AWS::Lambda::Function')[0]?.[1].Environment;
    expect(environmentOf({})).toMatchObject({
      Variables: {
        TASKER_NAME: 'etl',
        REDSHIFT_CLUSTER: 'analytics',
        REDSHIFT_DATABASE: 'prod',
        REDSHIFT_DB_USER: 'etl',
      },
    });
    expect(environmentOf({ cluster: undefined, workgroup: 'analytics', dbUser: undefined })).toMatchObject({
      Variables: { REDSHIFT_WORKGROUP: 'analytics' },
    });
  });

  it('encrypts table and queues with a key of its own that rotates', () => {
    const template = Template.fromStack(taskerStack().stack);
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      SSESpecification: { KMSMasterKeyId: Match.anyValue(), SSEEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
    });
  });

  it('names a resource wherever AWS has one', () => {
    const wide = allowed(templateOf(taskerStack().stack))
      .filter(({ resources }) => resources.includes('*'))
      .flatMap(({ actions }) => actions);
    expect(wide.sort()).toEqual([
      'redshift-data:CancelStatement',
      'redshift-data:DescribeStatement',
      'redshift-data:GetStatementResult',
      'redshift-data:ListStatements',
    ]);
  });

  it('hears of its own statements alone, and a loader of its own', () => {
    const endOf = (statementName: string) => ({
      source: 'aws.redshift-data',
      'detail-type': 'Redshift Data Statement Status Change',
      detail: { statementName, state: 'FINISHED', statementId: 'x' },
    });
    const heard = (template: TemplateJson, name: string): boolean =>
      patternsOf(template).some((pattern) => matchesPattern(pattern, endOf(name)));
    const tasker = templateOf(taskerStack().stack);
    const loader = templateOf(loaderStack().stack);
    const ofTasker = 'sfn/etl/nightly:1/0123456789abcdef0123456789abcdef.1';
    const ofLoader = 'prod/public.flights/01JD0000000000000000000000/1';
    expect([heard(tasker, ofTasker), heard(tasker, ofLoader)]).toEqual([true, false]);
    expect([heard(loader, ofTasker), heard(loader, ofLoader)]).toEqual([false, true]);
    expect(heard(tasker, 'sfn/other/nightly:1/0123456789abcdef0123456789abcdef.1')).toBe(false);
  });

  it.each([
    ['a cluster and a workgroup', { workgroup: 'analytics' }, 'are both given'],
    ['neither', { cluster: undefined }, "neither 'cluster' nor 'workgroup' is given"],
    ['no database', { database: '' }, "'database' is missing"],
    ['a name that statements cannot have', { taskerName: 'a/b' }, "'taskerName' is 'a/b'"],
    ['a sweep under a minute', { sweepInterval: Duration.seconds(30) }, "'sweepInterval' is 30 seconds"],
    ['no concurrency', { reservedConcurrency: 0 }, 'nothing would ever run'],
  ])('is refused with %s', (_, props, message) => {
    expect(() => taskerStack(props)).toThrow(message);
  });
});

describe('the state of a statement', () => {
  it('has a key that a retry has again, a time, and retries for a function that is busy', () => {
    const state = stateOf(statementStack({ timeBudget: Duration.minutes(15) }));
    expect(state).toMatchObject({
      Type: 'Task',
      TimeoutSeconds: 900,
      Parameters: {
        Payload: {
          'taskToken.$': '$$.Task.Token',
          'executionArn.$': '$$.Execution.Id',
          'stateName.$': '$$.State.Name',
          'enteredTime.$': '$$.State.EnteredTime',
          sqlStatement: 'SELECT 1',
        },
      },
    });
    expect(state.HeartbeatSeconds).toBeUndefined();
    const { Retry: retry } = state as { Retry: { ErrorEquals: string[] }[] };
    expect(retry.flatMap(({ ErrorEquals }) => ErrorEquals)).toContain('Lambda.TooManyRequestsException');
  });

  it('gives several statements, parameters, rows, heartbeats and the index of a Map when it is asked to', () => {
    const state = stateOf(
      statementStack({
        sql: ['DELETE FROM t WHERE d = :d', 'INSERT INTO t SELECT :d'],
        parameters: { d: sfn.JsonPath.stringAt('$.day') },
        includeRows: true,
        insideMap: true,
        timeBudget: Duration.hours(1),
        heartbeat: Duration.minutes(5),
      }),
    );
    expect(state).toMatchObject({
      TimeoutSeconds: 3600,
      HeartbeatSeconds: 300,
      Parameters: {
        Payload: {
          sqlStatements: ['DELETE FROM t WHERE d = :d', 'INSERT INTO t SELECT :d'],
          parameters: { 'd.$': '$.day' },
          result: true,
          heartbeats: true,
          'mapIndex.$': '$$.Map.Item.Index',
        },
      },
    });
  });

  it('lets its state machine call the function, and nothing else', () => {
    const { stack, tasker, state } = statementStack();
    state.addCatch(new RedshiftCancellation(stack, 'Cancel', { tasker, stateName: 'Query' }));
    new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(state) });
    const own = allowed(templateOf(stack)).filter(({ id }) => id.startsWith('Machine'));
    expect(own.flatMap(({ actions }) => actions)).toEqual(['lambda:InvokeFunction']);
  });

  it.each([
    [
      'a heartbeat without a time',
      { heartbeat: Duration.minutes(5) },
      "'heartbeat' is given without 'timeBudget'",
    ],
    [
      'heartbeats that sweeps cannot keep',
      { heartbeat: Duration.minutes(2), timeBudget: Duration.hours(1) },
      "'heartbeat' is 120 seconds: write 180 or more",
    ],
    [
      'a heartbeat as long as its time',
      { heartbeat: Duration.minutes(5), timeBudget: Duration.minutes(5) },
      'is not shorter than',
    ],
    ['no statement', { sql: [] }, "'sql' has 0 statements"],
    ['too many statements', { sql: Array.from({ length: 41 }, () => 'SELECT 1') }, "'sql' has 41 statements"],
    ['more time than there is', { timeBudget: Duration.hours(25) }, 'the Data API ends a statement after 24'],
  ])('is refused with %s', (_, props, message) => {
    expect(() => statementStack(props)).toThrow(message);
  });
});
