import type { Clock } from './clock.ts';
import { type Catcher, type Retrier, type State, StateError } from './definition.ts';

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_INTERVAL_SECONDS = 1;
const DEFAULT_RATE = 2;

/** Whether an error of this name is meant. */
function isMeant(names: readonly string[], error: string): boolean {
  if (names.includes(error)) return true;
  if (names.includes('States.ALL')) return error !== 'States.Runtime' && error !== 'States.DataLimitExceeded';
  return names.includes('States.TaskFailed') && error !== 'States.Timeout';
}

/** Does the work of a state, again when a retrier says so: each has its own count. @param work is told how often it was tried. */
export async function attempt<Result>(
  state: State,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  work: (retries: number) => Promise<Result>,
): Promise<Result> {
  const counts = new Map<Retrier, number>();
  for (let retries = 0; ; retries += 1) {
    try {
      return await work(retries);
    } catch (error) {
      if (!(error instanceof StateError) || signal.aborted) throw error;
      const retrier = state.Retry?.find(({ ErrorEquals }) => isMeant(ErrorEquals, error.error));
      const count = retrier === undefined ? 0 : (counts.get(retrier) ?? 0);
      if (retrier === undefined || count >= (retrier.MaxAttempts ?? DEFAULT_ATTEMPTS)) throw error;
      counts.set(retrier, count + 1);
      const { IntervalSeconds = DEFAULT_INTERVAL_SECONDS, BackoffRate = DEFAULT_RATE } = retrier;
      const seconds = IntervalSeconds * BackoffRate ** count;
      await clock.pass(Math.min(seconds, retrier.MaxDelaySeconds ?? seconds), signal);
    }
  }
}

/** The catcher that takes an error. */
export function catcherOf(state: State, { error }: StateError): Catcher | undefined {
  return state.Catch?.find(({ ErrorEquals }) => isMeant(ErrorEquals, error));
}
