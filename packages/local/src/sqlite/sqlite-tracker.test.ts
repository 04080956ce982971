import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trackerContract } from '@millrace/testkit';
import { SqliteTracker } from './sqlite-tracker.ts';

trackerContract('SqliteTracker', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-tracker-'));
  const port = new SqliteTracker(join(directory, 'tracker.db'));
  return {
    port,
    close: async () => {
      port.close();
      rmSync(directory, { recursive: true });
    },
  };
});
