import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { isUnmetCondition, leftUndone, toTrackerError } from './dynamodb-errors.ts';
import { chunksOf, inParallel } from './in-parallel.ts';
import { type Item, type ItemKey, keyOf, PARTITION_KEY, SORT_KEY, sortKeyOf } from './table-layout.ts';

/** What DynamoDB takes per request. */
const KEYS_PER_GET = 100;
const ITEMS_PER_WRITE = 25;
/** Requests of one call under way at once: far below the client's 50 sockets, so that others get through. */
const CONCURRENT_BATCHES = 4;
const CONCURRENT_ITEMS = 16;
/** What a batch leaves undone is tried this often, with pauses of up to 25 ms · 2^n: about three seconds in all. */
const MAX_ROUNDS = 8;
const BASE_PAUSE_MS = 25;

export type BatchWrite = { readonly put: Item } | { readonly delete: ItemKey };

export interface RangeQuery {
  readonly partition: string;
  readonly prefix: string;
  readonly options?: Pick<
    QueryCommandInput,
    | 'FilterExpression'
    | 'ProjectionExpression'
    | 'ExpressionAttributeNames'
    | 'ExpressionAttributeValues'
    | 'Limit'
    | 'ScanIndexForward'
  >;
}

/**
 * One DynamoDB table as the tracker needs it: reads are consistent, queries paginated, batches done to the end, and
 * errors classified.
 */
export class TrackerTable {
  readonly #client: DynamoDBClient;
  readonly #name: string;

