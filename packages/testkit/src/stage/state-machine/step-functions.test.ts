import {
  DescribeExecutionCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientConfigOf } from '../../aws/aws-client-config.ts';
import { type Definition, type Json, StateError } from './definition.ts';
import type { InvokeFunction } from './interpret.ts';
import { EmulatedStepFunctions } from './step-functions.ts';

const ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:m';
const INVOKE = 'arn:aws:states:::lambda:invoke';

async function open(definition: Definition, invoke: InvokeFunction = async (_name, payload) => payload) {
  const machines = await EmulatedStepFunctions.start({ secondMs: 10 });
  onTestFinished(() => machines.close());
  machines.add({ arn: ARN, definition, invoke });
  const client = new SFNClient(clientConfigOf(machines.url));
  onTestFinished(() => client.destroy());
  return { machines, client };
}

const one = (state: Definition['States'][string]): Definition => ({
  StartAt: 'S',
  States: { S: { End: true, ...state } },
});

async function run(definition: Definition, input: Json = {}, invoke?: InvokeFunction) {
  const { machines } = await open(definition, invoke);
  return machines.end(ARN, { input });
}

describe('state machines:', () => {
  it('hand data on by paths, parameters, selectors and intrinsics', async () => {
    const definition = one({
      Type: 'Task',
      Resource: INVOKE,
      InputPath: '$.in',
      Parameters: {
        FunctionName: 'f',
        Payload: { 'x.$': '$.a[1]', 'text.$': "States.Format('{}-{}', $.name, $$.State.Name)", fixed: 1 },
      },
      ResultSelector: { 'got.$': '$.Payload' },
      ResultPath: '$.out',
      OutputPath: '$.out.got',
    });
    const { output } = await run(definition, { in: { a: [1, 2], name: 'n' } });
    expect(output).toEqual({ x: 2, text: 'n-S', fixed: 1 });
  });

  it('choose', async () => {
    const definition: Definition = {
      StartAt: 'C',
      States: {
        C: {
          Type: 'Choice',
          Choices: [
            { Variable: '$.n', NumericGreaterThanEquals: 10, Next: 'Big' },
            {
              And: [
                { Variable: '$.t', IsPresent: true },
                { Variable: '$.t', StringMatches: 'a*c' },
              ],
              Next: 'Text',
            },
            { Not: { Variable: '$.b', BooleanEquals: true }, Next: 'False' },
          ],
          Default: 'Other',
        },
        Big: { Type: 'Succeed' },
        Text: { Type: 'Succeed' },
        False: { Type: 'Succeed' },
        Other: { Type: 'Succeed' },
      },
    };
    const { machines } = await open(definition);
    const trailOf = async (input: Json) => (await machines.end(ARN, { input })).trail.at(-1);
    expect(await trailOf({ n: 12, b: true })).toBe('Big');
    expect(await trailOf({ t: 'abc', b: true })).toBe('Text');
    expect(await trailOf({ b: false })).toBe('False');
    expect(await trailOf({ b: true })).toBe('Other');
  });

  it('try again with a growing pause, each retrier by its own count, and catch what is left', async () => {
    const calls: number[] = [];
    const definition: Definition = {
      StartAt: 'T',
      States: {
        T: {
          Type: 'Task',
          Resource: INVOKE,
          Parameters: { FunctionName: 'f', 'Payload.$': '$' },
          Retry: [
            { ErrorEquals: ['Busy'], IntervalSeconds: 2, MaxAttempts: 2, BackoffRate: 3 },
            { ErrorEquals: ['States.ALL'], MaxAttempts: 1 },
          ],
          Catch: [{ ErrorEquals: ['Broken'], Next: 'Caught', ResultPath: '$.error' }],
          End: true,
        },
        Caught: { Type: 'Pass', End: true },
      },
    };
    const execution = await run(definition, { kept: 1 }, async () => {
      calls.push(Date.now());
      throw new StateError(calls.length <= 2 ? 'Busy' : 'Broken', 'why');
    });
    expect(calls).toHaveLength(4);
    expect((calls[2] ?? 0) - (calls[1] ?? 0)).toBeGreaterThanOrEqual(55);
    expect(execution.output).toEqual({ kept: 1, error: { Error: 'Broken', Cause: 'why' } });
  });

  it('do several things at once, and the same for each item', async () => {
    const branch = (value: number): Definition => one({ Type: 'Pass', Result: value });
    expect((await run(one({ Type: 'Parallel', Branches: [branch(1), branch(2)] }))).output).toEqual([1, 2]);
    const map = one({
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: { 'at.$': '$$.Map.Item.Index', 'value.$': '$$.Map.Item.Value' },
      ItemProcessor: one({ Type: 'Pass' }),
      MaxConcurrency: 1,
    });
    expect((await run(map, { items: ['a', 'b'] })).output).toEqual([
      { at: 0, value: 'a' },
      { at: 1, value: 'b' },
    ]);
  });

  it('wait, fail and end when they take too long', async () => {
    const waits: Definition = { ...one({ Type: 'Wait', Seconds: 60 }), TimeoutSeconds: 5 };
    expect((await run(waits)).status).toBe('TIMED_OUT');
    expect(await run(one({ Type: 'Fail', Error: 'E', Cause: 'c' }))).toMatchObject({
      status: 'FAILED',
      error: 'E',
      cause: 'c',
    });
    expect((await run({ StartAt: 'gone', States: {} })).error).toBe('States.Runtime');
  });
});

