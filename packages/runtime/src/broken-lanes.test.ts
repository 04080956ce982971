import { expect, it, onTestFinished } from 'vitest';
import { BrokenLanes } from './broken-lanes.ts';

const T = 'public.t';

it('counts the turns that look whether a lane still breaks, not each file that arrives meanwhile', async () => {
  const error = new Error('the document is gone');
  const told: unknown[] = [];
  let looks = 0;
  const lanes: BrokenLanes = new BrokenLanes({
    onError: (_, one) => told.push(one),
    look: () => {
      looks += 1;
      lanes.broke(T, { error, now: 100 + looks });
    },
  });
  onTestFinished(() => lanes.stop());
  for (let nth = 0; nth < 50; nth += 1) lanes.broke(T, { error, now: 100 });
  expect(lanes.hopeless().size).toBe(0);
  expect(told).toEqual([error]);
  for (let nth = 0; nth < 200 && lanes.hopeless().size === 0; nth += 1) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  expect(looks).toBe(4);
  expect(lanes.hopeless().get(T)).toMatchObject({ times: 5, since: 100, error });
  expect(() => lanes.throwIfHopeless()).toThrow(error);
  lanes.mended(T);
  expect(lanes.brokenBy(T)).toBeUndefined();
});
