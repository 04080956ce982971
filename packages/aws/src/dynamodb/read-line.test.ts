import { type LoadFile, loadFileOf, type TrackedFile, type Tracker } from '@millrace/core';
import { MemoryTracker } from '@millrace/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileKeys, waitingItem } from './file-item.ts';
import { readLine } from './read-line.ts';
import type { Item } from './table-layout.ts';

const TARGET = 'public.flights';
const keys = new FileKeys('dev', TARGET);

/** A table that answers in pages of a few items, in the order of their keys, as DynamoDB does. */
function tableOf(files: readonly LoadFile[]): { pages(): AsyncGenerator<Item[]> } {
  const items = files.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((file) => waitingItem(keys, file));
  return {
    async *pages() {
      for (let at = 0; at < items.length; at += 3) yield items.slice(at, at + 3);
    },
  };
}

function idsOf(line: readonly TrackedFile[]): string[] {
  return line.map(({ file }) => file.id);
}

describe('readLine', () => {
  it('gives what a tracker in memory gives, also when memory for the rest is short', async () => {
    const file = fc
      .record({
        key: fc.constantFrom('a', 'b', 'Z', 'é', '\uFF5E', '\u{1F600}', 'c/1', 'c-1'),
        etag: fc.constantFrom('1', '2', '3'),
        arrivedAt: fc.nat({ max: 3 }),
      })
      .map(({ arrivedAt, ...object }) => loadFileOf({ bucket: 'lake', size: 1, ...object }, arrivedAt));
    const files = fc.uniqueArray(file, { selector: ({ id }) => id, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        files,
        fc.integer({ min: 1, max: 8 }),
        fc.nat({ max: 3 }),
        async (all, limit, spareFiles) => {
          const memory: Tracker = new MemoryTracker();
          await memory.addFiles(TARGET, all);
          const wanted = idsOf(await memory.waitingFiles(TARGET, limit));
          const place = { target: TARGET, partition: keys.partition, limit };
          expect(idsOf(await readLine(tableOf(all), place))).toEqual(wanted);
          expect(idsOf(await readLine(tableOf(all), { ...place, spareFiles }))).toEqual(wanted);
        },
      ),
      { numRuns: 300 },
    );
  });
});
