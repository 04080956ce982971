import { describe, expect, it } from 'vitest';
import { decodeEvent, readEvent } from './envelope.ts';

describe('the time of an event', () => {
  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    ['2026-01-31T12:00:00.123456+05:30', '2026-01-31T06:30:00.123456Z'],
    ['2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123456Z'],
    ['2026-01-31T12:00:00,5Z', '2026-01-31T12:00:00.5Z'],
    ['2026-01-31 12:00+02', '2026-01-31T10:00:00Z'],
    ['2026-12-31T23:30:00-0030', '2027-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00+05:00', '0001-01-01T00:00:00Z'],
    ['2026-01-31t12:00:00z', '2026-01-31T12:00:00Z'],
  ])('%s is consumed as every table reads it: %s', (time, kept) => {
    const read = decodeEvent(Buffer.from(JSON.stringify({ id: '1', type: 't', time, data: null })));
    expect(read).toMatchObject({ kind: 'event', event: { time: kept } });
  });
});

const defaults = { id: () => 'made', time: () => '2026-01-01T00:00:00.000Z' };

it.each([
  '2026-02-28T10:00:00-23:59',
  '2026-02-28T10:00:00+16:00',
  '2026-02-29T10:00:00Z',
  '2026-04-31T10:00:00Z',
  '2026-02-28T24:00:00Z',
])('%s is no time of an event: no table would hold it', (time) => {
  const read = readEvent({ id: '1', type: 't', time, data: null }, defaults);
  expect(read).toMatchObject({ kind: 'invalid', problem: { code: 'event-time-invalid' } });
});

it.each(['2028-02-29T10:00:00Z', '2026-12-31T10:00:00-15:59', '2026-01-31T23:59:59,5+14'])(
  '%s is a time of an event',
  (time) => {
    expect(readEvent({ id: '1', type: 't', time, data: null }, defaults)).toMatchObject({ kind: 'event' });
  },
);

it('takes no id with half a character, which would be the same as every other half', () => {
  const read = readEvent({ id: 'x\ud800', type: 't', data: null }, defaults);
  expect(read).toMatchObject({ kind: 'invalid', problem: { code: 'event-id-invalid' } });
  expect(readEvent({ id: 'x\u{1f600}', type: 't', data: null }, defaults)).toMatchObject({ kind: 'event' });
});
