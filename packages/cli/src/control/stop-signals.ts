import type { Terminal } from '../terminal/terminal.ts';

export interface StopSignal {
  /** Resolves at the first signal. */
  readonly stopped: Promise<undefined>;
  readonly isStopped: boolean;
  /** Signals have their usual effect again. */
  forget(): void;
}

/** A shell and a parent process may both pass on one and the same Ctrl-C: no second wish. */
const SAME_WISH_MS = 1_000;

/** Watches for SIGINT and SIGTERM: the first asks for a clean end, another one after a second ends the process. */
export function watchStopSignals(terminal: Terminal): StopSignal {
  let firstAt: number | undefined;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onSignal = (): void => {
    if (firstAt === undefined) {
      firstAt = Date.now();
      terminal.note('stopping after the load in hand; again ends at once');
      resolve(undefined);
    } else if (Date.now() - firstAt > SAME_WISH_MS) {
      // Safe at any moment: the next start goes on from what is written down.
      process.exit(1);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    stopped: promise,
    get isStopped() {
      return firstAt !== undefined;
    },
    forget() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
