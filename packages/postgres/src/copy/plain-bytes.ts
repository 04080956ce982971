import { UnpackError, unpack } from '@millrace/shapes';
import type { FileReading } from './file-reading.ts';
import { LOAD_ERROR, RowRefusal } from './row-refusal.ts';

/**
 * The bytes of an object as they were before they were packed, in UTF-8.
 *
 * @throws RowRefusal when they cannot be unpacked; what the source throws stays as it is.
 */
export async function* plainBytes(
  source: AsyncIterable<Uint8Array>,
  { packing, encoding }: Pick<FileReading, 'packing' | 'encoding'>,
): AsyncGenerator<Uint8Array> {
  const plain = packing === 'none' ? source : inflate(source, packing);
  if (encoding === null) yield* plain;
  else yield* decode(plain, encoding);
}

async function* inflate(
  source: AsyncIterable<Uint8Array>,
  packing: Exclude<FileReading['packing'], 'none'>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* unpack(source, packing);
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
    const reason = `the file cannot be decompressed: ${error.message}`;
    throw new RowRefusal({ code: LOAD_ERROR.packing, reason }, { cause: error });
  }
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
