import type {
  QueryResult,
  SqlRow,
  StatementBatch,
  StatementRef,
  StatementStatus,
  TableColumn,
  Warehouse,
} from '@millrace/core';

/** Ends early, and not with an error, when the process stops. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}

/** How long one question waits for the end of a statement. AWS, Data API: WaitTimeSeconds is 1 to 30. */
const WAIT_MS = 25_000;
/** Between two questions, also where the warehouse answers at once. */
const PAUSE_MS = 250;
/** Questions in a row that may fail before a statement is left to the sweep. */
const MAX_FAILURES = 5;

/**
 * A warehouse whose statements are followed until they end, by long polling: for a process that no completion event
 * reaches. A statement that cannot be followed is found by the sweep.
 */
export class FollowedWarehouse implements Warehouse {
  readonly #inner: Warehouse;
  readonly #onCompletion: (statement: StatementRef) => void;
  readonly #stop = new AbortController();
  readonly #followed = new Map<string, Promise<void>>();

  constructor(inner: Warehouse, { onCompletion }: { onCompletion: (statement: StatementRef) => void }) {
    this.#inner = inner;
    this.#onCompletion = onCompletion;
  }

  get dialect(): Warehouse['dialect'] {
    return this.#inner.dialect;
  }

  async submit(batch: StatementBatch): Promise<StatementRef> {
    const statement = await this.#inner.submit(batch);
    this.follow(statement);
    return statement;
  }

  /** Tells of the end of a statement, also of another process's. */
  follow(statement: StatementRef): void {
    if (this.#followed.has(statement.id)) return;
    const followed = this.#untilEnd(statement).finally(() => this.#followed.delete(statement.id));
    this.#followed.set(statement.id, followed);
  }

  async close(): Promise<void> {
    this.#stop.abort();
  }

  describe(statement: StatementRef, options?: { readonly waitMs?: number }): Promise<StatementStatus> {
    return this.#inner.describe(statement, options);
  }

  find(name: string): Promise<StatementRef | undefined> {
    return this.#inner.find(name);
  }

  cancel(statement: StatementRef): Promise<void> {
    return this.#inner.cancel(statement);
  }

  copyErrors(statement: StatementRef): ReturnType<Warehouse['copyErrors']> {
    return this.#inner.copyErrors(statement);
  }

  transact(statements: readonly string[]): Promise<readonly SqlRow[]> {
    return this.#inner.transact(statements);
  }

  query(sql: string): Promise<QueryResult> {
    return this.#inner.query(sql);
  }

  describeTable(table: string): Promise<readonly TableColumn[] | undefined> {
    return this.#inner.describeTable(table);
  }

  async #untilEnd(statement: StatementRef): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted && failures < MAX_FAILURES) {
      try {
        const { state } = await this.#inner.describe(statement, { waitMs: WAIT_MS });
        if (this.#stop.signal.aborted) return;
        if (state !== 'running') {
          this.#onCompletion(statement);
          return;
        }
        failures = 0;
      } catch {
        // Only a hint is lost: the lane's own look says what is wrong, where it is handled.
        failures += 1;
      }
      await pause(PAUSE_MS * 2 ** failures, this.#stop.signal);
    }
  }
}
