import { StateError } from '../state-machine/definition.ts';
import { Container, type ContainerOptions } from './container.ts';

/** A container waits warm; with one of them at once, most functions need no second. */
const MAX_CONTAINERS = 2;

export interface FunctionOptions extends ContainerOptions {
  /** The ARN of its role. */
  readonly role: string;
  /** `ReservedConcurrentExecutions`; undefined: as many as the stage has containers. */
  readonly reserved: number | undefined;
  /** Hears of every invocation. */
  readonly onInvoke: () => void;
}

/** A line that a function printed. */
export interface FunctionLine {
  readonly function: string;
  readonly line: string;
}

/** A function of the template: containers that come up when they are needed, and no more at once than it may have. */
export class StagedFunction {
  readonly options: FunctionOptions;
  /** Invocations so far, and those that failed. */
  readonly counts = { invocations: 0, failures: 0 };
  readonly #idle: Container[] = [];
  readonly #all = new Set<Container>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: FunctionOptions) {
    this.options = options;
  }

  get #most(): number {
    return Math.min(this.options.reserved ?? MAX_CONTAINERS, MAX_CONTAINERS);
  }

  /**
   * Invokes it, waiting for its answer.
   *
   * @throws StateError as `Container.invoke`; `Lambda.TooManyRequestsException` when as many run as may.
   */
  async invoke(event: unknown): Promise<unknown> {
    if (this.#running >= this.#most) {
      throw new StateError('Lambda.TooManyRequestsException', `${this.options.name}: Rate Exceeded.`);
    }
    return this.#run(event);
  }

  /** The same for those that try again until it has room: queues, streams, asynchronous invocations. */
  async invokeInTurn(event: unknown): Promise<unknown> {
    while (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#run(event);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((container) => container.close()));
  }

  async #run(event: unknown): Promise<unknown> {
    this.#running += 1;
    this.counts.invocations += 1;
    this.options.onInvoke();
    let container = this.#idle.pop();
    while (container !== undefined && !container.isAlive) container = this.#idle.pop();
    container ??= new Container(this.options);
    this.#all.add(container);
    try {
      return await container.invoke(event);
    } catch (error) {
      this.counts.failures += 1;
      throw error;
    } finally {
      this.#running -= 1;
      if (container.isAlive) this.#idle.push(container);
      this.#waiting.shift()?.();
    }
  }
}
