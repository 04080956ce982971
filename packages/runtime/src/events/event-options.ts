import type { StreamReader } from '@millrace/core';

/** What a process that has the lanes does with the events of its configuration. */
export type EventRole = 'consume' | 'announce' | 'leave';

export interface EventOptions {
  /**
   * `consume`: the stream is consumed here. `announce`: another process consumes it, and its chunks are announced here.
   * `leave`: nothing is done with events.
   *
   * @default 'consume'
   */
  readonly events?: EventRole | undefined;
  /** The stream, where this process has it open already: as the one that writes it. */
  readonly stream?: StreamReader | undefined;
}
