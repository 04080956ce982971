import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Condition } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import {
  type AlertNotice,
  type AlertShape,
  jsonShape,
  pagerdutyShape,
  readSentryDsn,
  rollbarShape,
  sentryShape,
  slackShape,
} from './alert-shapes.ts';

/** `UPDATE_GOLDEN=1 npx vitest run packages/aws/src/webhook` writes the files anew: read their diff. */
const isUpdating = process.env.UPDATE_GOLDEN !== undefined;

const CONDITION: Condition = {
  key: 'lane-held/public.flights/target-column-missing',
  kind: 'lane-held',
  severity: 'error',
  title: 'public.flights is held (target-column-missing)',
  text: 'column \'dely\' is not a column of public.flights <!channel> & "others"',
  target: 'public.flights',
  since: Date.UTC(2026, 10, 21, 11, 58),
  hint: 'the lane looks again by itself, every minute',
};
const RAISED: AlertNotice = {
  alert: 'raised',
  condition: CONDITION,
  now: Date.UTC(2026, 10, 21, 12),
  source: 'analytics/prod',
};
const RECOVERED: AlertNotice = { ...RAISED, alert: 'recovered', now: Date.UTC(2026, 10, 21, 12, 30) };

const dsn = readSentryDsn('https://publickey@o1.ingest.example.com/42') ?? { url: '', publicKey: '' };
const SHAPES: Readonly<Record<string, AlertShape>> = {
  slack: slackShape({ url: 'https://hooks.example.com/services/T/B/x' }),
  pagerduty: pagerdutyShape({ url: 'https://events.pagerduty.com/v2/enqueue', routingKey: 'k'.repeat(32) }),
  rollbar: rollbarShape({ url: 'https://api.rollbar.com/api/1/item/', token: 'token' }),
  sentry: sentryShape({ dsn }),
  json: jsonShape({ url: 'https://ops.example.com/millrace', token: 'bearer', signingKey: 'key' }),
};

/** A request as people read it: the body is JSON, or lines of it. */
function render(shape: AlertShape): string {
  return [RAISED, RECOVERED]
    .map((notice) => {
      const { url, headers, body } = shape(notice);
      const documents = body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.stringify(JSON.parse(line), null, 2));
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      return [`POST ${url}`, ...lines, '', ...documents].join('\n');
    })
    .join('\n\n---\n\n')
    .concat('\n');
}

describe('what is sent', () => {
  it.each(Object.keys(SHAPES))('to %s is as its golden file says', (name) => {
    const shape = SHAPES[name];
    const text = shape === undefined ? '' : render(shape);
    const file = join(import.meta.dirname, 'golden', `${name}.http`);
    if (isUpdating) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('can be checked by whoever has the signing key', () => {
    const { headers, body } = jsonShape({ url: 'https://ops.example.com', signingKey: 'key' })(RAISED);
    const { t, v1 } = Object.fromEntries(
      (headers['x-millrace-signature'] ?? '').split(',').map((part) => part.split('=')),
    );
    expect(createHmac('sha256', 'key').update(`${t}.${body}`).digest('hex')).toBe(v1);
  });

  it('is the same for the same notice, and has the same key when it ends', () => {
    const keyOf = (notice: AlertNotice): unknown =>
      JSON.parse(SHAPES.pagerduty?.(notice).body ?? '').dedup_key;
    expect(SHAPES.sentry?.(RAISED)).toEqual(SHAPES.sentry?.(RAISED));
    expect(keyOf(RECOVERED)).toBe(keyOf(RAISED));
    const elsewhere = { ...RAISED, source: 'analytics/staging' };
    expect(keyOf(elsewhere)).not.toBe(keyOf(RAISED));
  });

  it('keeps to the limits of the receivers, whatever it is about', () => {
    const long = {
      ...RAISED,
      condition: { ...CONDITION, key: 'k'.repeat(900), title: 't'.repeat(3_000), text: 'x'.repeat(9_000) },
    };
    const pagerduty = JSON.parse(SHAPES.pagerduty?.(long).body ?? '');
    expect(pagerduty.dedup_key.length).toBeLessThanOrEqual(255);
    expect(pagerduty.payload.summary.length).toBeLessThanOrEqual(1_024);
    const slack = JSON.parse(SHAPES.slack?.(long).body ?? '');
    for (const { text } of slack.blocks.filter((one: { text?: unknown }) => one.text)) {
      expect(text.text.length).toBeLessThanOrEqual(3_000);
    }
    const { data } = JSON.parse(SHAPES.rollbar?.(long).body ?? '');
    expect(data.fingerprint.length).toBeLessThanOrEqual(40);
    expect(data.title.length).toBeLessThanOrEqual(255);
  });
});

it('a DSN of Sentry is read with a path before its project, and refused when it is none', () => {
  expect(readSentryDsn('http://key@sentry.local:9000/self/hosted/7')).toEqual({
    url: 'http://sentry.local:9000/self/hosted/api/7/envelope/',
    publicKey: 'key',
  });
  for (const wrong of ['', 'sentry', 'https://host/7', 'https://key@host/', 'ftp://key@host/7']) {
    expect(readSentryDsn(wrong)).toBeUndefined();
  }
});
