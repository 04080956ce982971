import { readNotification } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { type CreatedObject, notificationBody, testEventBody, type Wrapping } from './created-object.ts';
import { type DeliveryPlan, NotificationDeliverer } from './notification-deliverer.ts';

const WRAPPINGS: readonly Wrapping[] = ['plain', 'sns', 'eventbridge'];

const HARD_KEYS = [
  'in/a b+c%20d.csv',
  "in/quote'd (1)!~*.csv",
  'in/Zürich/日本 語.csv',
  'in/\u{1F600}?#&=.csv',
];

function objectNamed(key: string, change: Partial<CreatedObject> = {}): CreatedObject {
  return {
    eventName: 'ObjectCreated:Put',
    bucket: 'lake',
    key,
    size: 7,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    sequencer: '00000000000000001A',
    at: Date.UTC(2026, 10, 21, 12),
    ...change,
  };
}

function objects(count: number): CreatedObject[] {
  return Array.from({ length: count }, (_, index) => objectNamed(`in/${index}`));
}

async function deliveriesOf(plan: DeliveryPlan, taken: readonly CreatedObject[]): Promise<string[]> {
  const bodies: string[] = [];
  const deliverer = new NotificationDeliverer(async (body) => {
    bodies.push(body);
  }, plan);
  for (const object of taken) deliverer.take(object);
  await deliverer.deliver();
  bodies.push('late');
  await deliverer.deliverLate();
  return bodies;
}

describe('a notification', () => {
  it.each(WRAPPINGS)('by way of %s is read as what it tells of, whatever the key', (wrapping) => {
    for (const key of HARD_KEYS) {
      const object = objectNamed(key, { versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko' });
      const { objects: read, ignored } = readNotification(notificationBody([object], wrapping));
      const { eventName: _, at, ...told } = object;
      expect(read).toEqual([{ ...told, writtenAt: at }]);
      expect(ignored).toEqual([]);
    }
  });

  it('tells of several objects, but for EventBridge', () => {
    expect(readNotification(notificationBody(objects(3), 'sns')).objects).toHaveLength(3);
    expect(() => notificationBody(objects(3), 'eventbridge')).toThrow(/one object, not of 3/u);
  });

  it('of a test has no object', () => {
    expect(readNotification(testEventBody('lake')).objects).toEqual([]);
  });
});

describe('NotificationDeliverer', () => {
  it('delivers each object once and in order when nothing goes wrong', async () => {
    const bodies = await deliveriesOf({ seed: 1 }, objects(5));
    expect(bodies).toEqual([...objects(5).map((object) => notificationBody([object], 'plain')), 'late']);
  });

  it('delivers twice, late, out of order and in all wrappings, the same for the same seed', async () => {
    const plan = { seed: 7, duplicates: 0.5, late: 0.3, isShuffled: true, wrappings: WRAPPINGS };
    const bodies = await deliveriesOf(plan, objects(60));
    expect(await deliveriesOf(plan, objects(60))).toEqual(bodies);
    expect(await deliveriesOf({ ...plan, seed: 8 }, objects(60))).not.toEqual(bodies);
    const keysOf = (some: readonly string[]): string[] =>
      some.flatMap((body) => readNotification(body).objects.map(({ key }) => key));
    const late = bodies.slice(bodies.indexOf('late') + 1);
    const inTime = keysOf(bodies.slice(0, bodies.indexOf('late')));
    const all = [...inTime, ...keysOf(late)];
    expect(new Set(all).size).toBe(60);
    expect(all.length).toBeGreaterThan(75);
    expect(late.length).toBeGreaterThan(8);
    expect(inTime).not.toEqual(inTime.toSorted((a, b) => Number(a.slice(3)) - Number(b.slice(3))));
  });

  it('loses what it is told to lose, and says how many', async () => {
    const deliverer = new NotificationDeliverer(async () => {}, { seed: 3, lost: 1 });
    for (const object of objects(4)) deliverer.take(object);
    expect(await deliverer.deliver()).toEqual({ delivered: 0, late: 0, lost: 4 });
  });
});
