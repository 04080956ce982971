import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { FileReading, Packing } from './file-reading.ts';
import { LOAD_ERROR, RowRefusal } from './row-refusal.ts';

/** Bytes that come out of a decompressor at once: each piece costs a turn of the event loop. */
const PIECE_BYTES = 256 * 1024;

/** Decompresses bzip2, which Node does not. */
export type Bunzip2 = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/**
 * The bytes of an object as they were before they were packed, in UTF-8.
 *
 * @throws RowRefusal when they cannot be unpacked; what the source throws stays as it is.
 */
export async function* unpack(
  source: AsyncIterable<Uint8Array>,
  { packing, encoding }: Pick<FileReading, 'packing' | 'encoding'>,
  { bunzip2 }: { readonly bunzip2: Bunzip2 | undefined },
): AsyncGenerator<Uint8Array> {
  const plain = packing === 'none' ? source : inflate(source, { packing, bunzip2 });
  if (encoding === null) yield* plain;
  else yield* decode(plain, encoding);
}

async function* inflate(
  source: AsyncIterable<Uint8Array>,
  { packing, bunzip2 }: { packing: Packing; bunzip2: Bunzip2 | undefined },
): AsyncGenerator<Uint8Array> {
  // An object that is gone, or a store that is away, is not a file that is packed badly.
  let failure: { readonly cause: unknown } | undefined;
  const noting = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* source;
    } catch (cause) {
      failure = { cause };
      throw cause;
    }
  };
  try {
    if (packing === 'bzip2') {
      if (bunzip2 === undefined) throw new Error('bzip2 is not unpacked here');
      yield* bunzip2(noting());
    } else {
      const options = { chunkSize: PIECE_BYTES };
      yield* through(noting(), packing === 'gzip' ? createGunzip(options) : createZstdDecompress(options));
    }
  } catch (error) {
    if (failure !== undefined) throw failure.cause;
    const why = error instanceof Error ? error.message : String(error);
    throw new RowRefusal(
      { code: LOAD_ERROR.packing, reason: `the file cannot be decompressed with ${packing}: ${why}` },
      { cause: error },
    );
  }
}

async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const { promise: piped, resolve } = Promise.withResolvers<unknown>();
  // What breaks the pipe breaks the transform too, and is thrown where its bytes are read.
  pipeline(source, transform).then(() => resolve(undefined), resolve);
  yield* transform as AsyncIterable<Uint8Array>;
  await piped;
}

type Decoder = InstanceType<typeof TextDecoder>;

async function* decode(
  source: AsyncIterable<Uint8Array>,
  encoding: NonNullable<FileReading['encoding']>,
): AsyncGenerator<Uint8Array> {
  if (encoding === 'latin1') {
    // TextDecoder's own latin1 is windows-1252, which has other characters at 0x80 to 0x9f.
    for await (const bytes of source) yield Buffer.from(Buffer.from(bytes).toString('latin1'));
    return;
  }
  let decoder: Decoder | undefined;
  let begun: Uint8Array = Buffer.alloc(0);
  for await (const bytes of source) {
    begun = begun.length === 0 ? bytes : Buffer.concat([begun, bytes]);
    if (decoder === undefined && begun.length < 2) continue;
    decoder ??= new TextDecoder(encoding === 'utf-16' ? orderOf(begun) : encoding, { fatal: true });
    yield Buffer.from(decoded(() => (decoder as Decoder).decode(begun, { stream: true })));
    begun = Buffer.alloc(0);
  }
  if (decoder !== undefined) yield Buffer.from(decoded(() => (decoder as Decoder).decode()));
  else if (begun.length > 0) decoded(() => new TextDecoder('utf-16le', { fatal: true }).decode(begun));
}

/** UTF-16 that does not say its order is big-endian, as its standard has it. */
function orderOf(bytes: Uint8Array): 'utf-16le' | 'utf-16be' {
  return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-16be';
}

function decoded(read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw new RowRefusal(
      { code: LOAD_ERROR.text, reason: 'the file is not in the encoding that ENCODING says' },
      { cause },
    );
  }
}
