import { createZstdDecompress, zstdDecompressSync } from 'node:zlib';

/**
 * Zstandard, frame by frame: a file may be several frames behind one another (what parallel compressors and `cat`
 * write), with skippable ones between them. Node's own decompressor ends after the first frame without a word, and the
 * rest of the file would be missing.
 */

/** Part of one frame of compressed bytes. */
interface FramePiece {
  readonly bytes: Buffer;
  readonly endsFrame: boolean;
  /** The frame carries no data. */
  readonly isSkippable: boolean;
}

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Inflated at a time: bytes that were made to explode grow thirty thousandfold. */
const SLICE_BYTES = 32 * 1024;

/**
 * The bytes of all frames.
 *
 * @throws Error when the bytes are no frame, or end inside of one.
 */
export async function* unzstd(
  source: AsyncIterable<Uint8Array>,
  { chunkBytes, signal }: { chunkBytes: number; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const splitter = new FrameSplitter();
  let frame: FrameInflater | undefined;
  try {
    for await (const chunk of source) {
      for (const { bytes, endsFrame, isSkippable } of splitter.push(toBuffer(chunk))) {
        signal.throwIfAborted();
        if (isSkippable) continue;
        frame ??= new FrameInflater(chunkBytes);
        for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
          const isLast = endsFrame && at + SLICE_BYTES >= bytes.length;
          yield* frame.write(bytes.subarray(at, at + SLICE_BYTES), isLast);
        }
        if (endsFrame) frame = undefined;
      }
    }
    splitter.expectEnd();
  } finally {
    frame?.destroy();
  }
}

/** @throws Error when the bytes are no frames, or end inside of one. */
export function unzstdSync(bytes: Buffer): Buffer {
  const splitter = new FrameSplitter();
  const contents: Buffer[] = [];
  let frame: Buffer[] = [];
  for (const piece of splitter.push(bytes)) {
    if (piece.isSkippable) continue;
    frame.push(piece.bytes);
    if (!piece.endsFrame) continue;
    contents.push(zstdDecompressSync(frame.length === 1 ? piece.bytes : Buffer.concat(frame)));
    frame = [];
  }
  splitter.expectEnd();
  return contents.length === 1 ? (contents[0] as Buffer) : Buffer.concat(contents);
}

/** One frame through Node's decompressor, whose output is taken as it comes. */
class FrameInflater {
  readonly #stream;
  #ready: Buffer[] = [];
  #error: Error | undefined;

  constructor(chunkBytes: number) {
    this.#stream = createZstdDecompress({ chunkSize: chunkBytes });
    this.#stream.on('data', (chunk: Buffer) => this.#ready.push(chunk));
    // Told to whoever writes next.
    this.#stream.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Everything that `bytes` gives. */
  async *write(bytes: Buffer, isLast: boolean): AsyncGenerator<Buffer> {
    const stream = this.#stream;
    await new Promise<void>((resolve, reject) => {
      const onError = (error: Error): void => reject(error);
      if (this.#error) return reject(this.#error);
      stream.once('error', onError);
      const done = (): void => {
        stream.off('error', onError);
        resolve();
      };
      if (isLast) {
        stream.once('end', done);
        stream.end(bytes);
      } else {
        stream.write(bytes, (error) => (error ? reject(error) : done()));
      }
    });
    yield* this.#ready.splice(0);
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

type Part =
  | { readonly kind: 'magic' | 'header' | 'block-header' | 'skippable-size' }
  /** So many bytes are passed on as they are. `isLast`: the frame ends with them. */
  | { readonly kind: 'body'; left: number; readonly isLast: boolean };

/** Cuts compressed bytes where frames end: reads the headers of frames and blocks, and nothing of the blocks. */
class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #part: Part = { kind: 'magic' };
  #isSkippable = false;
  #hasChecksum = false;

  *push(chunk: Buffer): Generator<FramePiece> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    // From here to `at` the bytes belong to one frame and have not been handed on.
    let from = 0;
    let at = 0;
    for (;;) {
      const part = this.#part;
      if (part.kind === 'body') {
        const taken = Math.min(part.left, bytes.length - at);
        at += taken;
        part.left -= taken;
        if (part.left > 0) break;
        if (!part.isLast) {
          this.#part = { kind: 'block-header' };
          continue;
        }
        yield { bytes: bytes.subarray(from, at), endsFrame: true, isSkippable: this.#isSkippable };
        from = at;
        this.#part = { kind: 'magic' };
        continue;
      }
      const read = this.#readHead(bytes, at);
      if (read === undefined) break;
      at += read;
    }
    if (at > from) {
      yield { bytes: bytes.subarray(from, at), endsFrame: false, isSkippable: this.#isSkippable };
    }
    this.#rest = bytes.subarray(at);
  }

  /** @throws Error when a frame is not whole. */
  expectEnd(): void {
    if (this.#part.kind !== 'magic' || this.#rest.length > 0) throw new Error('unexpected end of file');
  }

  /** Reads what stands at `at` and sets what follows it. Returns its length; undefined when not all of it is there yet. */
  #readHead(bytes: Buffer, at: number): number | undefined {
    const there = bytes.length - at;
    switch (this.#part.kind) {
      case 'magic': {
        if (there < 4) return undefined;
        const magic = bytes.readUInt32LE(at);
        this.#isSkippable = (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
        if (!this.#isSkippable && magic !== FRAME_MAGIC) throw new Error('Unknown frame descriptor');
        this.#part = { kind: this.#isSkippable ? 'skippable-size' : 'header' };
        return 4;
      }
      case 'skippable-size':
        if (there < 4) return undefined;
        this.#part = { kind: 'body', left: bytes.readUInt32LE(at), isLast: true };
        return 4;
      case 'header': {
        if (there < 1) return undefined;
        const descriptor = bytes[at] as number;
        const length = headerLength(descriptor);
        if (there < length) return undefined;
        this.#hasChecksum = (descriptor & 0b100) !== 0;
        this.#part = { kind: 'block-header' };
        return length;
      }
      default: {
        if (there < 3) return undefined;
        const head = bytes.readUIntLE(at, 3);
        const isLast = (head & 1) === 1;
        const isRepeated = ((head >> 1) & 0b11) === 1;
        const size = isRepeated ? 1 : head >> 3;
        this.#part = { kind: 'body', left: size + (isLast && this.#hasChecksum ? 4 : 0), isLast };
        return 3;
      }
    }
  }
}

/** Of a frame's header behind its magic number: descriptor, window, dictionary, content size. */
function headerLength(descriptor: number): number {
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const window = isSingleSegment ? 0 : 1;
  const dictionary = [0, 1, 2, 4][descriptor & 0b11] as number;
  const sizeFlag = descriptor >> 6;
  const contentSize = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  return 1 + window + dictionary + contentSize;
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
