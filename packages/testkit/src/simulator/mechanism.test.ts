import { describe, expect, it } from 'vitest';
import { findCatcher } from './find-catcher.ts';
import { MECHANISMS, type Mechanism } from './mechanism.ts';

/** Seeds after which a missing mechanism must have been noticed. */
const MAX_SEEDS_TO_CATCH = 60;

describe('somebody notices when there is no', { timeout: 240_000 }, () => {
  for (const mechanism of Object.keys(MECHANISMS) as Mechanism[]) {
    it(mechanism, async () => {
      const { caughtBy } = await findCatcher(mechanism, { from: 1, seeds: MAX_SEEDS_TO_CATCH });
      expect(caughtBy, `${mechanism} is missing, and nobody notices`).not.toBeNull();
    });
  }
});
