import { expect, it } from 'vitest';
import { wakeQueueContract } from '../contract/wake-queue-contract.ts';
import { MemoryWakeQueue } from './memory-wake-queue.ts';

wakeQueueContract('MemoryWakeQueue', async () => {
  const port = new MemoryWakeQueue();
  return { port, takeDue: (now) => port.takeDue(now) };
});

it('tells when the next wake is due', async () => {
  const queue = new MemoryWakeQueue();
  expect(await queue.nextWakeAt()).toBeNull();
  await queue.wake('public.flights', 2_000);
  await queue.wake('public.airports', 1_000);
  expect(await queue.nextWakeAt()).toBe(1_000);
  await queue.takeDue(1_000);
  expect(await queue.nextWakeAt()).toBe(2_000);
});
