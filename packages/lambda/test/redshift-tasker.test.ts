import { setTimeout as pause } from 'node:timers/promises';
import type { Definition, Json } from '@millrace/testkit/stage';
// @ts-expect-error: its types are not found by its `exports`; what is used of it is typed below.
import validate from 'asl-validator';
import { describe, expect, it } from 'vitest';
import { TaskerStage } from './tasker-stage.ts';

const validateDefinition: (definition: unknown) => { isValid: boolean; errorsText: () => string } = validate;

const FUNCTION = 'arn:aws:lambda:us-east-1:123456789012:function:tasker';

/** The state that people have from the tasker's forerunner, its three placeholders filled in. */
function seedState(sql: string, { budget = 3600 }: { budget?: number } = {}): Definition {
  const state = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Parameters: {
      FunctionName: FUNCTION,
      Payload: {
        'taskToken.$': '$$.Task.Token',
        'executionArn.$': '$$.Execution.Id',
        sqlStatement: sql,
      },
    },
    HeartbeatSeconds: budget,
    Next: 'SUCCESS',
    Catch: [
      { ErrorEquals: ['States.Timeout'], Next: 'cancelSlowQuery' },
      { ErrorEquals: ['FAILED'], Next: 'SQL_FAILURE' },
      { ErrorEquals: ['States.ALL'], Next: 'FAILURE' },
    ],
    Retry: [
      {
        ErrorEquals: ['Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException'],
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
  } as const;
  return machine(
    {
      StateName: state,
      SUCCESS: { Type: 'Succeed' },
      SQL_FAILURE: { Type: 'Fail', Error: 'SqlFailure' },
      FAILURE: { Type: 'Fail', Error: 'Failure' },
      cancelSlowQuery: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Parameters: {
          FunctionName: FUNCTION,
          Payload: { action: 'cancel', 'executionArn.$': '$$.Execution.Id', stateName: 'StateName' },
        },
        Next: 'SLOW',
      },
      SLOW: { Type: 'Fail', Error: 'Slow' },
    },
    'StateName',
  );
}

function machine(states: Definition['States'], start = Object.keys(states)[0] ?? ''): Definition {
  const definition: Definition = { StartAt: start, States: states };
  const { isValid, errorsText } = validateDefinition(definition);
  if (!isValid) throw new Error(errorsText());
  return definition;
}

/** A state with a key of its own, and what comes after it. */
function keyedState(payload: Readonly<Record<string, Json>>, more: object = {}): Definition {
  return machine({
    Query: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: FUNCTION, Payload: { ...KEY, ...payload } },
      TimeoutSeconds: 400,
      End: true,
      ...more,
    },
  });
}

const KEY = {
  'taskToken.$': '$$.Task.Token',
  'executionArn.$': '$$.Execution.Id',
  'stateName.$': '$$.State.Name',
  'enteredTime.$': '$$.State.EnteredTime',
};

