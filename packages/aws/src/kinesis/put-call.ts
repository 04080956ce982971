import { LoadError, type PutResult, type StreamEntry } from '@millrace/core';

/** One call of `put`, on the way to its results. */
export class PutCall {
  readonly results: Promise<readonly PutResult[]>;
  readonly #settled: (PutResult | undefined)[];
  readonly #failedKeys = new Set<string>();
  #left: number;
  #finish: (results: readonly PutResult[]) => void = () => undefined;

  constructor(entries: number) {
    this.#left = entries;
    this.#settled = Array.from({ length: entries });
    this.results = new Promise((resolve) => {
      this.#finish = resolve;
    });
    if (entries === 0) this.#finish([]);
  }

  /** An earlier entry of the key failed in this call: a later one would overtake its repetition. */
  hasFailed(partitionKey: string): boolean {
    return this.#failedKeys.has(partitionKey);
  }

  store(at: number, shard: string): void {
    this.#settle(at, { kind: 'stored', shard });
  }

  fail(at: number, { partitionKey }: StreamEntry, error: LoadError): void {
    this.#failedKeys.add(partitionKey);
    this.#settle(at, { kind: 'failed', error });
  }

  #settle(at: number, result: PutResult): void {
    this.#settled[at] = result;
    this.#left -= 1;
    if (this.#left === 0) this.#finish(this.#settled as PutResult[]);
  }
}

/** What the entries behind a failed one of their key are told. */
export function overtakingError(partitionKey: string): LoadError {
  return new LoadError(
    'stream-order',
    `an earlier record of partition key '${partitionKey}' was not stored, so this one was not sent`,
    { class: 'transient', hint: 'put both again, in their order' },
  );
}
