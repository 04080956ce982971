import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Clock } from './clock.ts';
import { type Definition, type Json, StateError } from './definition.ts';
import { type InvokeFunction, interpret } from './interpret.ts';
import { TaskBook } from './task-book.ts';

export interface StateMachine {
  /** `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME` */
  readonly arn: string;
  readonly definition: Definition;
  readonly invoke: InvokeFunction;
}

/** A run of a state machine. */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly machine: StateMachine;
  readonly input: Json;
  readonly startedAt: number;
  /** The states that were entered, in order; those of parallel branches as they came. */
  readonly trail: readonly string[];
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  readonly output?: Json;
  readonly error?: string;
  readonly cause?: string;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
}

type Writable = { -readonly [Name in keyof Execution]: Execution[Name] } & {
  trail: string[];
  stop: AbortController;
};

const MAX_OUTPUT_BYTES = 262_144;

/**
 * Step Functions in this process: the API of executions and task tokens over HTTP, and an interpreter of state machines in
 * JSONPath. Its seconds may be shorter than the world's.
 */
export class EmulatedStepFunctions {
  readonly url: string;
  readonly clock: Clock;
  readonly #server: Server;
  readonly #tasks: TaskBook;
  readonly #machines = new Map<string, StateMachine>();
  readonly #executions = new Map<string, Writable>();

  private constructor(server: Server, clock: Clock) {
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.clock = clock;
    this.#server = server;
    this.#tasks = new TaskBook(clock);
  }