describe('a state of the forerunner', () => {
  it('runs its statement and waits for the end', async () => {
    const stage = await TaskerStage.open();
    const execution = await stage.run(seedState('CREATE TABLE public.t AS SELECT 1 AS a'));
    expect(execution).toMatchObject({ status: 'SUCCEEDED', trail: ['StateName', 'SUCCESS'] });
    expect(execution.output).toMatchObject({ status: 'FINISHED' });
    expect(await stage.rows('SELECT a FROM public.t')).toEqual([[1]]);
    const [event] = stage.events;
    expect(event?.detail.statementName).toMatch(/^sfn\/etl\/nightly:[\w-]+\/[0-9a-f]{32}\.1$/u);
    const { status, output } = await stage.describe(execution);
    expect([status, JSON.parse(output ?? '')]).toEqual(['SUCCEEDED', execution.output]);
  });

  it('goes to SQL_FAILURE with Redshift’s words', async () => {
    const stage = await TaskerStage.open();
    const execution = await stage.run(seedState('SELECT * FROM public.nothing'));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'SqlFailure' });
    expect(execution.trail).toEqual(['StateName', 'SQL_FAILURE']);
  });

  it('goes to cancelSlowQuery after its budget, and the statement is cancelled', async () => {
    const stage = await TaskerStage.open({ tables: 'CREATE TABLE public.t (a int)' });
    const release = await stage.hold('public.t');
    // The bare payload names no state: all statements of the execution are cancelled.
    const definition = seedState('INSERT INTO public.t VALUES (1)', { budget: 20 });
    const states = structuredClone(definition.States) as Record<
      string,
      { Parameters?: { Payload?: { stateName?: string } } }
    >;
    delete states.cancelSlowQuery?.Parameters?.Payload?.stateName;
    const execution = await stage.run({ ...definition, States: states as unknown as Definition['States'] });
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Slow' });
    await expect.poll(() => stage.events.map(({ detail }) => detail.state)).toEqual(['ABORTED']);
    await release();
    expect(await stage.rows('SELECT * FROM public.t')).toEqual([]);
  });

  it('is tried again when Lambda is busy, and every token is a statement', async () => {
    const stage = await TaskerStage.open({
      tables: 'CREATE TABLE public.t (a int)',
      faults: {
        0: { when: 'before', error: 'Lambda.TooManyRequestsException' },
        1: { when: 'after', error: 'Lambda.ServiceException' },
      },
    });
    const execution = await stage.run(seedState('INSERT INTO public.t VALUES (1)'));
    expect(execution.status).toBe('SUCCEEDED');
    // The second call had sent its statement: without a key nobody can know that the third is the same.
    expect(await stage.rows('SELECT count(*) FROM public.t')).toEqual([[2]]);
  });
});

