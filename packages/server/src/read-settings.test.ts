import { readFileSync } from 'node:fs';
import { LoadError } from '@millrace/core';
import { expect, it } from 'vitest';
import { KeptEvents } from '../test/kept-events.ts';
import { Producer } from './producer.ts';
import { readServerSettings } from './read-settings.ts';

const env = { SHOP_KEY: 's'.repeat(20), HUB: 'hub', HUB_OLD: 'old', SLACK: 'slack' };

it('reads who may send, and takes secrets from the environment', () => {
  const slack = {
    signature: {
      header: 'x-slack-signature',
      signed: 'v0:{timestamp}:{body}',
      timestampHeader: 'x-slack-time',
    },
    type: { field: '$.event.type' },
  };
  const read = readServerSettings(
    {
      keys: { shop: { env: 'SHOP_KEY' } },
      rateLimit: { eventsPerSecond: 100 },
      webhooks: {
        github: { preset: 'github', secret: [{ env: 'HUB' }, { env: 'HUB_OLD' }] },
        slack: { secret: { env: 'SLACK' }, ...slack },
      },
      schemas: { 'page.viewed': { type: 'object' } },
      limits: { maxEvents: 10 },
    },
    env,
  );
  expect(read).toMatchObject({
    keys: [{ name: 'shop', key: env.SHOP_KEY }],
    rateLimit: { eventsPerSecond: 100 },
    webhooks: {
      github: { secrets: ['hub', 'old'], typePrefix: 'github.' },
      slack: { secrets: ['slack'], ...slack },
    },
    schemas: { 'page.viewed': { type: 'object' } },
    limits: { maxEvents: 10 },
  });
  expect(readServerSettings({}, env)).toEqual({ keys: [], webhooks: {}, schemas: {}, limits: {} });
});

it('names each place that is wrong', () => {
  const messageOf = (settings: unknown): string => {
    try {
      readServerSettings(settings, env);
    } catch (error) {
      if (error instanceof LoadError) return `${error.code} ${error.message}`;
    }
    return 'taken';
  };
  expect(messageOf({ keys: { a: 'plain text' } })).toMatch(/^server-settings .*keys\.a: /u);
  expect(messageOf({ keys: { a: { env: '$KEY' } } })).toContain('write it without $');
  expect(messageOf({ key: {} })).toContain('"key"');
  expect(messageOf({ limits: { maxEvents: 0 } })).toContain('limits.maxEvents');
  expect(messageOf({ webhooks: { x: { preset: 'gitlab', secret: { env: 'HUB' } } } })).toContain(
    'webhooks.x',
  );
  const unset = messageOf({ keys: { a: { env: 'NO_A' }, b: { env: 'NO_B' } } });
  expect(unset).toContain('keys.a: the environment variable NO_A is not set');
  expect(unset).toContain('keys.b');
});

it('takes what docs/events.md shows', () => {
  const manual = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
  const shown = [...manual.matchAll(/```json\n("[\s\S]*?)\n```/gu)].map(
    ([, text]) => JSON.parse(`{${text}}`) as Record<string, unknown>,
  );
  const producers = shown.flatMap((one) => ('producer' in one ? [one.producer] : []));
  const webhooks = shown.filter((one) => 'slack' in one);
  expect([producers.length, webhooks.length]).toEqual([2, 1]);
  const everySecret = new Proxy({}, { get: () => 'a secret of some length' });
  for (const settings of [...producers, ...webhooks.map((one) => ({ webhooks: one }))]) {
    const options = readServerSettings(settings, everySecret);
    expect(() => new Producer({ stream: new KeptEvents(), ...options })).not.toThrow();
  }
});
