import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { chunksOf, inParallel } from './in-parallel.ts';

it('calls for each item, no more at once than allowed', async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await sleep(2);
    running -= 1;
    done.push(item);
  });
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it('begins nothing after a failure, and lets what is under way end before it throws', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const failing = inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item);
    await sleep(item === 1 ? 2 : 10);
    if (item === 1) throw new Error('one');
    ended.push(item);
  });
  await expect(failing).rejects.toThrow('one');
  expect(begun).toEqual([1, 2]);
  expect(ended).toEqual([2]);
});

it('cuts a list into pieces', () => {
  expect(chunksOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(chunksOf([], 2)).toEqual([]);
});
