import type { Tracker } from '@millrace/core';
import { describe } from 'vitest';
import type { Opened } from './opened.ts';
import { trackerFileCases } from './tracker-file-cases.ts';
import { trackerLaneCases } from './tracker-lane-cases.ts';

/** Runs the body of a case on a tracker that is fresh and is closed afterwards. */
export type WithTracker = (body: (tracker: Tracker) => Promise<void>) => () => Promise<void>;

/** What every tracker keeps. `open` gives a tracker without any lane, file or job. An adapter is done when this is green. */
export function trackerContract(name: string, open: () => Promise<Opened<Tracker>>): void {
  const withTracker: WithTracker = (body) => async () => {
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
  });
}
