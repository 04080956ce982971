/** First bytes of a block and of the end of a stream (pi and its square root, in decimal digits). */
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const SYMBOLS_PER_GROUP = 50;
const MAX_CODE_LENGTH = 20;

/**
 * Decompresses bzip2, several streams behind one another included (parallel writers make such files).
 *
 * @throws Error when the data is cut off or no bzip2. Checksums of blocks are verified.
 */
export async function* bunzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  // Blocks are not aligned to bytes and have no length before them, so the whole compressed object is at hand.
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  yield* decodeBzip2(Buffer.concat(chunks));
}

/** The blocks of a bzip2 file, decompressed. */
export function* decodeBzip2(data: Uint8Array): Generator<Buffer> {
  const bits = new BitReader(data);
  while (!bits.isAtEnd) {
    if (bits.read(8) !== 0x42 || bits.read(8) !== 0x5a || bits.read(8) !== 0x68)
      throw new Error('not a bzip2 stream');
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw new Error('not a bzip2 stream');
    for (;;) {
      const magic = bits.read(24) * 0x1000000 + bits.read(24);
      const checksum = bits.read(32);
      if (magic === END_MAGIC) break;
      if (magic !== BLOCK_MAGIC) throw new Error('bzip2 block expected');
      const block = readBlock(bits, level * 100_000);
      if (crcOf(block) !== checksum) throw new Error('bzip2 block has a wrong checksum');
      yield block;
    }
    bits.alignToByte();
  }
}

function readBlock(bits: BitReader, maxSize: number): Buffer {
  if (bits.read(1) === 1) throw new Error('randomised bzip2 blocks are not supported');
  const origin = bits.read(24);
  const symbols = readSymbolMap(bits);
  const alphabet = symbols.length + 2;
  const tableCount = bits.read(3);
  const selectors = readSelectors(bits, tableCount);
  const tables = Array.from({ length: tableCount }, () => readCodeTable(bits, alphabet));

  // Move-to-front and run lengths undone while the codes are read.
  const last = new Uint32Array(maxSize);
  const counts = new Uint32Array(256);
  let size = 0;
  let run = 0;
  let runUnit = 1;
  let group = 0;
  let left = 0;
  let table = tables[0];
  const flushRun = (): void => {
    if (run === 0) return;
    const byte = symbols[0] as number;
    if (size + run > maxSize) throw new Error('bzip2 block is too long');
    last.fill(byte, size, size + run);
    counts[byte] = (counts[byte] as number) + run;
    size += run;
    run = 0;
    runUnit = 1;
  };
  for (;;) {
    if (left === 0) {
      table = tables[selectors[group] as number];
      group += 1;
      left = SYMBOLS_PER_GROUP;
    }
    if (!table) throw new Error('bzip2 block has too few selectors');
    left -= 1;
    const code = readCode(bits, table);
    if (code <= 1) {
      run += runUnit << code;
      runUnit <<= 1;
      if (run > maxSize) throw new Error('bzip2 block is too long');
      continue;
    }
    flushRun();
    if (code === alphabet - 1) break;
    const index = code - 1;
    const byte = symbols[index] as number;
    symbols.copyWithin(1, 0, index);
    symbols[0] = byte;
    if (size >= maxSize) throw new Error('bzip2 block is too long');
    last[size] = byte;
    size += 1;
    counts[byte] = (counts[byte] as number) + 1;
  }
  if (size > 0 && origin >= size) throw new Error('bzip2 block has a wrong origin');
  return expandRuns(invertTransform(last, counts, size, origin));
}

/** Which of the 256 bytes occur: 16 bits for the ranges, 16 more for each range that is used. */
function readSymbolMap(bits: BitReader): Uint8Array {
  const ranges = bits.read(16);
  const symbols: number[] = [];
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x8000 >> range)) === 0) continue;
    const used = bits.read(16);
    for (let bit = 0; bit < 16; bit += 1) if (used & (0x8000 >> bit)) symbols.push(range * 16 + bit);
  }
  if (symbols.length === 0) throw new Error('bzip2 block has no symbols');
  return Uint8Array.from(symbols);
}

function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  if (tableCount < 2 || tableCount > 6) throw new Error('bzip2 block has a wrong number of tables');
  const selectors = new Uint8Array(bits.read(15));
  const order = [0, 1, 2, 3, 4, 5];
  for (let index = 0; index < selectors.length; index += 1) {
    let position = 0;
    while (bits.read(1) === 1) {
      position += 1;
      if (position >= tableCount) throw new Error('bzip2 selector is out of range');
    }
    const [selector] = order.splice(position, 1) as [number];
    order.unshift(selector);
    selectors[index] = selector;
  }
  return selectors;
}

