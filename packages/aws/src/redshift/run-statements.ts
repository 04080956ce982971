import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadError } from '@millrace/core';
import { type DataApi, MAX_WAIT_SECONDS, type Sent } from './data-api.ts';
import { type StatementResult, type StatementState, toStatementState } from './to-statement-state.ts';

/** How often a submission is sent whose reply was lost; the same token makes it the same submission. */
const MAX_SENDS = 3;
/** Questions in a row that may fail before the answer is given up. */
const MAX_FAILED_LOOKS = 5;
/** Between two looks, where the call itself did not wait. */
const MIN_PAUSE_MS = 20;
const MAX_PAUSE_MS = 1_000;

export interface RunOptions {
  /** What the statements are called in the console. */
  readonly name: string;
  /** After this the statements are cancelled, and their outcome is unknown. */
  readonly timeoutMs: number;
  readonly now: () => number;
}

/**
 * Runs statements and waits for their end: one on its own, several as one transaction. The first call waits along: a
 * question that is answered within half a minute needs no other, and what else ends by then is described once.
 *
 * @returns the result of the last statement.
 * @throws LoadError as Redshift's words say; class `unknown` when nobody can say whether they took effect.
 */
export async function runStatements(
  api: DataApi,
  statements: readonly string[],
  { name, timeoutMs, now }: RunOptions,
): Promise<StatementResult> {
  const endsAt = now() + timeoutMs;
  const sent = await send(api, statements, { name, waitSeconds: waitSeconds(timeoutMs) });
  const { id } = sent;
  // A question: its rows are all there is to know.
  if (sent.isFinished && sent.hasRows && statements.length === 1) return { id, hasRows: true, rows: -1 };
  let pauseMs = MIN_PAUSE_MS;
  let failures = 0;
  for (let askedAt = now(); askedAt < endsAt; askedAt = now()) {
    const state = await look(api, id, waitSeconds(endsAt - askedAt));
    if (state.kind === 'finished') return state.last;
    if (state.kind === 'failed' || state.kind === 'open') throw state.error;
    failures = state.kind === 'unseen' ? failures + 1 : 0;
    if (state.kind === 'unseen' && failures >= MAX_FAILED_LOOKS) {
      throw outcomeUnknown(`${state.error.message}; statement ${id} may have taken effect`, state.error);
    }
    // A call that did not wait along is not repeated in a tight loop.
    if (now() - askedAt < MAX_PAUSE_MS) {
      await sleep(pauseMs);
      pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
    }
  }
  return giveUp(api, id, timeoutMs);
}

async function giveUp(api: DataApi, id: string, timeoutMs: number): Promise<never> {
  const late = `${api.place}: statement ${id} did not end within ${timeoutMs} ms`;
  try {
    await api.cancel(id);
  } catch (cause) {
    // Not the outage that kept it from being cancelled: it may take effect yet.
    throw outcomeUnknown(`${late}, and could not be cancelled`, cause);
  }
  throw outcomeUnknown(`${late}, and was cancelled`);
}

async function send(
  api: DataApi,
  statements: readonly string[],
  { name, waitSeconds }: { name: string; waitSeconds: number },
): Promise<Sent> {
  const submission = { name, clientToken: randomUUID(), withEvent: false, waitSeconds };
  const [only] = statements;
  for (let sends = 1; ; sends += 1) {
    try {
      // One alone is a transaction anyway, and does not use up the fewer batches that AWS allows in a second.
      return only !== undefined && statements.length === 1
        ? await api.execute(only, submission)
        : await api.batch({ ...submission, statements });
    } catch (error) {
      if (!(error instanceof LoadError && error.class === 'unknown') || sends >= MAX_SENDS) throw error;
    }
  }
}

/** What a look showed, or that there was no answer. */
type Look = StatementState | { readonly kind: 'unseen'; readonly error: LoadError };

async function look(api: DataApi, id: string, seconds: number): Promise<Look> {
  try {
    const described = await api.describe(id, seconds);
    if (described !== undefined) return toStatementState(described);
    return { kind: 'open', error: outcomeUnknown(`${api.place}: statement ${id} is not known any more`) };
  } catch (error) {
    if (error instanceof LoadError && (error.class === 'transient' || error.class === 'unavailable')) {
      return { kind: 'unseen', error };
    }
    throw error;
  }
}

function outcomeUnknown(message: string, cause?: unknown): LoadError {
  return new LoadError('outcome-unknown', message, {
    class: 'unknown',
    hint: 'look at what it should have changed before it is sent again',
    cause,
  });
}

function waitSeconds(ms: number): number {
  return Math.min(MAX_WAIT_SECONDS, Math.max(1, Math.ceil(ms / 1_000)));
}
