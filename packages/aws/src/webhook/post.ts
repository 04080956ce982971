import { setTimeout as pause } from 'node:timers/promises';
import { LoadError } from '@millrace/core';

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is posted, for errors: what it is called, and where configuration says it. */
export interface PostSubject {
  readonly code: string;
  readonly noun: string;
  readonly key: string;
  readonly again: string;
}

const ALERT: PostSubject = {
  code: 'alert',
  noun: 'an alert',
  key: 'alerts',
  again: 'it is told again at the next look',
};

const MAX_TRIES = 4;
const FIRST_RETRY_MS = 200;
/** What is waited for a receiver that says when it wants to be asked again. */
const MAX_RETRY_AFTER_MS = 10_000;
/** An answer is read for its reason only. */
const MAX_REASON = 300;

/**
 * Posts until it was taken (any 2xx): again after failures of the network, after 408, 429 and 5xx, with backoff and full
 * jitter, or when the receiver says; at most four times, all of it within `timeoutMs`.
 *
 * Redirects are not followed: they would take the secrets along.
 *
 * @throws LoadError `alert-undelivered` (`transient`) when nobody took it in time; `alert-refused` (`config`) for any other
 * status. No message names the URL, which may be a secret itself: its host is named.
 */
export async function post(
  request: PostRequest,
  { timeoutMs, subject = ALERT }: { timeoutMs: number; subject?: PostSubject },
): Promise<void> {
  const { host } = new URL(request.url);
  const deadlineAt = Date.now() + timeoutMs;
  let last = 'no answer in time';
  for (let nth = 1; nth <= MAX_TRIES; nth += 1) {
    const leftMs = deadlineAt - Date.now();
    if (leftMs <= 0) break;
    const answer = await tryOnce(request, leftMs);
    if (answer.kind === 'taken') return;
    if (answer.kind === 'refused') {
      throw new LoadError(`${subject.code}-refused`, `${host} refused ${subject.noun}: ${answer.reason}`, {
        class: 'config',
        hint: `check the address and the secret under '${subject.key}'`,
      });
    }
    last = answer.reason;
    const backoffMs = Math.random() * FIRST_RETRY_MS * 2 ** nth;
    const waitMs = answer.retryAfterMs ?? backoffMs;
    if (nth === MAX_TRIES || Date.now() + waitMs >= deadlineAt) break;
    await pause(waitMs);
  }
  throw new LoadError(`${subject.code}-undelivered`, `${host} did not take ${subject.noun}: ${last}`, {
    class: 'transient',
    hint: subject.again,
  });
}

type Answer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfterMs: number | null };

async function tryOnce({ url, headers, body }: PostRequest, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'millrace', ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    if (response.ok) return { kind: 'taken' };
    const reason = `${response.status} ${text.slice(0, MAX_REASON)}`.trim();
    const isPassing = response.status === 408 || response.status === 429 || response.status >= 500;
    if (!isPassing) return { kind: 'refused', reason };
    return { kind: 'failed', reason, retryAfterMs: readRetryAfter(response.headers.get('retry-after')) };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error), retryAfterMs: null };
  }
}

function readRetryAfter(header: string | null): number | null {
  const seconds = Number(header);
  return header === null || !Number.isFinite(seconds) || seconds < 0
    ? null
    : Math.min(MAX_RETRY_AFTER_MS, seconds * 1_000);
}

/** fetch says "fetch failed", and its cause why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.cause instanceof Error ? error.cause.message : error.message;
}
