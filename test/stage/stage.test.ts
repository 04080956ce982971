import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Definition, Json, Stage, SynthesisedStack, Template } from '@millrace/testkit/stage';
// @ts-expect-error: its types are not found by its `exports`; what is used of it is typed below.
import validate from 'asl-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, idOf, openStage, stageOf, synthesise } from './example-stack.ts';
import { type Reason, UNUSED } from './unused-grants.ts';

const validateDefinition: (definition: unknown) => { isValid: boolean; errorsText: () => string } = validate;

const SOON = { timeout: 60_000, interval: 100 };
const ORDER = 'order_id,customer,amount,updated_at\n1,ann,2.50,2026-11-21 00:00:00\n';
const USER = 'arn:aws:iam::000000000000:user/shop';

let stack: SynthesisedStack;
let remove: () => void;

beforeAll(() => {
  ({ stack, remove } = synthesise());
}, 120_000);

afterAll(() => remove());

const machine = (name: RegExp): string => idOf(stack, 'AWS::StepFunctions::StateMachine', name);
const landing = (): string => idOf(stack, 'AWS::S3::Bucket', /^Landing/u);

/** The example's stack does what it is for. One stage for all of it: what was used is counted at the end. */
describe('the example’s stack, executed,', () => {
  let stage: Stage;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ stage, close } = await openStage(changed(stack)));
  }, 120_000);

  afterAll(() => close());

  it('makes rows of a file that is put into its bucket', async () => {
    await stage.put(landing(), 'incoming/orders/1.csv', ORDER);
    await expect
      .poll(() => stage.rows('SELECT order_id, customer FROM public.orders'), SOON)
      .toEqual([[1, 'ann']]);
    // `after: move`, by the rights that the template gives.
    await expect.poll(() => keysOf(stage), SOON).toEqual([expect.stringMatching(/processed\/.*1\.csv$/u)]);
  }, 120_000);

  it('makes rows of an event that is posted to its producer', async () => {
    const body = JSON.stringify([{ id: 'a', type: 'order.shipped', data: { order_id: 1, carrier: 'dhl' } }]);
    expect(await stage.request({ path: '/v1/events', body })).toMatchObject({ statusCode: 403 });
    expect(await stage.request({ path: '/v1/events', body, userArn: USER })).toMatchObject({
      statusCode: 202,
    });
    const rows = () => stage.rows('SELECT event_id, carrier FROM public.shipments');
    await expect.poll(rows, SOON).toEqual([['a', 'dhl']]);
  }, 120_000);

  it('runs a state machine to its end, with the rows of its last statement', async () => {
    const execution = await stage.run(machine(/Success/u), { customer: 'ann' });
    expect(execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(execution.output).toMatchObject({ rows: [{ customer: 'ann', orders: 1 }] });
  }, 120_000);

  it('runs a state machine to the state for errors of SQL', async () => {
    const execution = await stage.run(machine(/SqlFailure/u));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'SqlFailure' });
  }, 120_000);

  it('runs a state machine to the end of its time, and cancels the statement', async () => {
    const session = stage.warehouse.session();
    await session.execute('BEGIN');
    await session.execute('LOCK public.orders_of');
    const execution = await stage.run(machine(/CancelSlowQuery/u));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'TooSlow' });
    expect(execution.trail).toContain('cancelSlowQuery');
    await session.execute('COMMIT');
    await session.close();
    // Not carried out when it could be.
    await stage.quiet();
    expect(await stage.rows("SELECT * FROM public.orders_of WHERE customer = 'all'")).toEqual([]);
  }, 120_000);

  it('runs a state that was written for the forerunner, its three placeholders filled in', async () => {
    const called = [...stage.functions.keys()].find((arn) => /TaskerFunction/u.test(arn)) ?? '';
    const definition = forerunner(called, "INSERT INTO public.orders_of VALUES ('bob', 0)");
    const { isValid, errorsText } = validateDefinition(definition);
    expect([isValid, errorsText()]).toEqual([true, expect.anything()]);
    const arn = 'arn:aws:states:us-east-1:000000000000:stateMachine:forerunner';
    const invoke = async (_: string, payload: Json) =>
      (await stage.functions.get(called)?.invoke(payload)) as Json;
    stage.machines.add({ arn, definition, invoke });
    expect(await stage.machines.end(arn)).toMatchObject({
      status: 'SUCCEEDED',
      trail: ['StateName', 'SUCCESS'],
    });
    expect(await stage.rows("SELECT orders FROM public.orders_of WHERE customer = 'bob'")).toEqual([[0]]);
  }, 120_000);

  it('has definitions that Step Functions takes', () => {
    for (const { id, properties } of stage.template.ofType('AWS::StepFunctions::StateMachine')) {
      const { isValid, errorsText } = validateDefinition(JSON.parse(String(properties.DefinitionString)));
      expect([id, isValid, isValid ? '' : errorsText()]).toEqual([id, true, '']);
    }
  });

  it('asks for no right that it does not have, and leaves nothing lying', async () => {
    await stage.quiet();
    await expect(stage.expectClean()).resolves.toBeUndefined();
  });

  it('has no right that nothing used, but for those with a reason', () => {
    const isKnown = ({ action, role }: { action: string; role: string }): boolean =>
      UNUSED.some((one: Reason) => one.action === action && role.includes(one.role));
    const unused = stage.report().unused.map(({ role, action, resources }) => ({
      role: role.slice(role.lastIndexOf('/') + 1),
      action,
      resources,
    }));
    expect(unused.filter((one) => !isKnown(one))).toEqual([]);
  });
});

