/** Where a verb waits for a port: the function that waits, and the call that it waits for. */
export interface AwaitSite {
  /** `settleLoaded tracker.putLane` */
  readonly name: string;
  /** Tells two calls of one function apart: where in the file it is, of the code as it runs. */
  readonly position: number;
}

/** Frames from a port's call up to a function of core that has a name. */
const MAX_FRAMES = 6;
const IS_CORE = /\/core\/(?:src|dist)\//u;

const isCore = new Map<string, boolean>();

/**
 * The function of core that calls a port right now. Read from the stack, so that the verbs need not know of it.
 *
 * @param caller what stands between the verb and this: its frames are not looked at.
 */
export function awaitSiteOf(call: string, caller: (...args: never[]) => unknown): AwaitSite {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: readonly NodeJS.CallSite[] } = {};
  Error.stackTraceLimit = MAX_FRAMES;
  Error.prepareStackTrace = (_error, sites) => sites;
  Error.captureStackTrace(holder, caller);
  const frames = holder.stack ?? [];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  for (const frame of frames) {
    const name = frame.getFunctionName();
    if (name === null || !isOfCore(frame.getFileName() ?? '')) continue;
    return { name: `${name.slice(name.lastIndexOf('.') + 1)} ${call}`, position: frame.getPosition() };
  }
  return { name: call, position: 0 };
}

function isOfCore(file: string): boolean {
  const known = isCore.get(file);
  if (known !== undefined) return known;
  const isIt = IS_CORE.test(file);
  isCore.set(file, isIt);
  return isIt;
}
