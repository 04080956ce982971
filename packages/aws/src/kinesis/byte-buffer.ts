const FIRST_BYTES = 4_096;
/** Below this, a loop is faster than the call that copies. */
const LOOP_BYTES = 24;

/** Bytes that grow at their end, in the notation of protocol buffers. */
export class ByteBuffer {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Makes room for so many bytes more; writes beyond what was made room for are lost. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  /** @param value whole, from 0 to 2^31 − 1 */
  varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  data(data: Uint8Array): void {
    const { length } = data;
    if (length > LOOP_BYTES) {
      this.#bytes.set(data, this.#length);
    } else {
      for (let at = 0; at < length; at++) this.#bytes[this.#length + at] = data[at] as number;
    }
    this.#length += length;
  }

  text(text: string): void {
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** @returns where `target` goes on behind the copy */
  copyTo(target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at, 0, this.#length);
  }
}

/** How many bytes `ByteBuffer.varint` writes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
