import { SqliteTracker } from '@millrace/local';
import { simulateFairness } from './fairness.ts';
import { FAIRNESS, SMALL_FAIRNESS } from './fairness-options.ts';
import type { FairnessReport } from './fairness-report.ts';

/** The scenario on a tracker in SQLite: with so many files in a line, one that sorts them at each look is too slow. */
export async function openFairness({
  seed,
  isSmall,
}: {
  seed: number;
  isSmall: boolean;
}): Promise<FairnessReport> {
  const tracker = new SqliteTracker(':memory:');
  try {
    return await simulateFairness({ ...(isSmall ? SMALL_FAIRNESS : FAIRNESS), seed, tracker });
  } finally {
    tracker.close();
  }
}
