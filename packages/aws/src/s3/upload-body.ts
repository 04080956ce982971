import { Readable } from 'node:stream';

/** A body on its way to S3: whole in memory when it is short, else as a stream of chunks that are nobody else's. */
export type UploadBody = (
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly stream: Readable }
) & {
  /** Bytes read from the source so far: all of them when the upload is done. */
  size(): number;
  /** What the source threw, if it did: the caller's own error, which is none of S3's. */
  brokenBy(): unknown;
};

/**
 * Looks how long a body is by reading at most `limit` bytes of it. Nothing is sent before that: a source that breaks
 * early leaves no upload behind.
 */
export async function toUploadBody(
  body: Uint8Array | string | AsyncIterable<Uint8Array>,
  limit: number,
): Promise<UploadBody> {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
    return bytes.length <= limit ? wholeOf(bytes) : streamOf([bytes], undefined);
  }
  const chunks = body[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  while (size <= limit) {
    const next = await chunks.next();
    if (next.done) return wholeOf(Buffer.concat(head));
    // Sources may fill one buffer again and again.
    head.push(Uint8Array.from(next.value));
    size += next.value.length;
  }
  return streamOf(head, chunks);
}

function wholeOf(bytes: Uint8Array): UploadBody {
  return { kind: 'whole', bytes, size: () => bytes.length, brokenBy: () => undefined };
}

function streamOf(head: readonly Uint8Array[], rest: AsyncIterator<Uint8Array> | undefined): UploadBody {
  let size = 0;
  let brokenBy: unknown;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const chunk of head) {
      size += chunk.length;
      yield chunk;
    }
    if (rest === undefined) return;
    let isOver = false;
    try {
      for (let next = await rest.next(); !next.done; next = await rest.next()) {
        size += next.value.length;
        yield Uint8Array.from(next.value);
      }
      isOver = true;
    } catch (error) {
      isOver = true;
      brokenBy = error;
      throw error;
    } finally {
      // An upload that fails leaves the source in mid-stream: its file or socket has to be let go.
      if (!isOver) await rest.return?.();
    }
  }
  return {
    kind: 'stream',
    stream: Readable.from(chunks(), { objectMode: false }),
    size: () => size,
    brokenBy: () => brokenBy,
  };
}
