/** Where a verb waits for a port: the function that waits, and the call that it waits for. */
export interface AwaitSite {
  /** `settleLoaded tracker.putLane` */
  readonly name: string;
  /** Tells two calls of one function apart; of the code as it runs, which a compiler may have moved. */
  readonly line: number;
}

/** Frames from a port's call up to a function of core that has a name. */
const MAX_FRAMES = 9;
const IS_CORE = /\/core\/(?:src|dist)\//u;

/** The function of core that calls a port right now. Read from the stack, so that the verbs need not know of it. */
export function awaitSiteOf(call: string): AwaitSite {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_FRAMES;
  Error.prepareStackTrace = (_error, sites) => sites;
  const frames = new Error('where').stack as unknown as readonly NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  for (const frame of frames) {
    const name = frame.getFunctionName();
    if (name === null || !IS_CORE.test(frame.getFileName() ?? '')) continue;
    return { name: `${name.slice(name.lastIndexOf('.') + 1)} ${call}`, line: frame.getLineNumber() ?? 0 };
  }
  return { name: call, line: 0 };
}
