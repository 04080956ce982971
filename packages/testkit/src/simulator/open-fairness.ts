import { SqliteTracker } from '@millrace/local';
import { FAIRNESS, type FairnessReport, SMALL_FAIRNESS, simulateFairness } from './fairness.ts';

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