/** Canonical Huffman codes: for each length the first code, and where its symbols begin. */
interface CodeTable {
  readonly limits: Int32Array;
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
}

function readCodeTable(bits: BitReader, alphabet: number): CodeTable {
  const lengths = new Uint8Array(alphabet);
  let length = bits.read(5);
  for (let symbol = 0; symbol < alphabet; symbol += 1) {
    while (bits.read(1) === 1) length += bits.read(1) === 0 ? 1 : -1;
    if (length < 1 || length > MAX_CODE_LENGTH) throw new Error('bzip2 code length is out of range');
    lengths[symbol] = length;
  }
  const limits = new Int32Array(MAX_CODE_LENGTH + 2).fill(-1);
  const bases = new Int32Array(MAX_CODE_LENGTH + 2);
  const symbols = new Uint16Array(alphabet);
  let code = 0;
  let filled = 0;
  for (let bitCount = 1; bitCount <= MAX_CODE_LENGTH; bitCount += 1) {
    const first = filled;
    for (let symbol = 0; symbol < alphabet; symbol += 1) {
      if (lengths[symbol] === bitCount) symbols[filled++] = symbol;
    }
    bases[bitCount] = first - code;
    code += filled - first;
    limits[bitCount] = filled > first ? code - 1 : -1;
    code <<= 1;
  }
  return { limits, bases, symbols };
}

function readCode(bits: BitReader, { limits, bases, symbols }: CodeTable): number {
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length += 1) {
    code = (code << 1) | bits.read(1);
    const limit = limits[length] as number;
    if (limit >= 0 && code <= limit) {
      const index = code + (bases[length] as number);
      if (index >= 0 && index < symbols.length) return symbols[index] as number;
    }
  }
  throw new Error('bzip2 code is not in its table');
}

/** The inverse Burrows-Wheeler transform. The upper 24 bits of `last` take the chain. */
function invertTransform(last: Uint32Array, counts: Uint32Array, size: number, origin: number): Uint8Array {
  const starts = new Uint32Array(256);
  for (let byte = 1; byte < 256; byte += 1) {
    starts[byte] = (starts[byte - 1] as number) + (counts[byte - 1] as number);
  }
  for (let index = 0; index < size; index += 1) {
    const byte = (last[index] as number) & 0xff;
    const place = starts[byte] as number;
    starts[byte] = place + 1;
    last[place] = (last[place] as number) | (index << 8);
  }
  const bytes = new Uint8Array(size);
  let position = size > 0 ? (last[origin] as number) >>> 8 : 0;
  for (let index = 0; index < size; index += 1) {
    const entry = last[position] as number;
    bytes[index] = entry & 0xff;
    position = entry >>> 8;
  }
  return bytes;
}

/** After four equal bytes comes how many more of them there are. */
function expandRuns(bytes: Uint8Array): Buffer {
  let total = bytes.length;
  let same = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    if (same === 4) {
      total += (bytes[index] as number) - 1;
      same = 0;
    } else {
      same = index > 0 && same > 0 && bytes[index] === bytes[index - 1] ? same + 1 : 1;
    }
  }
  const out = Buffer.allocUnsafe(total);
  let at = 0;
  same = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    if (same === 4) {
      out.fill(bytes[index - 1] as number, at, at + byte);
      at += byte;
      same = 0;
    } else {
      same = same > 0 && byte === bytes[index - 1] ? same + 1 : 1;
      out[at] = byte;
      at += 1;
    }
  }
  return out;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value >>> 0;
});

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let index = 0; index < bytes.length; index += 1) {
    crc = (crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ (bytes[index] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}

class BitReader {
  readonly #data: Uint8Array;
  #at = 0;
  #buffer = 0;
  #count = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#data.length && this.#count === 0;
  }

  alignToByte(): void {
    this.#count -= this.#count % 8;
    this.#at -= this.#count / 8;
    this.#count = 0;
    this.#buffer = 0;
  }

  /** @throws Error when the data ends before. */
  read(count: number): number {
    if (count > 24) return this.read(count - 16) * 0x10000 + this.read(16);
    while (this.#count < count) {
      if (this.#at >= this.#data.length) throw new Error('bzip2 data is cut off');
      this.#buffer = ((this.#buffer << 8) | (this.#data[this.#at] as number)) & 0x7fffffff;
      this.#at += 1;
      this.#count += 8;
    }
    const value = (this.#buffer >>> (this.#count - count)) & ((1 << count) - 1);
    this.#count -= count;
    this.#buffer &= (1 << this.#count) - 1;
    return value;
  }
}
