import { type KinesisClient, ListShardsCommand, type Shard } from '@aws-sdk/client-kinesis';
import { LoadError } from '@millrace/core';
import { type HashKey, toHashKey } from './hash-key.ts';
import { toStreamError } from './kinesis-errors.ts';

interface OpenShard {
  readonly id: string;
  readonly from: HashKey;
  readonly to: HashKey;
}

/** Which of a stream's open shards takes which hash keys, as it was when it was asked. */
export class ShardMap {
  /** By `from`. Open shards overlap nowhere and leave nothing out. */
  readonly #shards: readonly OpenShard[];

  private constructor(shards: readonly OpenShard[]) {
    this.#shards = shards;
  }

  /** @throws LoadError `stream-missing`, `stream-not-ready` while it has no open shard … */
  static async load(client: KinesisClient, streamName: string): Promise<ShardMap> {
    const open = (await listShards(client, streamName))
      .filter(({ SequenceNumberRange }) => SequenceNumberRange?.EndingSequenceNumber === undefined)
      .map(({ ShardId = '', HashKeyRange }) => ({
        id: ShardId,
        from: toHashKey(HashKeyRange?.StartingHashKey ?? '0'),
        to: toHashKey(HashKeyRange?.EndingHashKey ?? '0'),
      }));
    if (open.length === 0) {
      throw new LoadError('stream-not-ready', `stream '${streamName}' has no open shard yet`, {
        class: 'transient',
        hint: 'wait until it is active',
      });
    }
    return new ShardMap(open.toSorted((a, b) => (a.from < b.from ? -1 : 1)));
  }

  /** The only shard, where hash keys decide nothing. */
  get onlyShard(): string | undefined {
    return this.#shards.length === 1 ? this.#shards[0]?.id : undefined;
  }

  shardOf(hashKey: HashKey): string {
    let low = 0;
    let high = this.#shards.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#shards[middle] as OpenShard).from <= hashKey) low = middle;
      else high = middle - 1;
    }
    return (this.#shards[low] as OpenShard).id;
  }
}

/** All shards of which records are kept, closed ones too. */
export async function listShards(client: KinesisClient, streamName: string): Promise<readonly Shard[]> {
  const shards: Shard[] = [];
  let token: string | undefined;
  do {
    try {
      const page = await client.send(
        // Kinesis refuses a name beside a token.
        new ListShardsCommand(token === undefined ? { StreamName: streamName } : { NextToken: token }),
      );
      shards.push(...(page.Shards ?? []));
      token = page.NextToken;
    } catch (cause) {
      throw toStreamError(cause, 'list the shards of', streamName);
    }
  } while (token !== undefined);
  return shards;
}