  /** @param secondMs how many milliseconds one second of state machines takes. */
  static async start({
    secondMs = 1_000,
  }: {
    readonly secondMs?: number;
  } = {}): Promise<EmulatedStepFunctions> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const emulated = new EmulatedStepFunctions(server, new Clock(secondMs));
    server.on('request', (request, response) => {
      const target = String(request.headers['x-amz-target'] ?? '').replace('AWSStepFunctions.', '');
      void text(request).then((body) => {
        const { status, answer } = emulated.#answer(target, body);
        response
          .writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
          .end(JSON.stringify(answer));
      });
    });
    return emulated;
  }

  add(machine: StateMachine): void {
    this.#machines.set(machine.arn, machine);
  }

  /** Begins an execution. Of one name there is one. */
  begin(arn: string, { input = {}, name = randomUUID() }: { input?: Json; name?: string } = {}): Execution {
    const machine = this.#machines.get(arn);
    if (machine === undefined)
      throw new ApiFault('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    const executionArn = `${arn.replace(':stateMachine:', ':execution:')}:${name}`;
    const known = this.#executions.get(executionArn);
    if (known !== undefined) {
      if (JSON.stringify(known.input) === JSON.stringify(input)) return known;
      throw new ApiFault('ExecutionAlreadyExists', `Execution Already Exists: '${executionArn}'`);
    }
    const execution: Writable = {
      arn: executionArn,
      name,
      machine,
      input,
      startedAt: this.clock.now(),
      trail: [],
      status: 'RUNNING',
      ended: Promise.resolve(),
      stop: new AbortController(),
    };
    this.#executions.set(executionArn, execution);
    execution.ended = this.#run(execution);
    return execution;
  }

  /** Waits for the end of an execution. */
  async end(arn: string, options: { input?: Json; name?: string } = {}): Promise<Execution> {
    const execution = this.begin(arn, options);
    await execution.ended;
    return execution;
  }

  stop(arn: string): void {
    const execution = this.#executions.get(arn);
    if (execution === undefined)
      throw new ApiFault('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    execution.stop.abort('ABORTED');
  }

  async close(): Promise<void> {
    for (const { stop } of this.#executions.values()) stop.abort('ABORTED');
    await Promise.all([...this.#executions.values()].map(({ ended }) => ended));
    this.#server.closeAllConnections();
    await new Promise<void>((done, fail) => {
      this.#server.close((error) => (error ? fail(error) : done()));
    });
  }

  async #run(execution: Writable): Promise<void> {
    const { machine, input, name, arn, stop, trail } = execution;
    const context = {
      Execution: {
        Id: arn,
        Name: name,
        Input: input,
        StartTime: new Date(execution.startedAt).toISOString(),
      },
      StateMachine: { Id: machine.arn, Name: machine.arn.split(':').at(-1) ?? '' },
    };
    const limit = machine.definition.TimeoutSeconds;
    const over = new AbortController();
    if (limit !== undefined) {
      void this.clock.pass(limit, over.signal).then(() => over.signal.aborted || stop.abort('TIMED_OUT'));
    }
    try {
      const around = { clock: this.clock, tasks: this.#tasks, invoke: machine.invoke, signal: stop.signal };
      const onEnter = (state: string): void => void trail.push(state);
      execution.output = await interpret(machine.definition, { input, context }, { ...around, onEnter });
      execution.status = 'SUCCEEDED';
    } catch (error) {
      const { error: code, cause } =
        error instanceof StateError ? error : { error: 'States.Runtime', cause: String(error) };
      execution.error = code;
      execution.cause = cause;
      execution.status = stop.signal.aborted ? (stop.signal.reason as 'ABORTED') : 'FAILED';
    } finally {
      // Tokens of branches that still wait are of no use any more.
      stop.abort('ABORTED');
      over.abort();
    }
  }

  #answer(operation: string, body: string): { status: number; answer: object } {
    try {
      return { status: 200, answer: this.#serve(operation, JSON.parse(body) as Record<string, string>) };
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      return { status: 400, answer: { __type: error.code, message: error.message } };
    }
  }

  #serve(operation: string, input: Readonly<Record<string, string>>): object {
    const { taskToken = '', stateMachineArn = '', executionArn = '', output = '' } = input;
    switch (operation) {
      case 'StartExecution': {
        const given = JSON.parse(input.input ?? '{}') as Json;
        const execution = this.begin(stateMachineArn, {
          input: given,
          ...(input.name === undefined ? {} : { name: input.name }),
        });
        return { executionArn: execution.arn, startDate: execution.startedAt / 1_000 };
      }
      case 'DescribeExecution': {
        const found = this.#executions.get(executionArn);
        if (found === undefined) {
          throw new ApiFault('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`);
        }
        const { arn, machine, name, status, startedAt, error, cause } = found;
        return {
          executionArn: arn,
          stateMachineArn: machine.arn,
          name,
          status,
          startDate: startedAt / 1_000,
          input: JSON.stringify(found.input),
          output: found.output === undefined ? undefined : JSON.stringify(found.output),
          error,
          cause,
        };
      }
      case 'StopExecution':
        this.stop(executionArn);
        return { stopDate: this.clock.now() / 1_000 };
      case 'SendTaskSuccess': {
        if (Buffer.byteLength(output) > MAX_OUTPUT_BYTES) {
          throw new ApiFault('InvalidOutput', 'the output has more than 262144 bytes');
        }
        this.#waitingOf(taskToken).succeed(JSON.parse(output) as Json);
        return {};
      }
      case 'SendTaskFailure':
        this.#waitingOf(taskToken).fail(new StateError(input.error ?? '', input.cause ?? ''));
        return {};
      case 'SendTaskHeartbeat':
        this.#waitingOf(taskToken).beat();
        return {};
      default:
        throw new ApiFault('UnknownOperationException', `${operation} is not emulated`);
    }
  }

  #waitingOf(token: string): Exclude<ReturnType<TaskBook['find']>, 'closed' | undefined> {
    const found = this.#tasks.find(token);
    if (found === undefined) throw new ApiFault('InvalidToken', 'Invalid Token');
    if (found === 'closed') {
      throw new ApiFault(
        'TaskTimedOut',
        'Task Timed Out: the token has expired, or its task is closed already',
      );
    }
    return found;
  }
}

class ApiFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
