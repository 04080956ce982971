import type { StreamRecord } from '../ports/stream.ts';
import type { EpochMs } from '../ports/time.ts';
import type { RowShape, Transforms } from './apply-transforms.ts';
import { encodeRow, problemOfRow } from './csv-row.ts';
import { decodeEvent, type EventProblem } from './envelope.ts';
import { encodeReject } from './reject.ts';

/** Text is turned into bytes in pieces of about so many characters: long ropes of short lines cost several times as much. */
const PIECE_CHARS = 64 * 1024;

/** Lines that will be one chunk. */
export interface ChunkDraft {
  /** Undefined: rejects. */
  readonly shape: RowShape | undefined;
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  readonly rows: number;
  /** When the stream took the oldest of its events. */
  readonly arrivedAt: EpochMs;
}

/** What one flush writes and seals: everything of the records up to `position`. */
export interface Flush {
  readonly position: string;
  readonly events: number;
  readonly drafts: readonly ChunkDraft[];
}

type MadeLines =
  | { readonly problem: EventProblem }
  | {
      readonly problem?: undefined;
      readonly lines: readonly { readonly shape: RowShape; readonly line: string }[];
    };

/** Lines of one table and column list, or of the rejects. */
class Lines {
  readonly shape: RowShape | undefined;
  readonly #pieces: Uint8Array[] = [];
  #text = '';
  #bytes = 0;
  #rows = 0;
  readonly #arrivedAt: EpochMs;

  constructor(shape: RowShape | undefined, arrivedAt: EpochMs) {
    this.shape = shape;
    this.#arrivedAt = arrivedAt;
  }

  /** Bytes, those not yet encoded counted by their characters. */
  get bytes(): number {
    return this.#bytes + this.#text.length;
  }

  add(line: string): void {
    this.#text += line;
    this.#rows += 1;
    if (this.#text.length >= PIECE_CHARS) this.#encode();
  }

  draft(): ChunkDraft {
    this.#encode();
    return {
      shape: this.shape,
      pieces: [...this.#pieces],
      bytes: this.#bytes,
      rows: this.#rows,
      arrivedAt: this.#arrivedAt,
    };
  }

  #encode(): void {
    if (this.#text === '') return;
    const piece = Buffer.from(this.#text);
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    this.#text = '';
  }
}

/**
 * The rows of a shard's records since its last seal, by table. Pure: it holds, counts and gives back.
 *
 * All of an event's rows are in it or none. Its content stands for exactly the records behind the sealed position up to
 * `position`.
 */
export class ShardBuffer {
  readonly shard: string;
  readonly #transforms: Transforms;
  #lines = new Map<RowShape | undefined, Lines>();
  #bytes = 0;
  #largest = 0;
  #events = 0;
  #position: string | null = null;
  #oldestAt: EpochMs | null = null;

  constructor(shard: string, transforms: Transforms) {
    this.shard = shard;
    this.#transforms = transforms;
  }

  /** Bytes held, over all tables. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the table that has the most. */
  get largestBytes(): number {
    return this.#largest;
  }

  get events(): number {
    return this.#events;
  }

  /** The last record taken since the last flush; null: none was. */
  get position(): string | null {
    return this.#position;
  }

  /** When the stream took the oldest of the records that are held; null: none is. */
  get oldestAt(): EpochMs | null {
    return this.#oldestAt;
  }

  /** Takes the next record of the shard. What cannot become rows becomes a reject. */
  add(record: StreamRecord): void {
    this.#events += 1;
    this.#position = record.position;
    this.#oldestAt ??= record.arrivedAt;
    const made = this.#makeLines(record);
    if (made.problem !== undefined) {
      this.#append(
        undefined,
        encodeReject(record, { shard: this.shard, problem: made.problem }),
        record.arrivedAt,
      );
      return;
    }
    for (const { shape, line } of made.lines) this.#append(shape, line, record.arrivedAt);
  }

  /** What is held, which stays: it is cleared when it is sealed. Undefined when no record was taken since. */
  peek(): Flush | undefined {
    if (this.#position === null) return undefined;
    return {
      position: this.#position,
      events: this.#events,
      drafts: [...this.#lines.values()].map((lines) => lines.draft()),
    };
  }

  /** Forgets everything that is held: it is sealed, by whomever. */
  clear(): void {
    this.#lines = new Map();
    this.#bytes = 0;
    this.#largest = 0;
    this.#events = 0;
    this.#position = null;
    this.#oldestAt = null;
  }

  /** The lines of all rows of an event, or why it has none. */
  #makeLines({ data }: StreamRecord): MadeLines {
    const reading = decodeEvent(data);
    if (reading.kind === 'invalid') return { problem: reading.problem };
    const applied = this.#transforms.apply(reading.event);
    if (applied.kind === 'rejected') return { problem: applied.problem };
    try {
      return { lines: applied.rows.map(({ shape, values }) => ({ shape, line: encodeRow(values) })) };
    } catch (error) {
      return { problem: problemOfRow(error) };
    }
  }

  #append(shape: RowShape | undefined, line: string, arrivedAt: EpochMs): void {
    let lines = this.#lines.get(shape);
    if (lines === undefined) {
      lines = new Lines(shape, arrivedAt);
      this.#lines.set(shape, lines);
    }
    const before = lines.bytes;
    lines.add(line);
    this.#bytes += lines.bytes - before;
    this.#largest = Math.max(this.#largest, lines.bytes);
  }
}
