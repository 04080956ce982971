import type { Evidence } from '../file/load-file.ts';
import type { EpochMs } from '../ports/time.ts';

/** Why a file that vanished cannot be loaded. */
export function goneEvidence(url: string, at: EpochMs): Evidence {
  return {
    code: 'object-gone',
    reason: `${url} is not in the object store any more`,
    hint: 'put the object back and redrive it',
    at,
  };
}
