import type { Identity } from '../authenticate.ts';
import type { DataApi } from '../data-api.ts';
import type { Input } from '../read-input.ts';

/** What an operation is called with. */
export interface Call {
  readonly input: Input;
  readonly identity: Identity;
}

/** An operation of the Data API: the members of its answer, or an ApiError. */
export type Operation = (api: DataApi, call: Call) => Promise<object>;

/** An instant as AWS JSON has it: seconds since 1970, with a fraction. */
export function toTimestamp(ms: number): number {
  return ms / 1000;
}
