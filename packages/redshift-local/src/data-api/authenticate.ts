import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api-error.ts';

/** The AWS account that everything here belongs to: the one of AWS's own examples. */
export const ACCOUNT = '123456789012';

/** A key pair that may call; `principal` is the ARN that completion events name. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly principal?: string;
}

export interface Identity {
  readonly principal: string;
  /** Out of the signature's scope. */
  readonly region: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/u;

/**
 * Who sent a request, by its Signature Version 4. Without `credentials` anybody may call, signed or not; with them the
 * key must be known and the signature right. The age of a signature is not looked at.
 *
 * @throws ApiError `MissingAuthenticationTokenException`, `UnrecognizedClientException` or `InvalidSignatureException`.
 */
export function authenticate(
  request: SignedRequest,
  credentials: readonly Credentials[] | undefined,
): Identity {
  const match = AUTHORIZATION.exec(request.headers.authorization ?? '');
  const [, keyId = 'anonymous', date = '', region = 'us-east-1', service = '', names = '', signature = ''] =
    match ?? [];
  const principal = `arn:aws:iam::${ACCOUNT}:user/${keyId}`;
  if (credentials === undefined) return { principal, region };
  if (match === null) {
    throw new ApiError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const known = credentials.find(({ accessKeyId }) => accessKeyId === keyId);
  if (known === undefined) {
    throw new ApiError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  }
  const scope = `${date}/${region}/${service}/aws4_request`;
  const wanted = sign(request, { names: names.split(';'), scope, secret: known.secretAccessKey });
  if (!timingSafeEqual(Buffer.from(wanted, 'hex'), Buffer.from(signature, 'hex'))) {
    throw new ApiError(
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  }
  return { principal: known.principal ?? principal, region };
}

function sign(
  { method, url, headers, body }: SignedRequest,
  { names, scope, secret }: { names: readonly string[]; scope: string; secret: string },
): string {
  const [path = '/', query = ''] = url.split('?');
  const lines = names.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replaceAll(/ +/gu, ' ')}\n`,
  );
  const parts = [
    method,
    path,
    query.split('&').toSorted().join('&'),
    lines.join(''),
    names.join(';'),
    sha256(body),
  ];
  const toSign = ['AWS4-HMAC-SHA256', String(headers['x-amz-date'] ?? ''), scope, sha256(parts.join('\n'))];
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of scope.split('/')) key = hmac(key, part);
  return hmac(key, toSign.join('\n')).toString('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
