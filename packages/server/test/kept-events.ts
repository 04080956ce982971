import { LoadError, type PutResult, type StreamEntry, type StreamWriter } from '@millrace/core';

/** A stream that keeps what it is given, and fails when it is told to. */
export class KeptEvents implements StreamWriter {
  readonly entries: StreamEntry[] = [];
  /** What the next entries meet, by their place in the call. */
  refuses: (at: number, entry: StreamEntry) => LoadError | undefined = () => undefined;
  /** Awaited before anything is stored. */
  until: Promise<void> = Promise.resolve();

  async put(entries: readonly StreamEntry[]): Promise<readonly PutResult[]> {
    await this.until;
    return entries.map((entry, at): PutResult => {
      const error = this.refuses(at, entry);
      if (error !== undefined) return { kind: 'failed', error };
      this.entries.push(entry);
      return { kind: 'stored', shard: '0' };
    });
  }

  get events(): readonly Record<string, unknown>[] {
    return this.entries.map(({ data }) => JSON.parse(Buffer.from(data).toString()));
  }
}

export function streamFull(): LoadError {
  return new LoadError('stream-full', 'the disk of the stream is full', { class: 'unavailable' });
}
