import type { Tracker } from '@millrace/core';
import { describe } from 'vitest';
import type { Opened, WithPort } from './opened.ts';
import { trackerFileCases } from './tracker-file-cases.ts';
import { trackerGateCases } from './tracker-gate-cases.ts';
import { trackerLaneCases } from './tracker-lane-cases.ts';
import { trackerVersionCases } from './tracker-version-cases.ts';

/** What every tracker keeps. `open` gives a tracker without any lane, file or job. An adapter is done when this is green. */
export function trackerContract(name: string, open: () => Promise<Opened<Tracker>>): void {
  const withTracker: WithPort<Tracker> = (body) => async () => {
    const opened = await open();
    try {
      await body(opened.port);
    } finally {
      await opened.close?.();
    }
  };

  describe(`${name} keeps the Tracker contract`, () => {
    trackerLaneCases(withTracker);
    trackerFileCases(withTracker);
    trackerVersionCases(withTracker);
    trackerGateCases(withTracker);
  });
}
