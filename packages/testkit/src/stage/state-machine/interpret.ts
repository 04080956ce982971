import { attempt, catcherOf } from './attempt.ts';
import { holds } from './choose.ts';
import type { Clock } from './clock.ts';
import { type Definition, type Json, type JsonObject, type State, StateError } from './definition.ts';
import { evaluate, fillIn, follow, isObject, place, type Scope } from './payload.ts';
import type { TaskBook } from './task-book.ts';

/** Calls a function. @throws StateError with the name of the error that it, or Lambda, gave. */
export type InvokeFunction = (name: string, payload: Json) => Promise<Json>;

export interface Surroundings {
  readonly clock: Clock;
  readonly tasks: TaskBook;
  readonly invoke: InvokeFunction;
  /** The end of the execution. */
  readonly signal: AbortSignal;
  /** Hears of every state that is entered. */
  readonly onEnter: (state: string) => void;
}

const LAMBDA = /^arn:aws[\w-]*:states:::lambda:invoke(\.waitForTaskToken)?$/u;
const FUNCTION_ARN = /^arn:aws[\w-]*:lambda:/u;
/** A machine that goes in circles without waiting is a mistake of the test. */
const MAX_STEPS = 10_000;

/**
 * Runs a state machine, or a part of one, to its end.
 *
 * @returns its output. @throws StateError when it fails, also for what is not interpreted here.
 */
export async function interpret(
  definition: Definition,
  start: { input: Json; context: JsonObject },
  around: Surroundings,
): Promise<Json> {
  let name: string | undefined = definition.StartAt;
  let { input } = start;
  for (let steps = 0; name !== undefined; steps += 1) {
    if (steps > MAX_STEPS)
      throw new StateError('States.Runtime', `more than ${MAX_STEPS} states were entered`);
    const state: State | undefined = definition.States[name];
    if (state === undefined) throw new StateError('States.Runtime', `there is no state '${name}'`);
    if (state.QueryLanguage === 'JSONata') {
      throw new StateError('States.Runtime', `state '${name}' is in JSONata, which is not interpreted here`);
    }
    around.onEnter(name);
    const entered = { Name: name, EnteredTime: new Date(around.clock.now()).toISOString() };
    const context: JsonObject = { ...start.context, State: { ...entered, RetryCount: 0 } };
    const next = await step(state, { input, context }, around);
    // A pause that the end of the execution cut short is not over.
    if (around.signal.aborted) throw new StateError('States.Aborted', 'the execution was stopped');
    input = next.output;
    name = next.next;
  }
  return input;
}

interface Step {
  readonly output: Json;
  /** Undefined at the end. */
  readonly next: string | undefined;
}

async function step(
  state: State,
  { input, context }: { input: Json; context: JsonObject },
  around: Surroundings,
): Promise<Step> {
  try {
    const scope = { input: select(state.InputPath, { input, context }), context };
    if (state.Type === 'Choice') return choose(state, scope);
    if (state.Type === 'Fail') throw new StateError(state.Error ?? 'Fail', state.Cause ?? '');
    const result = await attempt(state, around, (retries) =>
      work(state, { ...scope, context: retried(context, retries) }, around),
    );
    const chosen =
      state.ResultSelector === undefined ? result : fillIn(state.ResultSelector, { input: result, context });
    // What these do is hand their input on.
    const isPassed = state.Type === 'Wait' || state.Type === 'Succeed';
    const placed = isPassed ? scope.input : place(input, state.ResultPath, chosen);
    const output = select(state.OutputPath, { input: placed, context });
    return { output, next: state.Type === 'Succeed' || state.End === true ? undefined : state.Next };
  } catch (error) {
    if (!(error instanceof StateError) || around.signal.aborted) throw error;
    const catcher = catcherOf(state, error);
    if (catcher === undefined) throw error;
    const caught = { Error: error.error, Cause: error.cause };
    return { output: place(input, catcher.ResultPath, caught), next: catcher.Next };
  }
}

function retried(context: JsonObject, retries: number): JsonObject {
  const { State: state } = context;
  return { ...context, State: { ...(isObject(state) ? state : {}), RetryCount: retries } };
}

