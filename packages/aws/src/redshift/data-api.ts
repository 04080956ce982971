import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  type DescribeStatementCommandOutput,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  type GetStatementResultCommandOutput,
  ListStatementsCommand,
  type ListStatementsCommandOutput,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { LoadError } from '@millrace/core';
import { AttemptRecorder, INSIDE_RETRIES } from './attempt-recorder.ts';
import { isTooManyWaiting, isUnknownStatement, toDataApiError } from './data-api-errors.ts';
import { BEFORE_PARSING, keepExactIntegers } from './exact-integers.ts';
import { describePlace, type PlaceInput, toPlaceInput, type WarehousePlace } from './warehouse-address.ts';
import { whileThrottled } from './while-throttled.ts';

/** The longest that one call of the Data API waits (AWS service model). */
export const MAX_WAIT_SECONDS = 30;

/** What is sent to be run. */
export interface Submission {
  readonly statements: readonly string[];
  readonly name: string;
  /** The same token within eight hours is the same submission. */
  readonly clientToken: string;
  /** Whether EventBridge hears of the end. */
  readonly withEvent: boolean;
  /** How long the call may wait for the end; 0 for not at all. */
  readonly waitSeconds: number;
  /** Values of `:name` in the statements; none is empty, and each is used by at least one statement. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A statement that was sent. `isFinished` and `hasRows` only when the call waited, and long enough. */
export interface Sent {
  readonly id: string;
  readonly isFinished: boolean;
  readonly hasRows: boolean;
}

/**
 * The calls of the Data API for one warehouse: inputs made here, failures classified here, nothing else decided.
 *
 * Every method throws `LoadError`. `batch` and `execute` throw the class `unknown` when any attempt of the SDK may have
 * been carried out: a throttled retry says nothing of the request before it, whose reply was lost.
 */
export class DataApi {
  readonly place: string;
  readonly #client: RedshiftDataClient;
  readonly #input: PlaceInput;
  readonly #patienceMs: number;

  /** @throws LoadError `warehouse-address` (class `config`) */
  constructor(client: RedshiftDataClient, { patienceMs, ...place }: WarehousePlace & { patienceMs: number }) {
    this.#client = client;
    this.#patienceMs = patienceMs;
    this.#input = toPlaceInput(place);
    this.place = describePlace(place);
  }

  /** Several statements as one transaction. */
  async batch({
    statements,
    name,
    clientToken,
    withEvent,
    waitSeconds,
    parameters,
  }: Submission): Promise<Sent> {
    const command = new BatchExecuteStatementCommand({
      ...this.#input,
      Sqls: [...statements],
      // Not left to a default: as AUTO_COMMIT half a job would stay.
      ExecutionMode: 'TRANSACTION',
      StatementName: name,
      ClientToken: clientToken,
      WithEvent: withEvent,
      ...withParameters(parameters),
      ...waiting(waitSeconds),
    });
    const recorder = new AttemptRecorder();
    command.middlewareStack.add(recorder.middleware, INSIDE_RETRIES);
    const call = { operation: 'BatchExecuteStatement', recorder };
    return toSent(await this.#change(call, () => this.#client.send(command)), this.place);
  }

  /** One statement on its own. */
  async execute(
    sql: string,
    { name, clientToken, withEvent, waitSeconds, parameters }: Omit<Submission, 'statements'>,
  ): Promise<Sent> {
    const command = new ExecuteStatementCommand({
      ...this.#input,
      Sql: sql,
      StatementName: name,
      ClientToken: clientToken,
      WithEvent: withEvent,
      ...withParameters(parameters),
      ...waiting(waitSeconds),
    });
    const recorder = new AttemptRecorder();
    command.middlewareStack.add(recorder.middleware, INSIDE_RETRIES);
    const call = { operation: 'ExecuteStatement', recorder };
    return toSent(await this.#change(call, () => this.#client.send(command)), this.place);
  }

  /** Undefined when the Data API knows no such statement (any more: it forgets them after a day). */
  async describe(id: string, waitSeconds: number): Promise<DescribeStatementCommandOutput | undefined> {
    const ask = (wait: number) =>
      this.#client.send(new DescribeStatementCommand({ Id: id, ...waiting(wait) }));
    return this.#read('DescribeStatement', async () => {
      try {
        return await ask(waitSeconds).catch((cause) => {
          if (waitSeconds > 0 && isTooManyWaiting(cause)) return ask(0);
          throw cause;
        });
      } catch (cause) {
        if (isUnknownStatement(cause)) return undefined;
        throw cause;
      }
    });
  }