  constructor(client: DynamoDBClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    try {
      const command = new GetItemCommand({ TableName: this.#name, Key: key, ConsistentRead: true });
      return (await this.#client.send(command)).Item;
    } catch (cause) {
      throw toTrackerError(cause, 'read from', this.#name);
    }
  }

  /** All items below a prefix of the sort key, page by page. A filter or projection makes pages short, never fewer. */
  async *pages({ partition, prefix, options = {} }: RangeQuery): AsyncGenerator<Item[]> {
    let from: Item | undefined;
    do {
      const reply = await this.#query({ partition, prefix, options }, from);
      yield reply.items;
      from = reply.next;
    } while (from !== undefined);
  }

  /** One page, beginning after `from` (the sort key of `next` of the page before). A filter makes it short, never the last. */
  async pageFrom(query: RangeQuery, from: string | null): Promise<{ items: Item[]; next: string | null }> {
    const reply = await this.#query(query, from === null ? undefined : keyOf(query.partition, from));
    return { items: reply.items, next: reply.next === undefined ? null : sortKeyOf(reply.next) };
  }

  /** The first page only: what is wanted is in it, or nothing depends on the rest. */
  async firstPage(query: RangeQuery): Promise<Item[]> {
    return (await this.#query(query, undefined)).items;
  }

  /** The items of these keys that are there, in no order. A key must not be named twice. */
  async getAll(keys: readonly ItemKey[]): Promise<Item[]> {
    const found: Item[] = [];
    await inParallel(chunksOf(keys, KEYS_PER_GET), CONCURRENT_BATCHES, async (chunk) => {
      let left: Item[] = chunk;
      for (let round = 1; left.length > 0; round += 1) {
        const reply = await this.#getBatch(left);
        found.push(...reply.items);
        left = reply.left;
        if (left.length > 0) await this.#pause(round, 'reads');
      }
    });
    return found;
  }

  /** Puts and deletes, unconditional and in no order, all done when the promise resolves. A key must not be named twice. */
  async writeAll(writes: readonly BatchWrite[]): Promise<void> {
    const requests = writes.map(toRequest);
    await inParallel(chunksOf(requests, ITEMS_PER_WRITE), CONCURRENT_BATCHES, async (chunk) => {
      let left = chunk;
      for (let round = 1; left.length > 0; round += 1) {
        left = await this.#writeBatch(left);
        if (left.length > 0) await this.#pause(round, 'writes');
      }
    });
  }

  /** Puts each item whose key is free. @returns the sort keys of those that were put. */
  async putNew(items: readonly Item[]): Promise<Set<string>> {
    const put = new Set<string>();
    await inParallel(items, CONCURRENT_ITEMS, async (item) => {
      const isPut = await this.#conditional(() =>
        this.#client.send(
          new PutItemCommand({
            TableName: this.#name,
            Item: item,
            ConditionExpression: `attribute_not_exists(${PARTITION_KEY})`,
          }),
        ),
      );
      if (isPut) put.add(item[SORT_KEY]?.S ?? '');
    });
    return put;
  }

  async put(item: Item): Promise<void> {
    try {
      await this.#client.send(new PutItemCommand({ TableName: this.#name, Item: item }));
    } catch (cause) {
      throw toTrackerError(cause, 'write to', this.#name);
    }
  }

  /**
   * @returns false when the condition did not hold; `isRepeated`: an attempt before it may have written; `item`: as the
   * update asks for it.
   */
  async update(
    key: ItemKey,
    update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>,
  ): Promise<{ isDone: boolean; isRepeated: boolean; item?: Item | undefined }> {
    try {
      const command = new UpdateItemCommand({ TableName: this.#name, Key: key, ...update });
      const { Attributes } = await this.#client.send(command);
      return { isDone: true, isRepeated: false, item: Attributes };
    } catch (cause) {
      if (!isUnmetCondition(cause)) throw toTrackerError(cause, 'write to', this.#name);
      const { $metadata } = cause as { $metadata?: { attempts?: number } };
      return { isDone: false, isRepeated: ($metadata?.attempts ?? 1) > 1 };
    }
  }

  /** The same update of several items, each on its condition. */
  async updateEach(
    keys: readonly ItemKey[],
    update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>,
  ): Promise<void> {
    await inParallel(keys, CONCURRENT_ITEMS, async (key) => {
      await this.update(key, update);
    });
  }

  async #query(
    { partition, prefix, options = {} }: RangeQuery,
    from: Item | undefined,
  ): Promise<{ items: Item[]; next: Item | undefined }> {
    const { ExpressionAttributeNames, ExpressionAttributeValues, ...rest } = options;
    try {
      const { Items = [], LastEvaluatedKey } = await this.#client.send(
        new QueryCommand({
          ...rest,
          TableName: this.#name,
          ConsistentRead: true,
          KeyConditionExpression:
            prefix === ''
              ? '#partition = :partition'
              : '#partition = :partition AND begins_with(#sort, :prefix)',
          ExpressionAttributeNames: {
            ...ExpressionAttributeNames,
            '#partition': PARTITION_KEY,
            ...(prefix === '' ? {} : { '#sort': SORT_KEY }),
          },
          ExpressionAttributeValues: {
            ...ExpressionAttributeValues,
            ':partition': { S: partition },
            ...(prefix === '' ? {} : { ':prefix': { S: prefix } }),
          },
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      );
      return { items: Items, next: LastEvaluatedKey };
    } catch (cause) {
      throw toTrackerError(cause, 'query', this.#name);
    }
  }

  async #getBatch(keys: Item[]): Promise<{ items: Item[]; left: Item[] }> {
    try {
      const { Responses, UnprocessedKeys } = await this.#client.send(
        new BatchGetItemCommand({ RequestItems: { [this.#name]: { Keys: keys, ConsistentRead: true } } }),
      );
      return { items: Responses?.[this.#name] ?? [], left: UnprocessedKeys?.[this.#name]?.Keys ?? [] };
    } catch (cause) {
      throw toTrackerError(cause, 'read from', this.#name);
    }
  }

  async #writeBatch(requests: WriteRequest[]): Promise<WriteRequest[]> {
    try {
      const { UnprocessedItems } = await this.#client.send(
        new BatchWriteItemCommand({ RequestItems: { [this.#name]: requests } }),
      );
      return UnprocessedItems?.[this.#name] ?? [];
    } catch (cause) {
      throw toTrackerError(cause, 'write to', this.#name);
    }
  }

  async #conditional(send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (cause) {
      if (isUnmetCondition(cause)) return false;
      throw toTrackerError(cause, 'write to', this.#name);
    }
  }

  async #pause(round: number, what: string): Promise<void> {
    if (round >= MAX_ROUNDS) throw leftUndone(what, this.#name, round);
    await sleep(Math.random() * BASE_PAUSE_MS * 2 ** round);
  }
}

function toRequest(write: BatchWrite): WriteRequest {
  return 'put' in write ? { PutRequest: { Item: write.put } } : { DeleteRequest: { Key: write.delete } };
}
