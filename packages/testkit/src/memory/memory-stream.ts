import {
  type EpochMs,
  LoadError,
  type PutResult,
  type ReadOptions,
  type Stream,
  type StreamEntry,
  type StreamPage,
  type StreamRecord,
  type StreamShard,
} from '@millrace/core';

interface MemoryShard extends StreamShard {
  isClosed: boolean;
  readonly records: StreamRecord[];
}

const PAGE = 1_000;

/** A stream for tests and simulations. Its shards can be split and merged at will. */
export class MemoryStream implements Stream {
  readonly #shards = new Map<string, MemoryShard>();
  readonly #now: () => EpochMs;
  #lastId = 0;
  #lastPosition = 0;

  constructor({ shards = 1, now = Date.now }: { shards?: number; now?: () => EpochMs } = {}) {
    this.#now = now;
    for (let n = 0; n < shards; n += 1) this.#add([]);
  }

  async put(entries: readonly StreamEntry[]): Promise<readonly PutResult[]> {
    return entries.map(({ partitionKey, data }) => {
      const open = [...this.#shards.values()].filter(({ isClosed }) => !isClosed);
      const hash = [...partitionKey].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 65_521, 7);
      const shard = open[hash % open.length] as MemoryShard;
      this.#lastPosition += 1;
      const position = String(this.#lastPosition).padStart(12, '0');
      shard.records.push({ partitionKey, data: Uint8Array.from(data), position, arrivedAt: this.#now() });
      return { kind: 'stored', shard: shard.id };
    });
  }

  async shards(): Promise<readonly StreamShard[]> {
    return [...this.#shards.values()].map(({ id, parents }) => ({ id, parents }));
  }

  async read(shard: string, { after, maxRecords = PAGE }: ReadOptions): Promise<StreamPage> {
    const found = this.#shards.get(shard);
    if (found === undefined) throw new LoadError('shard-missing', `there is no shard '${shard}'`);
    const behind = found.records.filter(({ position }) => after === null || position > after);
    const records = behind.slice(0, maxRecords);
    const isLatest = records.length === behind.length;
    const last = records.at(-1);
    const millisBehindLatest = isLatest || last === undefined ? 0 : Math.max(1, this.#now() - last.arrivedAt);
    return {
      records,
      millisBehindLatest,
      isEnd: isLatest && found.isClosed && behind.length === 0,
      isGap: false,
    };
  }

  /** Closes a shard, and opens two in its place. */
  split(shard: string): readonly string[] {
    this.#end(shard);
    return [this.#add([shard]), this.#add([shard])];
  }

  /** Closes two shards, and opens one in their place. */
  merge(one: string, other: string): string {
    this.#end(one);
    this.#end(other);
    return this.#add([one, other]);
  }

  #end(id: string): void {
    const shard = this.#shards.get(id);
    if (shard === undefined || shard.isClosed) throw new Error(`there is no open shard '${id}'`);
    shard.isClosed = true;
  }

  #add(parents: readonly string[]): string {
    this.#lastId += 1;
    const id = `shard-${this.#lastId}`;
    this.#shards.set(id, { id, parents, isClosed: false, records: [] });
    return id;
  }
}