function select(path: string | null | undefined, scope: Scope): Json {
  if (path === null) return {};
  return path === undefined ? scope.input : evaluate(path, scope);
}

function choose({ Choices = [], Default }: State, scope: Scope): Step {
  const rule = Choices.find((one) => holds(one, scope));
  const next = rule?.Next ?? Default;
  if (next === undefined) throw new StateError('States.NoChoiceMatched', JSON.stringify(scope.input));
  return { output: scope.input, next };
}

async function work(
  state: State,
  scope: { input: Json; context: JsonObject },
  around: Surroundings,
): Promise<Json> {
  switch (state.Type) {
    case 'Pass':
      return state.Result ?? parametersOf(state, scope);
    case 'Wait': {
      const seconds = state.SecondsPath === undefined ? state.Seconds : follow(state.SecondsPath, scope);
      await around.clock.pass(Number(seconds), around.signal);
      return scope.input;
    }
    case 'Succeed':
      return scope.input;
    case 'Task':
      return runTask(state, scope, around);
    case 'Parallel':
      return Promise.all(
        (state.Branches ?? []).map((branch) =>
          interpret(branch, { input: parametersOf(state, scope), context: scope.context }, around),
        ),
      );
    case 'Map':
      return runMap(state, scope, around);
    default:
      throw new StateError('States.Runtime', `a state of type '${state.Type}' does no work`);
  }
}

function parametersOf({ Parameters: parameters }: State, scope: Scope): Json {
  return parameters === undefined ? scope.input : fillIn(parameters, scope);
}

async function runMap(
  state: State,
  scope: { input: Json; context: JsonObject },
  around: Surroundings,
): Promise<Json> {
  const items = state.ItemsPath === undefined ? scope.input : evaluate(state.ItemsPath, scope);
  const processor = state.ItemProcessor ?? state.Iterator;
  if (!Array.isArray(items) || processor === undefined) {
    throw new StateError('States.Runtime', 'a Map needs a list and an ItemProcessor');
  }
  const outputs: Json[] = [];
  const left = [...items.entries()] as [number, Json][];
  const lane = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const [index, value] = one;
      const context = { ...scope.context, Map: { Item: { Index: index, Value: value } } };
      const selector = state.ItemSelector ?? state.Parameters;
      const input = selector === undefined ? value : fillIn(selector, { input: scope.input, context });
      outputs[index] = await interpret(processor, { input, context }, around);
    }
  };
  const lanes =
    state.MaxConcurrency === undefined || state.MaxConcurrency === 0 ? items.length : state.MaxConcurrency;
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return outputs;
}

async function runTask(
  state: State,
  scope: { input: Json; context: JsonObject },
  around: Surroundings,
): Promise<Json> {
  const resource = state.Resource ?? '';
  const invokes = LAMBDA.exec(resource);
  if (invokes === null && !FUNCTION_ARN.test(resource)) {
    throw new StateError('States.Runtime', `the resource '${resource}' is not interpreted here`);
  }
  const limits = {
    timeoutSeconds: state.TimeoutSeconds,
    heartbeatSeconds: state.HeartbeatSeconds,
    signal: around.signal,
  };
  const token = around.tasks.newToken();
  const isWaiting = invokes?.[1] !== undefined;
  const context = isWaiting ? { ...scope.context, Task: { Token: token } } : scope.context;
  const parameters = parametersOf(state, { input: scope.input, context });
  const call = async (): Promise<Json> => {
    if (invokes === null) return around.invoke(resource, parameters);
    const { FunctionName: name, Payload: payload } = isObject(parameters) ? parameters : {};
    const answer = await around.invoke(String(name), payload ?? {});
    return { ExecutedVersion: '$LATEST', Payload: answer, StatusCode: 200 };
  };
  if (isWaiting) return around.tasks.wait(token, limits, call);
  const { heartbeatSeconds: _, ...timed } = limits;
  // A function that answers is a task whose token comes back with its answer.
  return around.tasks.wait(token, { ...timed, heartbeatSeconds: undefined }, async () => {
    const found = around.tasks.find(token);
    const answer = await call();
    if (found !== undefined && found !== 'closed') found.succeed(answer);
  });
}
