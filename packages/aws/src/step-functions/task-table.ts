import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { isUnmet, toTaskTableError } from './task-errors.ts';
import {
  expiryOf,
  fromItem,
  keyOf,
  LOOK_KEY,
  OPEN_INDEX,
  OPEN_KEY,
  OPEN_MARK,
  PARTITION_KEY,
  SORT_KEY,
  type TaskItem,
  toItem,
} from './task-item.ts';
import type { TaskOutcome, TaskStatement } from './task-statement.ts';

/** Pages of one query: far more than an execution, or a minute, can have. */
const MAX_PAGES = 100;

/**
 * Which statements the states of executions wait for: one item each, conditional on its attempt, in a DynamoDB table. Reads
 * that decide are consistent; the index of open statements is asked only what to look at. Every method throws `LoadError`.
 */
export class TaskTable {
  readonly #client: DynamoDBClient;
  readonly #name: string;

  constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Writes down what is about to be sent. @returns false when the key is known. */
  async begin(task: TaskStatement, lookAt: number): Promise<boolean> {
    try {
      const condition = `attribute_not_exists(${PARTITION_KEY})`;
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#name,
          Item: toItem(task, lookAt),
          ConditionExpression: condition,
        }),
      );
      return true;
    } catch (cause) {
      if (isUnmet(cause)) return false;
      throw toTaskTableError(cause, 'write to', this.#name);
    }
  }

  async get(task: Pick<TaskStatement, 'execution' | 'key'>): Promise<TaskStatement | undefined> {
    try {
      const { Item } = await this.#client.send(
        new GetItemCommand({ TableName: this.#name, Key: keyOf(task), ConsistentRead: true }),
      );
      return Item === undefined ? undefined : fromItem(Item);
    } catch (cause) {
      throw toTaskTableError(cause, 'read from', this.#name);
    }
  }

  /** The next attempt of what ended and was reported. @returns undefined when somebody else was first. */
  beginAgain(
    task: TaskStatement,
    { taskToken, now, lookAt }: { taskToken: string; now: number; lookAt: number },
  ): Promise<TaskStatement | undefined> {
    return this.#update(task, {
      set: `attempt = attempt + :one, phase = :submitting, task_token = :token, submitted_at = :now, #open = :open, #look = :look, expires_at = :expires`,
      remove: 'statement_id, outcome, reported, cancelled',
      condition: 'phase = :done',
      values: {
        ':one': { N: '1' },
        ':submitting': { S: 'submitting' },
        ':done': { S: 'done' },
        ':token': { S: taskToken },
        ':now': { N: String(now) },
        ':open': { S: OPEN_MARK },
        ':look': { N: String(lookAt) },
        ':expires': expiryOf(now),
      },
    });
  }

  /** Another token waits for it from now on. @returns undefined when it has ended meanwhile. */
  attach(task: TaskStatement, taskToken: string): Promise<TaskStatement | undefined> {
    return this.#update(task, {
      set: 'task_token = :token',
      condition: 'phase <> :done AND task_token = :before',
      values: { ':token': { S: taskToken }, ':done': { S: 'done' }, ':before': { S: task.taskToken } },
    });
  }

  /** The Data API has it. @returns undefined when it has ended meanwhile. */
  noteStatement(
    task: TaskStatement,
    { statementId, lookAt }: { statementId: string; lookAt: number },
  ): Promise<TaskStatement | undefined> {
    return this.#update(task, {
      set: 'phase = :running, statement_id = :id, #look = :look',
      condition: 'phase <> :done',
      values: {
        ':running': { S: 'running' },
        ':done': { S: 'done' },
        ':id': { S: statementId },
        ':look': { N: String(lookAt) },
      },
    });
  }

  /**
   * It has ended, and `taskToken` was told, or found gone.
   *
   * @returns undefined when another token, or another attempt, has come meanwhile: whoever waits now is to be told.
   */
  settle(
    task: TaskStatement,
    { outcome, isReported, now }: { outcome: TaskOutcome; isReported: boolean; now: number },
  ): Promise<TaskStatement | undefined> {
    return this.#update(task, {
      set: isReported
        ? 'phase = :done, outcome = :outcome, reported = :reported, expires_at = :expires'
        : // Another worker may have told it a moment before: that is not taken back.
          'phase = :done, outcome = :outcome, reported = if_not_exists(reported, :reported), expires_at = :expires',
      remove: '#open, #look',
      condition: 'task_token = :token',
      values: {
        ':done': { S: 'done' },
        ':outcome': { S: outcome },
        ':reported': { BOOL: isReported },
        ':token': { S: task.taskToken },
        ':expires': expiryOf(now),
      },
    });
  }

  /** Somebody wants it to end. @returns undefined when it has ended. */
  askCancel(task: TaskStatement): Promise<TaskStatement | undefined> {
    return this.#update(task, {
      set: 'cancelled = :true',
      condition: 'phase <> :done',
      values: { ':true': { BOOL: true }, ':done': { S: 'done' } },
    });
  }

  /** When the sweep is to look again. */
  async lookAgain(task: TaskStatement, lookAt: number): Promise<void> {
    await this.#update(task, {
      set: '#look = :look',
      condition: 'phase <> :done',
      values: { ':look': { N: String(lookAt) }, ':done': { S: 'done' } },
    });
  }

  /** All statements of an execution, ended ones too. */
  async ofExecution(execution: string): Promise<readonly TaskStatement[]> {
    const items = await this.#query({
      KeyConditionExpression: '#partition = :execution',
      ExpressionAttributeNames: { '#partition': PARTITION_KEY },
      ExpressionAttributeValues: { ':execution': { S: execution } },
      ConsistentRead: true,
    });
    return items.map(fromItem);
  }

  /** What has not ended and is to be looked at, the oldest first, at most `limit`. */
  async due(now: number, limit: number): Promise<readonly Pick<TaskStatement, 'execution' | 'key'>[]> {
    const items = await this.#query(
      {
        IndexName: OPEN_INDEX,
        KeyConditionExpression: '#open = :open AND #look <= :now',
        ExpressionAttributeNames: { '#open': OPEN_KEY, '#look': LOOK_KEY },
        ExpressionAttributeValues: { ':open': { S: OPEN_MARK }, ':now': { N: String(now) } },
        Limit: limit,
      },
      1,
    );
    return items.map((item) => ({
      execution: item[PARTITION_KEY]?.S ?? '',
      key: item[SORT_KEY]?.S ?? '',
    }));
  }

  async #query(input: Omit<QueryCommandInput, 'TableName'>, maxPages = MAX_PAGES): Promise<TaskItem[]> {
    const items: TaskItem[] = [];
    let from: TaskItem | undefined;
    try {
      for (let pages = 0; pages < maxPages; pages += 1) {
        const start = from === undefined ? {} : { ExclusiveStartKey: from };
        const page = await this.#client.send(new QueryCommand({ TableName: this.#name, ...input, ...start }));
        items.push(...(page.Items ?? []));
        from = page.LastEvaluatedKey;
        if (from === undefined) break;
      }
      return items;
    } catch (cause) {
      throw toTaskTableError(cause, 'query', this.#name);
    }
  }

  async #update(
    task: TaskStatement,
    update: { set: string; remove?: string; condition: string; values: TaskItem },
  ): Promise<TaskStatement | undefined> {
    const { set, remove, condition, values } = update;
    const text = `SET ${set}${remove === undefined ? '' : ` REMOVE ${remove}`}`;
    const names = Object.entries({ '#open': OPEN_KEY, '#look': LOOK_KEY });
    const used = Object.fromEntries(names.filter(([name]) => text.includes(name)));
    try {
      const { Attributes } = await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#name,
          Key: keyOf(task),
          UpdateExpression: text,
          ConditionExpression: `attempt = :attempt AND ${condition}`,
          ExpressionAttributeValues: { ...values, ':attempt': { N: String(task.attempt) } },
          ...(Object.keys(used).length === 0 ? {} : { ExpressionAttributeNames: used }),
          ReturnValues: 'ALL_NEW',
        }),
      );
      return Attributes === undefined ? undefined : fromItem(Attributes);
    } catch (cause) {
      if (isUnmet(cause)) return undefined;
      throw toTaskTableError(cause, 'write to', this.#name);
    }
  }
}
