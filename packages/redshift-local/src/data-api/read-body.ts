import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** Forty statements of 100 KB fit, each character escaped; a mistake does not fill the memory. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** @throws ApiError `RequestEntityTooLargeException` (413). */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ApiError(
        'RequestEntityTooLargeException',
        `the request has more than ${MAX_BODY_BYTES} bytes`,
        { status: 413 },
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