  /** A page of a result; undefined when there is none (any more). BIGINTs of many digits are `stringValue`s. */
  async result(
    id: string,
    nextToken: string | undefined,
  ): Promise<GetStatementResultCommandOutput | undefined> {
    const command = new GetStatementResultCommand({
      Id: id,
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    });
    command.middlewareStack.add(keepExactIntegers, BEFORE_PARSING);
    return this.#read('GetStatementResult', async () => {
      try {
        return await this.#client.send(command);
      } catch (cause) {
        if (isUnknownStatement(cause)) return undefined;
        throw cause;
      }
    });
  }

  /** A page of the statements whose name begins so, of every state, that this role submitted. */
  async list(namePrefix: string, nextToken: string | undefined): Promise<ListStatementsCommandOutput> {
    const command = new ListStatementsCommand({
      StatementName: namePrefix,
      // The default lists what is finished.
      Status: 'ALL',
      MaxResults: 100,
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    });
    return this.#read('ListStatements', () => this.#client.send(command));
  }

  /** Asks for the end of a statement; one that has ended, or is not known, needs none. */
  async cancel(id: string): Promise<void> {
    await this.#read('CancelStatement', async () => {
      try {
        await this.#client.send(new CancelStatementCommand({ Id: id }));
      } catch (cause) {
        if (isUnknownStatement(cause) || /already in \w+ state/iu.test(String(cause))) return;
        throw cause;
      }
    });
  }

  #read<Output>(operation: string, send: () => Promise<Output>): Promise<Output> {
    return whileThrottled(async () => {
      try {
        return await send();
      } catch (cause) {
        throw toDataApiError(cause, { operation, place: this.place, changes: false });
      }
    }, this.#patienceMs);
  }

  #change<Output>(
    { operation, recorder }: { operation: string; recorder: AttemptRecorder },
    send: () => Promise<Output>,
  ): Promise<Output> {
    const call = { operation, place: this.place, changes: true };
    return whileThrottled(async () => {
      try {
        return await send();
      } catch (cause) {
        const attempts = recorder.failures.map((one) => toDataApiError(one, { ...call, isAttempt: true }));
        throw (
          attempts.find((error) => error.class === 'unknown') ??
          attempts.at(-1) ??
          toDataApiError(cause, call)
        );
      }
    }, this.#patienceMs);
  }
}

function waiting(seconds: number): { WaitTimeSeconds?: number } {
  return seconds < 1 ? {} : { WaitTimeSeconds: Math.min(MAX_WAIT_SECONDS, Math.floor(seconds)) };
}

function withParameters(parameters: Submission['parameters'] = {}): {
  Parameters?: { name: string; value: string }[];
} {
  const list = Object.entries(parameters).map(([name, value]) => ({ name, value }));
  return list.length === 0 ? {} : { Parameters: list };
}

interface SentReply {
  readonly Id?: string | undefined;
  readonly Status?: string | undefined;
  readonly HasResultSet?: boolean | undefined;
}

/** @throws LoadError class `unknown` for a reply without an id, which is none: the statement may run. */
function toSent({ Id, Status, HasResultSet }: SentReply, place: string): Sent {
  if (Id === undefined || Id === '') {
    throw new LoadError('reply-lost', `${place}: the Data API named no statement`, { class: 'unknown' });
  }
  return { id: Id, isFinished: Status === 'FINISHED', hasRows: HasResultSet === true };
}
