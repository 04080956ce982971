import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Problem, ProblemError } from './problem.ts';
import type { SignatureScheme, WebhookSource } from './webhook-source.ts';

const DEFAULT_TOLERANCE_SECONDS = 300;
/** A header may carry signatures by an old and a new secret; nobody sends more. */
const MAX_SIGNATURES = 8;

interface Signed {
  readonly signatures: readonly string[];
  readonly timestamp: string | undefined;
}

/**
 * Whether a webhook comes from who knows the secret, and now. Every signature is compared with every secret's, in constant
 * time, whatever the first comparison says.
 *
 * @throws ProblemError 401 when it does not
 */
export function verifyWebhook(
  { secrets, signature: scheme }: WebhookSource,
  {
    headers,
    body,
    now,
  }: { readonly headers: IncomingHttpHeaders; readonly body: Buffer; readonly now: number },
): void {
  const { signatures, timestamp } = readSigned(scheme, headers);
  const { algorithm = 'sha256', signed = '{body}' } = scheme;
  const given = signatures.map((text) => bytesOf(text, scheme));
  let isRight = false;
  for (const secret of secrets) {
    const hmac = createHmac(algorithm, secret);
    for (const part of signed.split(/(\{body\}|\{timestamp\})/u)) {
      if (part === '{body}') hmac.update(body);
      else hmac.update(part === '{timestamp}' ? (timestamp ?? '') : part);
    }
    const expected = hmac.digest();
    for (const one of given) {
      if (one.length === expected.length && timingSafeEqual(one, expected)) isRight = true;
    }
  }
  if (!isRight) {
    throw refused(
      'webhook-signature',
      `the signature in '${scheme.header}' does not fit the body and the secret`,
    );
  }
  if (timestamp !== undefined) checkAge(timestamp, scheme, now);
}

function checkAge(timestamp: string, scheme: SignatureScheme, now: number): void {
  const tolerance = scheme.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  const ageSeconds = Math.round(now / 1_000 - Number(timestamp));
  if (Math.abs(ageSeconds) <= tolerance) return;
  const words = ageSeconds > 0 ? `${ageSeconds} s old` : `${-ageSeconds} s ahead`;
  throw refused(
    'webhook-stale',
    `the webhook is ${words}, and ${tolerance} s is the most: it was sent again, or a clock is wrong`,
  );
}

function readSigned(scheme: SignatureScheme, headers: IncomingHttpHeaders): Signed {
  const text = headerOf(headers, scheme.header);
  if (scheme.fields === undefined) {
    const timestamp =
      scheme.timestampHeader === undefined ? undefined : headerOf(headers, scheme.timestampHeader);
    return { signatures: [text], timestamp: checkedTimestamp(timestamp) };
  }
  const { fields } = scheme;
  const parts = text.split(',').map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
  });
  const valuesOf = (name: string): readonly string[] =>
    parts.filter(([key]) => key === name).map(([, value]) => value);
  const [timestamp] = valuesOf(fields.timestamp);
  const signatures = valuesOf(fields.signature).slice(0, MAX_SIGNATURES);
  if (timestamp === undefined || signatures.length === 0) {
    throw refused(
      'webhook-signature',
      `'${scheme.header}' has no '${fields.timestamp}=' or no '${fields.signature}='`,
    );
  }
  return { signatures, timestamp: checkedTimestamp(timestamp) };
}

function checkedTimestamp(timestamp: string | undefined): string | undefined {
  if (timestamp === undefined || /^\d{1,12}$/u.test(timestamp)) return timestamp;
  throw refused('webhook-signature', 'the timestamp is no number of seconds');
}

function bytesOf(text: string, { prefix = '', encoding = 'hex' }: SignatureScheme): Buffer {
  return text.startsWith(prefix) ? Buffer.from(text.slice(prefix.length), encoding) : Buffer.alloc(0);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()];
  if (typeof value === 'string') return value;
  throw refused('webhook-signature', `there is no header '${name}'`);
}

function refused(code: string, detail: string): ProblemError {
  const problem: Problem = { status: 401, code, detail };
  return new ProblemError(problem);
}
