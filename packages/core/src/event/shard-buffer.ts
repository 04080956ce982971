import type { StreamRecord } from '../ports/stream.ts';
import type { EpochMs } from '../ports/time.ts';
import type { RowShape, ShapedRow, Transforms } from './apply-transforms.ts';
import { problemOfRow } from './csv-row.ts';
import { decodeEvent, type Event, type EventProblem } from './envelope.ts';
import { LineWriter } from './line-writer.ts';
import { encodeReject } from './reject.ts';
import type { TableChecks } from './table-checks.ts';
import { TypeTallies } from './type-tallies.ts';

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
  /** What became of them, by type. */
  readonly tallies: TypeTallies;
}

export interface AddOptions {
  /** For the checks. */
  readonly now: EpochMs;
  /** Nobody is asked any more: rows of which nothing is known are taken. */
  readonly isLast?: boolean;
  /** Where the record came from when it was first rejected. */
  readonly origin?: { readonly shard: string; readonly position: string } | undefined;
}

/** Why an event becomes no rows. */
interface Refusal {
  readonly problem: EventProblem;
  /** Absent: the record is none. */
  readonly event?: Event;
}

/** Lines of one table and column list, or of the rejects. */
class Lines {
  readonly shape: RowShape | undefined;
  readonly writer = new LineWriter();
  readonly arrivedAt: EpochMs;
  rows = 0;
  /** Bytes that the buffer counts it for. */
  counted = 0;

  constructor(shape: RowShape | undefined, arrivedAt: EpochMs) {
    this.shape = shape;
    this.arrivedAt = arrivedAt;
  }

  draft(): ChunkDraft {
    const { shape, arrivedAt, rows, writer } = this;
    return { shape, pieces: writer.pieces(), bytes: writer.bytes, rows, arrivedAt };
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
  readonly #checks: TableChecks | undefined;
  #lines = new Map<RowShape | undefined, Lines>();
  #tallies = new TypeTallies();
  #bytes = 0;
  #largest = 0;
  #events = 0;
  #position: string | null = null;
  #oldestAt: EpochMs | null = null;

  constructor(shard: string, transforms: Transforms, checks?: TableChecks) {
    this.shard = shard;
    this.#transforms = transforms;
    this.#checks = checks;
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

  /**
   * Takes the next record of the shard. What cannot become rows, or rows that fit, becomes a reject.
   *
   * @returns the target whose columns have to be looked at first: the record was not taken then. Undefined: it was
   */
  add(record: StreamRecord, { now, isLast = false, origin }: AddOptions): string | undefined {
    const taken = this.#take(record, { now, isLast });
    if (typeof taken === 'string') return taken;
    this.#events += 1;
    this.#position = record.position;
    this.#oldestAt ??= record.arrivedAt;
    if (taken !== undefined) this.#reject(record, { ...taken, origin });
    return undefined;
  }

  /** Takes a line that was rejected before as it is. */
  keep({ position, arrivedAt }: Pick<StreamRecord, 'position' | 'arrivedAt'>, line: string): void {
    this.#events += 1;
    this.#position = position;
    this.#oldestAt ??= arrivedAt;
    this.#writeReject(line, arrivedAt);
  }

  #reject(record: StreamRecord, { problem, event, origin }: Refusal & Pick<AddOptions, 'origin'>): void {
    const isTaken = event !== undefined && this.#transforms.takes(event.type);
    this.#tallies.refused(isTaken ? event.type : null);
    const { shard, position } = origin ?? { shard: this.shard, position: record.position };
    this.#writeReject(encodeReject(record, { shard, position, problem, event }), record.arrivedAt);
  }

  #writeReject(line: string, arrivedAt: EpochMs): void {
    const rejects = this.#linesOf(undefined, arrivedAt);
    rejects.writer.writeText(line);
    rejects.rows += 1;
    this.#count(rejects);
  }

  /** What is held, which stays: it is cleared when it is sealed. Undefined when no record was taken since. */
  peek(): Flush | undefined {
    if (this.#position === null) return undefined;
    return {
      position: this.#position,
      events: this.#events,
      drafts: [...this.#lines.values()].filter(({ rows }) => rows > 0).map((lines) => lines.draft()),
      tallies: this.#tallies,
    };
  }

  /** Forgets everything that is held: it is sealed, by whomever. */
  clear(): void {
    this.#lines = new Map();
    this.#tallies = new TypeTallies();
    this.#bytes = 0;
    this.#largest = 0;
    this.#events = 0;
    this.#position = null;
    this.#oldestAt = null;
  }

  /** Takes all rows of an event, or none: @returns why, or whose columns have to be looked at. */
  #take(
    { data, arrivedAt }: StreamRecord,
    { now, isLast }: { now: EpochMs; isLast: boolean },
  ): Refusal | string | undefined {
    const reading = decodeEvent(data);
    if (reading.kind === 'invalid') return { problem: reading.problem };
    const { event } = reading;
    const applied = this.#transforms.apply(event);
    if (applied.kind === 'rejected') return { problem: applied.problem, event };
    const { rows } = applied;
    if (this.#checks !== undefined) {
      for (const { shape, values } of rows) {
        const verdict = this.#checks.judge(shape, values, now);
        if (verdict === undefined || (verdict === 'ask' && isLast)) continue;
        return verdict === 'ask' ? shape.target : { problem: verdict, event };
      }
    }
    for (let at = 0; at < rows.length; at += 1) {
      const { shape, values } = rows[at] as ShapedRow;
      const lines = this.#linesOf(shape, arrivedAt);
      try {
        lines.writer.writeRow(values);
        lines.rows += 1;
      } catch (error) {
        lines.writer.takeBack(lines.counted);
        this.#takeBack(rows.slice(0, at));
        return { problem: { ...problemOfRow(error), target: shape.target }, event };
      }
    }
    for (let at = 0; at < rows.length; at += 1)
      this.#count(this.#linesOf((rows[at] as ShapedRow).shape, arrivedAt));
    this.#tallies.took(event.type, rows);
    return undefined;
  }

  /** Rows of an event of which another cannot be written. */
  #takeBack(rows: readonly ShapedRow[]): void {
    for (const { shape } of rows) {
      const lines = this.#lines.get(shape);
      if (lines === undefined) continue;
      lines.rows -= 1;
      lines.writer.takeBack(lines.counted);
    }
  }

  #count(lines: Lines): void {
    const { writer } = lines;
    this.#bytes += writer.bytes - lines.counted;
    lines.counted = writer.bytes;
    this.#largest = Math.max(this.#largest, lines.counted);
    writer.close();
  }

  #linesOf(shape: RowShape | undefined, arrivedAt: EpochMs): Lines {
    const known = this.#lines.get(shape);
    if (known !== undefined) return known;
    const lines = new Lines(shape, arrivedAt);
    this.#lines.set(shape, lines);
    return lines;
  }
}