/** The stage is worth nothing when it cannot fail. */
describe('a stack of which something was taken away', () => {
  const load = async (stage: Stage): Promise<void> => stage.put(landing(), 'incoming/orders/1.csv', ORDER);

  it.each([
    ['dynamodb:UpdateItem', /LoaderRole/u],
    ['sqs:ReceiveMessage', /LoaderRole/u],
  ])(
    'fails without the grant %s',
    async (action, role) => {
      const stage = await stageOf(changed(stack, (template) => takeGrant(template, { action, role })));
      await load(stage);
      await expect
        .poll(() => stage.report().denials, SOON)
        .toContainEqual(expect.objectContaining({ action }));
      await expect(stage.expectClean()).rejects.toThrow(`may not ${action} on`);
    },
    60_000,
  );

  it('does not come to be without a grant that its migrations need', async () => {
    const taken = { action: 'redshift-data:DescribeStatement', role: /LoaderRole/u };
    const opening = openStage(changed(stack, (template) => takeGrant(template, taken)));
    await expect(opening).rejects.toThrow(/the deployment stops at 'LoaderDeployed.*DescribeStatement/u);
  }, 120_000);

  it('fails without what lets EventBridge write to the queue of ends', async () => {
    const stage = await stageOf(
      changed(stack, (template) => {
        for (const [id, { Type }] of Object.entries(template.Resources)) {
          if (Type === 'AWS::SQS::QueuePolicy' && /StatementEnds|TaskerCompletionsQueue/u.test(id))
            drop(template, id);
        }
      }),
    );
    stage.machines.begin(stage.template.physical(machine(/SqlFailure/u)).ref);
    await expect.poll(() => stage.report().denials.length, SOON).toBeGreaterThan(0);
    await expect(stage.expectClean()).rejects.toThrow(/Ended.* may not sqs:SendMessage on .*Completions/u);
  }, 120_000);

  it('fails when another role asks for a statement than the one that submitted it', async () => {
    const stage = await stageOf(
      changed(stack, (template) => {
        const resources = template.Resources as unknown as Record<string, Record<string, unknown>>;
        const find = (pattern: RegExp): string => Object.keys(resources).find((id) => pattern.test(id)) ?? '';
        const [role, policy, called] = [
          /^LoaderRole[0-9A-F]{8}$/u,
          /^LoaderRoleDefaultPolicy/u,
          /^LoaderNextLoader[0-9A-F]{8}$/u,
        ].map(find);
        const twin = {
          Properties: { ...(resources[policy ?? '']?.Properties as object), Roles: [{ Ref: 'Twin' }] },
        };
        resources.Twin = { ...resources[role ?? ''] };
        resources.TwinPolicy = { ...resources[policy ?? ''], ...twin };
        const own = resources[called ?? '']?.Properties as Record<string, unknown>;
        own.Role = { 'Fn::GetAtt': ['Twin', 'Arn'] };
      }),
    );
    // The loader sees the end of a short statement itself, and then nobody asks: so there is a file after the other until somebody does.
    let file = 0;
    const denials = async () => {
      file += 1;
      await stage.put(landing(), `incoming/orders/${file}.csv`, ORDER);
      return stage.report().denials;
    };
    const action = "redshift-data:DescribeStatement (of another role's statement)";
    await expect
      .poll(denials, { ...SOON, interval: 1_000 })
      .toContainEqual(expect.objectContaining({ action }));
  }, 120_000);

  it('fails without an environment variable', async () => {
    const stage = await stageOf(
      changed(stack, (template) => {
        const id =
          Object.keys(template.Resources).find((one) => /^TaskerFunction[0-9A-F]{8}$/u.test(one)) ?? '';
        const { Variables } = (template.Resources[id]?.Properties?.Environment ?? {}) as {
          Variables?: Record<string, unknown>;
        };
        delete Variables?.TASKER_TABLE;
      }),
    );
    const execution = await stage.run(machine(/SqlFailure/u));
    expect(execution.error).toBe('Failure');
    expect(execution.trail).toContain('FAILURE');
  }, 120_000);

  it('fails without an event source', async () => {
    const isOrders = (id: string): boolean => /^LoaderOrders.*Mapping/u.test(id);
    const stage = await stageOf(
      changed(stack, (template) => {
        for (const id of Object.keys(template.Resources).filter(isOrders)) drop(template, id);
      }),
    );
    await load(stage);
    await stage.quiet();
    await expect(stage.expectClean()).rejects.toThrow(/1 messages lie in .*Orders/u);
  }, 120_000);

  it('is refused when it has what the stage does not know', async () => {
    const strange = changed(stack, ({ Resources }) => {
      (Resources as Record<string, unknown>).Strange = { Type: 'AWS::Neptune::DBCluster', Properties: {} };
    });
    await expect(stageOf(strange)).rejects.toThrow('AWS::Neptune::DBCluster');
  });
});

/** Takes an action out of every statement of the policies whose id is of a pattern. */
function takeGrant(template: Template, { action, role }: { action: string; role: RegExp }): void {
  let taken = 0;
  for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
    if (Type !== 'AWS::IAM::Policy' || !role.test(id)) continue;
    const document = (Properties?.PolicyDocument ?? {}) as { Statement?: { Action: string | string[] }[] };
    for (const statement of document.Statement ?? []) {
      const actions = [statement.Action].flat();
      if (!actions.includes(action)) continue;
      taken += 1;
      statement.Action = actions.filter((one) => one !== action);
    }
  }
  if (taken === 0) throw new Error(`no policy like ${role} grants ${action}`);
}

