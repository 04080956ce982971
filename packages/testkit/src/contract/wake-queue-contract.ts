import type { EpochMs, WakeQueue } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { Opened } from './opened.ts';

/** The port cannot receive: on AWS the queue calls. A suite needs to see what arrives. */
export interface OpenedWakeQueue extends Opened<WakeQueue> {
  /** Takes what is due by `now`: targets, in the order in which they would be looked at. */
  takeDue(now: EpochMs): Promise<readonly string[]>;
}

/** What every wake queue keeps. An adapter is done when this is green. */
export function wakeQueueContract(name: string, open: () => Promise<OpenedWakeQueue>): void {
  const withQueue = (body: (opened: OpenedWakeQueue) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await body(opened);
    } finally {
      await opened.close?.();
    }
  };

  describe(`${name} keeps the WakeQueue contract`, () => {
    it(
      'delivers a wake at its instant, not before',
      withQueue(async ({ port, takeDue }) => {
        await port.wake('public.flights', 1_000);
        expect(await takeDue(999)).toEqual([]);
        expect(await takeDue(1_000)).toEqual(['public.flights']);
      }),
    );

    it(
      'delivers a wake once',
      withQueue(async ({ port, takeDue }) => {
        await port.wake('public.flights', 1_000);
        await takeDue(1_000);
        expect(await takeDue(2_000)).toEqual([]);
      }),
    );

    it(
      'adds nothing for a second wake of the same target and instant',
      withQueue(async ({ port, takeDue }) => {
        await Promise.all(Array.from({ length: 20 }, () => port.wake('public.flights', 1_000)));
        expect(await takeDue(1_000)).toEqual(['public.flights']);
        expect(await takeDue(1_000)).toEqual([]);
      }),
    );

    it(
      'keeps the later wake of a target when the earlier one is taken',
      withQueue(async ({ port, takeDue }) => {
        await port.wake('public.flights', 1_000);
        await port.wake('public.flights', 2_000);
        expect(await takeDue(1_500)).toEqual(['public.flights']);
        expect(await takeDue(2_000)).toEqual(['public.flights']);
      }),
    );

    it(
      'takes a wake again for an instant whose first wake was taken',
      withQueue(async ({ port, takeDue }) => {
        await port.wake('public.flights', 1_000);
        await takeDue(1_000);
        await port.wake('public.flights', 1_000);
        expect(await takeDue(1_000)).toEqual(['public.flights']);
      }),
    );

    it(
      'names each target once however many of its wakes are due, the longest due first',
      withQueue(async ({ port, takeDue }) => {
        await port.wake('dev.public.later', 900);
        for (const wakeAt of [700, 500, 800]) await port.wake('dev.public.sooner', wakeAt);
        expect(await takeDue(1_000)).toEqual(['dev.public.sooner', 'dev.public.later']);
      }),
    );
  });
}
