import { hash, randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { LogState, Print } from './tail-state.ts';

/** A line as it is in a log. */
export interface LogLine {
  /** Where it begins: with the log's id, the identity of its event. */
  readonly offset: number;
  /** Without the end of the line. */
  readonly bytes: Buffer;
  /** How long the line is, when `bytes` are only its beginning. */
  readonly cutFrom?: number;
}

export type LogReading =
  /** Empty: nothing is to be read now. */
  | { readonly kind: 'lines'; readonly lines: readonly LogLine[] }
  /** The file was truncated: another log has begun in it, and its state is to be saved before anything of it is sent. */
  | { readonly kind: 'begun-anew' };

export interface ReadLimits {
  readonly maxLines: number;
  /** About how many bytes of the log. */
  readonly maxBytes: number;
  /** Of a line; longer ones are cut. */
  readonly maxLineBytes: number;
  /** The log is finished: what has no end of line is a line too. */
  readonly isFinished?: boolean;
}

interface Advance {
  readonly offset: number;
  readonly head: Buffer;
  readonly last: Buffer;
}

/** Bytes by which a file is known again. */
const HEAD_BYTES = 1_024;
const LAST_BYTES = 256;
/** A line of any length is read through in pieces of so many bytes. */
const SCAN_BYTES = 256 * 1_024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * One log that is being followed, by its open file: wherever it is renamed to, and until it is closed even when it is
 * deleted.
 *
 * Reading always begins at what was committed; `commit` moves on behind what was read last.
 */
export class LogFile {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly #handle: FileHandle;
  #id: string;
  #at: Advance;
  #next: Advance | undefined;
  /** So far a line without an end was looked through for one. */
  #scannedTo = 0;
  /** The size at which nothing was to be read. */
  #idleAt = -1;

  private constructor(handle: FileHandle, { id, path, device, inode }: LogState, at: Advance) {
    this.#handle = handle;
    this.path = path;
    this.device = device;
    this.inode = inode;
    this.#id = id;
    this.#at = at;
  }

  /**
   * Begins with a file that is not known yet.
   *
   * @param options `fromEnd`: what is in it is not sent.
   */
  static async begin(path: string, { fromEnd = false }: { fromEnd?: boolean } = {}): Promise<LogFile> {
    const handle = await open(path, 'r');
    try {
      const { dev, ino, size } = await handle.stat({ bigint: true });
      const place = { id: newId(), path, device: String(dev), inode: String(ino) };
      const offset = fromEnd ? await lineStartBefore(handle, Number(size)) : 0;
      const at = await printsAt(handle, offset);
      return new LogFile(handle, { ...place, offset, head: printOf(at.head), last: printOf(at.last) }, at);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Goes on with a log; undefined when the file at `path` is another one. */
  static async resume(path: string, state: LogState): Promise<LogFile | undefined> {
    const handle = await open(path, 'r');
    let log: LogFile | undefined;
    try {
      const { dev, ino, size } = await handle.stat({ bigint: true });
      if (String(dev) === state.device && String(ino) === state.inode && Number(size) >= state.offset) {
        const at = await printsAt(handle, state.offset);
        if (isPrintOf(state.head, at.head) && isPrintOf(state.last, at.last)) {
          log = new LogFile(handle, state, at);
        }
      }
    } finally {
      if (log === undefined) await handle.close();
    }
    return log;
  }

  get id(): string {
    return this.#id;
  }

  get state(): LogState {
    const { offset, head, last } = this.#at;
    const { path, device, inode } = this;
    return { id: this.#id, path, device, inode, offset, head: printOf(head), last: printOf(last) };
  }

  /** The next lines behind what was committed. */
  async read({ maxLines, maxBytes, maxLineBytes, isFinished = false }: ReadLimits): Promise<LogReading> {
    this.#next = undefined;
    const { size } = await this.#handle.stat();
    const { offset } = this.#at;
    if (size === this.#idleAt && !isFinished) return NOTHING;
    const wanted = Math.min(Math.max(maxBytes, maxLineBytes), Math.max(0, size - offset));
    const block = await readAt(this.#handle, offset, wanted);
    const isWhole = offset + block.length >= size;
    let lines = linesOf(block, { offset, maxLines, maxLineBytes });
    let end = endOf(lines, block, offset);
    let lastBefore: Buffer | undefined;
    if (lines.length === 0 && block.length > 0) {
      const isLong = !isWhole || block.length >= maxLineBytes;
      const newline = isLong ? await this.#findEnd(offset + block.length) : undefined;
      const lineEnd =
        newline ?? (isFinished ? (isLong ? this.#scannedTo : offset + block.length) : undefined);
      if (lineEnd !== undefined) {
        lines = [
          toLine(block.subarray(0, lineEnd - offset), { offset, length: lineEnd - offset, maxLineBytes }),
        ];
        end = newline === undefined ? lineEnd : lineEnd + 1;
        if (end > offset + block.length) {
          const from = Math.max(offset, end - LAST_BYTES);
          lastBefore = await readAt(this.#handle, from, end - from);
        }
      }
    }
    // Looked at after the reading: what was read before is of this log only if it still is this log.
    if (!(await this.#isSame(offset + block.length))) {
      this.#beginAnew();
      return { kind: 'begun-anew' };
    }
    if (lines.length === 0) {
      this.#idleAt = Math.max(offset + block.length, this.#scannedTo);
      return NOTHING;
    }
    this.#next = this.#advanceTo(end, block, lastBefore);
    return { kind: 'lines', lines };
  }

  /** What was read last is acknowledged. */
  commit(): void {
    if (this.#next === undefined) return;
    this.#at = this.#next;
    this.#next = undefined;
    this.#scannedTo = 0;
    this.#idleAt = -1;
  }

  /** When something was written to it last, in epoch milliseconds. */
  async writtenAt(): Promise<number> {
    return (await this.#handle.stat()).mtimeMs;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #beginAnew(): void {
    this.#id = newId();
    this.#at = { offset: 0, head: NO_BYTES, last: NO_BYTES };
    this.#scannedTo = 0;
    this.#idleAt = -1;
  }

  async #isSame(atLeast: number): Promise<boolean> {
    const { offset, head, last } = this.#at;
    const { size } = await this.#handle.stat();
    if (size < atLeast) return false;
    if (offset === 0) return true;
    const now = await printsAt(this.#handle, offset);
    return now.head.equals(head) && now.last.equals(last);
  }

  /** Where the line that is read ends, beyond `from`; undefined: not yet. */
  async #findEnd(from: number): Promise<number | undefined> {
    let at = Math.max(from, this.#scannedTo);
    for (;;) {
      const piece = await readAt(this.#handle, at, SCAN_BYTES);
      const found = piece.indexOf(NEWLINE);
      if (found >= 0) return at + found;
      at += piece.length;
      this.#scannedTo = at;
      if (piece.length < SCAN_BYTES) return undefined;
    }
  }

  #advanceTo(end: number, block: Buffer, lastBefore: Buffer | undefined): Advance {
    const { offset, head, last } = this.#at;
    const taken = block.subarray(0, end - offset);
    const nextHead =
      head.length < HEAD_BYTES && head.length === offset
        ? Buffer.concat([head, taken.subarray(0, HEAD_BYTES - head.length)])
        : head;
    const nextLast = lastBefore ?? lastBytes(Buffer.concat([last, taken.subarray(-LAST_BYTES)]));
    return { offset: end, head: nextHead, last: Buffer.from(nextLast) };
  }
}

const NOTHING: LogReading = { kind: 'lines', lines: [] };
const NO_BYTES = Buffer.alloc(0);

function newId(): string {
  return randomBytes(12).toString('hex');
}

function linesOf(
  block: Buffer,
  { offset, maxLines, maxLineBytes }: { offset: number; maxLines: number; maxLineBytes: number },
): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; lines.length < maxLines; ) {
    const end = block.indexOf(NEWLINE, at);
    if (end < 0) break;
    lines.push(toLine(block.subarray(at, end), { offset: offset + at, length: end - at, maxLineBytes }));
    at = end + 1;
  }
  return lines;
}

/** Behind the last of the lines and its end. */
function endOf(lines: readonly LogLine[], block: Buffer, offset: number): number {
  const last = lines.at(-1);
  if (last === undefined) return offset;
  return offset + block.indexOf(NEWLINE, last.offset - offset) + 1;
}

function toLine(
  bytes: Buffer,
  { offset, length, maxLineBytes }: { offset: number; length: number; maxLineBytes: number },
): LogLine {
  if (length > maxLineBytes) return { offset, bytes: bytes.subarray(0, maxLineBytes), cutFrom: length };
  return { offset, bytes: bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes };
}

/** At most so many bytes from there; fewer only at the end of the file. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function printsAt(handle: FileHandle, offset: number): Promise<Advance> {
  const head = await readAt(handle, 0, Math.min(HEAD_BYTES, offset));
  const from = Math.max(0, offset - LAST_BYTES);
  return { offset, head, last: await readAt(handle, from, offset - from) };
}

/** Where the line begins that is being written at the end; the end itself when it is a long one. */
async function lineStartBefore(handle: FileHandle, size: number): Promise<number> {
  const from = Math.max(0, size - SCAN_BYTES);
  const newline = (await readAt(handle, from, size - from)).lastIndexOf(NEWLINE);
  return newline < 0 ? size : from + newline + 1;
}

function lastBytes(bytes: Buffer): Buffer {
  return bytes.length > LAST_BYTES ? bytes.subarray(-LAST_BYTES) : bytes;
}

function printOf(bytes: Buffer): Print {
  return { bytes: bytes.length, sha256: hash('sha256', bytes, 'hex') };
}

function isPrintOf({ bytes, sha256 }: Print, found: Buffer): boolean {
  return bytes === found.length && sha256 === hash('sha256', found, 'hex');
}
