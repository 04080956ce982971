import { isUtf8 } from 'node:buffer';
import type { CopyEncoding } from '@millrace/core';

/** A byte that is no UTF-8 is carried in text as the surrogate U+DC00 + byte, which no valid text contains. */
const INVALID_BYTE = 0xdc00;
const INVALID_BYTES = /[\udc80-\udcff]/u;

/** Whether the text carries bytes that were no UTF-8, or half a character. */
export function hasInvalidBytes(text: string): boolean {
  return INVALID_BYTES.test(text) || !text.isWellFormed();
}

/** The text with every invalid byte replaced by as many bytes of `replacement`. */
export function replaceInvalidBytes(text: string, replacement: string): string {
  return text.replace(/[\udc80-\udcff]/gu, replacement).toWellFormed();
}

/** The first invalid byte in hexadecimal, for messages. */
export function firstInvalidByte(text: string): string {
  const at = text.search(INVALID_BYTES);
  return at < 0 ? '' : (text.charCodeAt(at) - INVALID_BYTE).toString(16).padStart(2, '0');
}

/**
 * Decodes chunks of bytes into text of whole lines (the last one may lack its end). A byte order mark is dropped.
 */
export async function* textBlocks(
  chunks: AsyncIterable<Buffer>,
  encoding: CopyEncoding,
): AsyncGenerator<string> {
  if (encoding !== 'utf8') {
    yield* decodeOther(chunks, encoding);
    return;
  }
  let pending: Buffer[] = [];
  let isFirst = true;
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(0x0a);
    if (end < 0) {
      pending.push(chunk);
      continue;
    }
    const head = chunk.subarray(0, end + 1);
    const block = pending.length === 0 ? head : Buffer.concat([...pending, head]);
    pending = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
    yield decodeUtf8(isFirst ? withoutMark(block) : block);
    isFirst = false;
  }
  if (pending.length > 0) {
    const block = Buffer.concat(pending);
    yield decodeUtf8(isFirst ? withoutMark(block) : block);
  }
}

function withoutMark(block: Buffer): Buffer {
  return block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? block.subarray(3) : block;
}

function decodeUtf8(block: Buffer): string {
  if (isUtf8(block)) return block.toString('utf8');
  let text = '';
  let at = 0;
  while (at < block.length) {
    const length = characterLength(block, at);
    text +=
      length === 0
        ? String.fromCharCode(INVALID_BYTE + (block[at] as number))
        : block.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the UTF-8 character that begins at `at`; 0 when none does. */
function characterLength(block: Buffer, at: number): number {
  const first = block[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > block.length) return 0;
  return isUtf8(block.subarray(at, at + length)) ? length : 0;
}

const DECODER_LABELS = { utf16le: 'utf-16le', utf16be: 'utf-16be', iso88591: 'latin1' } as const;

async function* decodeOther(
  chunks: AsyncIterable<Buffer>,
  encoding: Exclude<CopyEncoding, 'utf8'>,
): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let pending = '';
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    decoder ??= encoding === 'iso88591' ? undefined : new TextDecoder(labelOf(encoding, chunk));
    pending += decoder ? decoder.decode(chunk, { stream: true }) : chunk.toString('latin1');
    const end = pending.lastIndexOf('\n');
    if (end < 0) continue;
    yield pending.slice(0, end + 1);
    pending = pending.slice(end + 1);
  }
  pending += decoder?.decode() ?? '';
  if (pending !== '') yield pending;
}

/** UTF16 says nothing of the order of bytes: the mark does, and without one it is little-endian. */
function labelOf(encoding: 'utf16' | 'utf16le' | 'utf16be', first: Buffer): string {
  if (encoding !== 'utf16') return DECODER_LABELS[encoding];
  return first[0] === 0xfe && first[1] === 0xff ? DECODER_LABELS.utf16be : DECODER_LABELS.utf16le;
}
