import { loadFileOf, type Tracker } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import type { WithPort } from './opened.ts';
import { evidenceAt, fileAt, OTHER, TARGET } from './tracker-fixtures.ts';

/** The contract of what people ask about a key. */
export function trackerVersionCases(withTracker: WithPort<Tracker>): void {
  describe('the versions of a key', () => {
    it(
      'tells those that wait and those that were put aside, and no other key',
      withTracker(async (tracker) => {
        const version = (bytes: string, arrivedAt: number) => fileAt('in/é a.csv', arrivedAt, { bytes });
        const waiting = version('v1', 1_000);
        const bad = version('v2', 1_001);
        const old = version('v3', 1_002);
        const loaded = version('v4', 1_003);
        const other = fileAt('in/b.csv', 1_004);
        const elsewhere = loadFileOf({ ...waiting.identity, bucket: 'pond' }, 1_005);
        const evidence = evidenceAt(5);
        await tracker.addFiles(TARGET, [waiting, loaded, other, elsewhere]);
        await tracker.putAside(TARGET, [
          { file: bad, status: 'quarantined', evidence },
          { file: old, status: 'superseded', evidence },
        ]);
        await tracker.markLoaded(TARGET, [loaded]);
        const found = await tracker.versionsAt(TARGET, { bucket: 'lake', key: 'in/é a.csv' });
        expect(found.toSorted((a, b) => a.file.arrivedAt - b.file.arrivedAt)).toEqual([
          { target: TARGET, file: waiting, status: 'waiting' },
          { target: TARGET, file: bad, status: 'quarantined', evidence },
          { target: TARGET, file: old, status: 'superseded', evidence },
        ]);
        expect(await tracker.versionsAt(OTHER, waiting.identity)).toEqual([]);
        expect(await tracker.versionsAt(TARGET, { bucket: 'lake', key: 'in/' })).toEqual([]);
      }),
    );
  });
}
