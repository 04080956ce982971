import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';

/** Quick: the copy is read once. */
const LEVEL = 1;
/** Rows go to zlib in pieces of about so many bytes: one by one they would cost more than packing them. */
const PIECE_BYTES = 128 * 1024;

/** Lines (a byte per character) as gzip. */
export function packed(lines: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  const source = Readable.from(pieces(lines), { objectMode: false });
  const gzip = createGzip({ level: LEVEL });
  source.on('error', (error) => gzip.destroy(error));
  return source.pipe(gzip);
}

async function* pieces(lines: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = '';
  for await (const line of lines) {
    text += line;
    if (text.length < PIECE_BYTES) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  if (text !== '') yield Buffer.from(text, 'latin1');
}
