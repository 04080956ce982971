import { LoadError } from '@millrace/core';
import { readUnpacked } from './read-unpacked.ts';
import type { SampleFile } from './sample-file.ts';

/** Bytes that are looked at, unpacked: more than the rows of most samples, and read within a second or two. */
const CHECKED_BYTES = 256 * 1024 * 1024;
/** Of UTF-16 without a mark at its beginning every second byte is zero, where its text is Latin. */
const HEAD_BYTES = 1024;

/**
 * Refuses a text that is not UTF-8, or whose packed data stops in the middle: its lines would be left out one by one,
 * and what is left shows columns that look empty.
 *
 * @throws LoadError `sample-unreadable` with the encoding that it seems to have, and the way out
 */
export async function checkEncoding(file: SampleFile): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let seen = 0;
  let lines = 0;
  await readUnpacked(file, (chunk) => {
    const utf16 = seen === 0 ? findUtf16(chunk.subarray(0, HEAD_BYTES)) : null;
    if (utf16 !== null) throw refuseUtf16(file, utf16);
    try {
      decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw refuseOther(file, lines + brokenLine(chunk, { isWhole: seen === 0 }), cause);
    }
    seen += chunk.length;
    lines += countLines(chunk);
    return seen >= CHECKED_BYTES;
  });
  if (seen >= CHECKED_BYTES) return;
  try {
    // What looked like the first byte of a longer letter, at the end of the file.
    decoder.decode();
  } catch (cause) {
    throw refuseOther(file, lines + 1, cause);
  }
}

type Utf16 = 'UTF16LE' | 'UTF16BE';

/** By the mark at the beginning, or by where the zeros are. */
function findUtf16(head: Buffer): Utf16 | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'UTF16LE';
  if (head[0] === 0xfe && head[1] === 0xff) return 'UTF16BE';
  const zeros = [0, 0];
  for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (Math.max(even, odd) < head.length / 4) return null;
  return odd > even ? 'UTF16LE' : 'UTF16BE';
}

function refuseUtf16({ path }: SampleFile, encoding: Utf16): LoadError {
  const name = encoding.replace('UTF16', 'UTF-16');
  return new LoadError('sample-unreadable', `${path} is ${name}, and a table is made from UTF-8`, {
    hint: `convert it (iconv -f ${name} -t UTF-8); to load such files as they are, give the target the COPY option ENCODING ${encoding}`,
  });
}

function refuseOther({ path }: SampleFile, line: number, cause: unknown): LoadError {
  return new LoadError(
    'sample-unreadable',
    `${path} is not UTF-8: line ${line} has bytes of another encoding, probably ISO-8859-1 (Latin-1) or Windows-1252`,
    {
      hint: 'convert it to UTF-8 (iconv -f WINDOWS-1252 -t UTF-8); to load files of ISO-8859-1 as they are, give the target the COPY option ENCODING ISO88591',
      cause,
    },
  );
}

/**
 * Which line of a chunk is not UTF-8.
 *
 * @param isWhole whether its first line begins in it: else that one is to blame when no other is
 */
function brokenLine(chunk: Buffer, { isWhole }: { isWhole: boolean }): number {
  let line = 1;
  for (let from = 0; from < chunk.length; line += 1) {
    const end = chunk.indexOf(0x0a, from);
    const until = end < 0 ? chunk.length : end + 1;
    if ((isWhole || from > 0) && isBroken(chunk.subarray(from, until))) return line;
    from = until;
  }
  return 1;
}

/** A letter that is cut off at the end is not: the next chunk has the rest of it. */
function isBroken(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return false;
  } catch {
    return true;
  }
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines += 1;
  return lines;
}
