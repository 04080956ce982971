import { LoadError } from '@millrace/core';

/** Too little time is left to begin something: it comes again, in another invocation. */
export function outOfTime(what: string): LoadError {
  return new LoadError('out-of-time', `too little of the function’s time was left for ${what}`, {
    class: 'transient',
    hint: 'give the function more time, or smaller batches',
  });
}