describe('a state with a key', () => {
  it('runs its statement once, however often it is tried', async () => {
    const stage = await TaskerStage.open({
      tables: 'CREATE TABLE public.t (a int)',
      faults: {
        0: { when: 'after', error: 'Lambda.ServiceException' },
        1: { when: 'after', error: 'Lambda.ServiceException' },
      },
    });
    const retry = {
      Retry: [{ ErrorEquals: ['Lambda.ServiceException'], IntervalSeconds: 1, MaxAttempts: 3 }],
    };
    const execution = await stage.run(keyedState({ sqlStatement: 'INSERT INTO public.t VALUES (1)' }, retry));
    expect(execution.status).toBe('SUCCEEDED');
    expect(stage.calls.length).toBeGreaterThanOrEqual(2);
    expect(await stage.rows('SELECT count(*) FROM public.t')).toEqual([[1]]);
  });

  it('tells the end of a statement that still runs to the token that came last', async () => {
    const stage = await TaskerStage.open({
      tables: 'CREATE TABLE public.t (a int)',
      faults: { 0: { when: 'after', error: 'Lambda.ServiceException' } },
    });
    const release = await stage.hold('public.t');
    const retry = { Retry: [{ ErrorEquals: ['Lambda.ServiceException'], IntervalSeconds: 1 }] };
    const sqlStatement = 'INSERT INTO public.t VALUES (1)';
    const execution = stage.begin(keyedState({ sqlStatement }, retry));
    await expect.poll(() => stage.calls.length).toBe(2);
    await release();
    await execution.ended;
    expect(execution.status).toBe('SUCCEEDED');
    expect(await stage.rows('SELECT count(*) FROM public.t')).toEqual([[1]]);
  });

  it('cancels what was asked to be cancelled before it was sent', async () => {
    const stage = await TaskerStage.open({ tables: 'CREATE TABLE public.t (a int)' });
    const release = await stage.hold('public.t');
    const execution = stage.begin(keyedState({ sqlStatement: 'INSERT INTO public.t VALUES (1)' }));
    const of = `nightly:${execution.name}`;
    await expect.poll(async () => (await stage.table.ofExecution(of)).length, { interval: 1 }).toBe(1);
    const [task] = await stage.table.ofExecution(of);
    if (task === undefined) throw new Error('nothing was written down');
    await stage.table.askCancel(task);
    stage.skip(61_000);
    await expect.poll(() => stage.sweep().then(() => execution.status)).toBe('FAILED');
    expect(execution.error).toBe('ABORTED');
    await release();
    expect(await stage.rows('SELECT * FROM public.t')).toEqual([]);
  });

  it('runs it again when its failure was reported and the state is tried again', async () => {
    const stage = await TaskerStage.open();
    const retry = { Retry: [{ ErrorEquals: ['FAILED'], IntervalSeconds: 1, MaxAttempts: 1 }] };
    const execution = await stage.run(keyedState({ sqlStatement: 'SELECT * FROM public.nothing' }, retry));
    expect(execution).toMatchObject({ status: 'FAILED', error: 'FAILED' });
    expect(execution.cause).toMatch(/public\.nothing|nothing.*does not exist/u);
    expect(stage.events.map(({ detail }) => detail.statementName.split('.').at(-1))).toEqual(['1', '2']);
  });

  it('gives several statements as one transaction, with parameters and rows', async () => {
    const stage = await TaskerStage.open({ tables: 'CREATE TABLE public.t (a int, b varchar(20))' });
    const sqlStatements = [
      'INSERT INTO public.t VALUES (1, :name)',
      'SELECT a, b, 9007199254740993 AS big FROM public.t WHERE b = :name',
    ];
    const payload = { sqlStatements, parameters: { name: "O'Hara" }, result: true };
    const execution = await stage.run(keyedState(payload));
    expect(execution.output).toMatchObject({
      resultRows: 1,
      rows: [{ a: 1, b: "O'Hara", big: '9007199254740993' }],
    });
    const failing = ['INSERT INTO public.t VALUES (2, null)', 'SELECT * FROM public.nothing'];
    const failed = await stage.run(keyedState({ sqlStatements: failing }));
    expect(failed.cause).toMatch(/statement 2 of 2; all were rolled back/u);
    expect(await stage.rows('SELECT count(*) FROM public.t')).toEqual([[1]]);
  });

  it('hands out results of up to 256 KB, and fails with a way out above', async () => {
    const stage = await TaskerStage.open();
    const rows = (n: number): string => `SELECT repeat('x', 1000) AS x FROM generate_series(1, ${n})`;
    const small = await stage.run(keyedState({ sqlStatement: rows(200), result: true }));
    expect(small.output).toMatchObject({ resultRows: 200 });
    const large = await stage.run(keyedState({ sqlStatement: rows(300), result: true }));
    expect(large).toMatchObject({ status: 'FAILED', error: 'RESULT_TOO_LARGE' });
    expect(large.cause).toContain('UNLOAD');
  });

  it('keeps the items of a Map apart by their index, and refuses two that have one key', async () => {
    const stage = await TaskerStage.open({
      tables: 'CREATE TABLE public.t (a int)',
    });
    const over = (payload: Json): Definition =>
      machine({
        Each: {
          Type: 'Map',
          ItemProcessor: keyedState(payload as Readonly<Record<string, Json>>, {}),
          ItemSelector: { 'index.$': '$$.Map.Item.Index', enteredTime: 'now' },
          End: true,
        },
      });
    const sqlStatement = 'INSERT INTO public.t VALUES (1)';
    const apart = await stage.run(over({ sqlStatement, 'mapIndex.$': '$.index' }), [1, 2, 3]);
    expect(apart.status).toBe('SUCCEEDED');
    expect(await stage.rows('SELECT count(*) FROM public.t')).toEqual([[3]]);
    const { 'enteredTime.$': _, ...rest } = KEY;
    const same = over({ ...rest, sqlStatement });
    const states = JSON.parse(
      JSON.stringify(same).replaceAll('$$.State.EnteredTime', '$.enteredTime'),
    ) as Definition;
    const release = await stage.hold('public.t');
    const clashing = await stage.run(states, [1, 2]);
    await release();
    expect(clashing).toMatchObject({ status: 'FAILED', error: 'LoadError.task-twice' });
    expect(clashing.cause).toContain('mapIndex');
  });
});