describe('task tokens:', () => {
  const waiting = (limits: object): Definition =>
    one({
      Type: 'Task',
      Resource: `${INVOKE}.waitForTaskToken`,
      Parameters: { FunctionName: 'f', Payload: { 'token.$': '$$.Task.Token' } },
      ...limits,
    });

  async function begin(limits: object = {}) {
    let hear: (token: string) => void;
    const token = new Promise<string>((resolve) => {
      hear = resolve;
    });
    const opened = await open(waiting(limits), async (_name, payload) => {
      hear((payload as { token: string }).token);
      return null;
    });
    const { executionArn } = await opened.client.send(
      new StartExecutionCommand({ stateMachineArn: ARN, input: '{}' }),
    );
    const describe = () => opened.client.send(new DescribeExecutionCommand({ executionArn }));
    return { ...opened, executionArn, describe, taskToken: await token };
  }

  it('bring an output back, once', async () => {
    const { client, describe, taskToken } = await begin();
    await client.send(new SendTaskSuccessCommand({ taskToken, output: '{"a":1}' }));
    await expect.poll(describe).toMatchObject({ status: 'SUCCEEDED', output: '{"a":1}' });
    const again = client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
    await expect(again).rejects.toMatchObject({ name: 'TaskTimedOut' });
  });

  it('bring an error back', async () => {
    const { client, describe, taskToken } = await begin();
    await client.send(new SendTaskFailureCommand({ taskToken, error: 'FAILED', cause: 'no table' }));
    await expect.poll(describe).toMatchObject({ status: 'FAILED', error: 'FAILED', cause: 'no table' });
  });

  it('keep a task alive by heartbeats, which do not outlast its time', async () => {
    const { client, describe, taskToken } = await begin({ HeartbeatSeconds: 20, TimeoutSeconds: 60 });
    const begun = Date.now();
    const beats = setInterval(() => {
      client.send(new SendTaskHeartbeatCommand({ taskToken })).catch(() => clearInterval(beats));
    }, 50);
    onTestFinished(() => clearInterval(beats));
    await expect.poll(describe).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(550);
  });

  it('are of no use when the execution was stopped, or nobody gave them out', async () => {
    const { client, describe, taskToken, executionArn } = await begin();
    await client.send(new StopExecutionCommand({ executionArn }));
    await expect.poll(describe).toMatchObject({ status: 'ABORTED' });
    const late = client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
    await expect(late).rejects.toMatchObject({ name: 'TaskTimedOut' });
    const foreign = client.send(new SendTaskHeartbeatCommand({ taskToken: 'x' }));
    await expect(foreign).rejects.toMatchObject({ name: 'InvalidToken' });
  });
});
