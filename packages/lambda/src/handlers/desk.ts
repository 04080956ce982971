import type { Composition } from '../compose.ts';
import type { Shift } from '../shift/shift.ts';

/** What a handler works with during one invocation. */
export interface Desk {
  readonly composition: Composition;
  readonly shift: Shift;
}