describe('what gets lost', () => {
  it('a completion event: the sweep reports the end', async () => {
    const stage = await TaskerStage.open({ hasEvents: false });
    const execution = stage.begin(keyedState({ sqlStatement: 'SELECT 1' }));
    await expect.poll(() => stage.events.length).toBe(1);
    expect(await stage.sweep()).toEqual({ looked: 0, ended: 0, broken: 0 });
    stage.skip(61_000);
    expect(await stage.sweep()).toEqual({ looked: 1, ended: 1, broken: 0 });
    await execution.ended;
    expect(execution.status).toBe('SUCCEEDED');
    // Late, and twice: nothing comes of it.
    expect(await stage.hear([...stage.events, ...stage.events])).toEqual({ batchItemFailures: [] });
    stage.skip(61_000);
    expect(await stage.sweep()).toEqual({ looked: 0, ended: 0, broken: 0 });
  });

  it('the note of the statement’s id: the sweep finds it by its name', async () => {
    const stage = await TaskerStage.open({ hasEvents: false });
    const execution = stage.begin(keyedState({ sqlStatement: 'SELECT 1' }));
    await expect.poll(() => stage.events.length).toBe(1);
    const [task] = await stage.table.ofExecution(`nightly:${execution.name}`);
    if (task === undefined) throw new Error('nothing was written down');
    await stage.table.settle(task, { outcome: 'FAILED', isReported: true, now: stage.now });
    // As a worker leaves it that dies right after it has sent the statement.
    const again = { taskToken: task.taskToken, now: stage.now, lookAt: stage.now };
    await stage.table.beginAgain(task, again);
    stage.skip(61_000);
    // Attempt 2 was never sent: after the grace the state hears that.
    expect(await stage.sweep()).toMatchObject({ looked: 1, ended: 0 });
    stage.skip(17 * 60_000);
    expect(await stage.sweep()).toMatchObject({ looked: 1, ended: 1 });
    await execution.ended;
    expect(execution).toMatchObject({ status: 'FAILED', error: 'LOST' });
  });

  it('the reply to a submission: it is sent again as the same one', async () => {
    const stage = await TaskerStage.open({
      tables: 'CREATE TABLE public.t (a int)',
      // The SDK would send the same itself: here the tasker has to.
      maxAttempts: 1,
      server: { faults: { lostReply: 1 } },
    });
    const execution = await stage.run(keyedState({ sqlStatement: 'INSERT INTO public.t VALUES (1)' }));
    expect(execution.status).toBe('SUCCEEDED');
    await stage.quiet();
    // A second statement would have come to its end by now, or soon.
    await pause(250);
    expect(stage.events).toHaveLength(1);
    expect(await stage.rows('SELECT count(*) FROM public.t')).toEqual([[1]]);
  });
});

describe('heartbeats', () => {
  it('keep a state alive whose statement runs, when it asks for them', async () => {
    const stage = await TaskerStage.open({ tables: 'CREATE TABLE public.t (a int)' });
    const release = await stage.hold('public.t');
    const limits = { HeartbeatSeconds: 60, TimeoutSeconds: 4_000 };
    const sqlStatement = 'INSERT INTO public.t VALUES (1)';
    const execution = stage.begin(keyedState({ sqlStatement, heartbeats: true }, limits));
    const begunAt = Date.now();
    // 2 s are 80 seconds of the state machine.
    while (Date.now() - begunAt < 2_000 && execution.status === 'RUNNING') {
      stage.skip(61_000);
      await stage.sweep();
      await pause(100);
    }
    await release();
    await execution.ended;
    expect(execution.status).toBe('SUCCEEDED');
    const releaseAgain = await stage.hold('public.t');
    const without = await stage.run(keyedState({ sqlStatement }, limits));
    await releaseAgain();
    expect(without).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });
});

describe('what makes no sense', () => {
  it.each([
    [{}, /taskToken: is missing or no text; executionArn/u],
    [{ taskToken: 't', executionArn: 'nightly', sqlStatement: 'SELECT 1' }, /executionArn: is not the ARN/u],
    [{ taskToken: 't', executionArn: 'arn:aws:states:r:1:execution:a:b' }, /sqlStatement: is missing/u],
    [{ taskToken: 't', executionArn: 'arn:aws:states:r:1:execution:a:b', sqlStatement: 'x', sql: 1 }, /sql/u],
    [{ action: 'cancel' }, /executionArn/u],
  ])('%j is refused with what is wrong', async (payload, words) => {
    const stage = await TaskerStage.open();
    await expect(stage.call(payload)).rejects.toThrow(words);
  });

  it('fails the message that is no end of a statement, alone', async () => {
    const stage = await TaskerStage.open();
    const answer = await stage.call({
      Records: [{ messageId: 'm1', body: '{}', eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:r:1:q' }],
    });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
  });
});
