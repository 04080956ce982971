import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ProblemError } from './problem.ts';

const inflate = promisify(gunzip);

export interface BodyLimits {
  /** Of the body as it is sent. */
  readonly maxBodyBytes: number;
  /** Of the body when it is unpacked. */
  readonly maxInflatedBytes: number;
}

/**
 * The bytes of a body, unpacked. A body that would be larger than allowed is given up as soon as it is: a small one that
 * unpacks into gigabytes takes no more memory than any other.
 *
 * @throws ProblemError 400 for gzip that is broken or cut off, 413, 415 for other encodings
 */
export async function unpackBody(
  body: Buffer,
  encoding: string | undefined,
  { maxInflatedBytes }: BodyLimits,
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return body;
  if (name !== 'gzip' && name !== 'x-gzip') {
    throw new ProblemError({
      status: 415,
      code: 'content-encoding',
      detail: `bodies come plain or as gzip, not as '${name.slice(0, 60)}'`,
    });
  }
  try {
    return await inflate(body, { maxOutputLength: maxInflatedBytes });
  } catch (cause) {
    const { code, message } = cause as Error & { code?: string };
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ProblemError(
        {
          status: 413,
          code: 'body-too-large',
          detail: `the body unpacks to more than ${maxInflatedBytes} bytes; send fewer events at once`,
        },
        { cause },
      );
    }
    const isCut = code === 'Z_BUF_ERROR';
    throw new ProblemError(
      {
        status: 400,
        code: 'gzip-broken',
        detail: isCut
          ? 'the gzip body ends before its end; send all of it'
          : `the body is no gzip (${message}), though content-encoding says so`,
      },
      { cause },
    );
  }
}

/** @throws ProblemError 400 for an empty body and for bytes that are no UTF-8 */
export function textOfBody(body: Buffer): string {
  if (body.length === 0) {
    throw new ProblemError({ status: 400, code: 'body-empty', detail: 'the body is empty; send an event' });
  }
  if (!isUtf8(body)) {
    throw new ProblemError({
      status: 400,
      code: 'body-not-utf8',
      detail: 'the body is not UTF-8; JSON is sent in no other encoding',
    });
  }
  const text = body.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}
