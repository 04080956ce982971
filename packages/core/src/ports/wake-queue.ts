import type { EpochMs } from './time.ts';

/** Messages to look at a lane at a given time: SQS with a delay, or a table. A lost wake costs time, never a file: the sweep is below. */
export interface WakeQueue {
  /** Leaves a wake. A second one for the same target and instant adds nothing. */
  wake(target: string, wakeAt: EpochMs): Promise<void>;
}