function drop(template: Template, id: string): void {
  delete (template.Resources as Record<string, unknown>)[id];
}

async function keysOf(stage: Stage): Promise<readonly (string | undefined)[]> {
  const { ref } = stage.template.physical(landing());
  const { Contents = [] } = await stage.s3.send(
    new ListObjectsV2Command({ Bucket: ref, Prefix: 'incoming/' }),
  );
  return Contents.map(({ Key }) => Key);
}

/** The state definition that users of the forerunner have, as its documentation prints it. */
function forerunner(functionArn: string, sql: string): Definition {
  return {
    StartAt: 'StateName',
    States: {
      StateName: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Parameters: {
          FunctionName: functionArn,
          Payload: { 'taskToken.$': '$$.Task.Token', 'executionArn.$': '$$.Execution.Id', sqlStatement: sql },
        },
        HeartbeatSeconds: 3600,
        Next: 'SUCCESS',
        Catch: [
          { ErrorEquals: ['States.Timeout'], Next: 'cancelSlowQuery' },
          { ErrorEquals: ['FAILED'], Next: 'SQL_FAILURE' },
          { ErrorEquals: ['States.ALL'], Next: 'FAILURE' },
        ],
        Retry: [
          {
            ErrorEquals: [
              'Lambda.ServiceException',
              'Lambda.AWSLambdaException',
              'Lambda.SdkClientException',
            ],
            IntervalSeconds: 2,
            MaxAttempts: 6,
            BackoffRate: 2,
          },
          {
            ErrorEquals: ['Lambda.TooManyRequestsException'],
            IntervalSeconds: 1,
            MaxAttempts: 10,
            BackoffRate: 1.5,
          },
        ],
      },
      SUCCESS: { Type: 'Succeed' },
      SQL_FAILURE: { Type: 'Fail' },
      FAILURE: { Type: 'Fail' },
      cancelSlowQuery: { Type: 'Fail' },
    },
  };
}
