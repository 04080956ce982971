import type { EpochMs } from '@millrace/core';

/** Look at a lane at a given time. */
export interface Wake {
  readonly target: string;
  readonly wakeAt: EpochMs;
}

/** The body of a wake's message. */
export function writeWake({ target, wakeAt }: Wake): string {
  return JSON.stringify({ millrace: 'wake', target, wakeAt });
}

/** The wake in a message body; undefined for any other body: a queue may carry wakes and notifications. */
export function readWake(body: string): Wake | undefined {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { millrace, target, wakeAt } = message as Record<string, unknown>;
  if (millrace !== 'wake' || typeof target !== 'string' || typeof wakeAt !== 'number') return undefined;
  return { target, wakeAt };
}
