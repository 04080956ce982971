import { describe, expect, it } from 'vitest';
import { decodeEvent } from './envelope.ts';

describe('the time of an event', () => {
  it.each([
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00Z'],
    ['2026-01-31T12:00:00.123456+05:30', '2026-01-31T12:00:00.123456+05:30'],
    ['2026-01-31T12:00:00.123456789Z', '2026-01-31T12:00:00.123456Z'],
    ['2026-01-31T12:00:00,5Z', '2026-01-31T12:00:00.5Z'],
    ['2026-01-31 12:00+02', '2026-01-31T12:00:00+02'],
    ['2026-01-31t12:00:00z', '2026-01-31T12:00:00Z'],
  ])('%s is consumed as every table reads it: %s', (time, kept) => {
    const read = decodeEvent(Buffer.from(JSON.stringify({ id: '1', type: 't', time, data: null })));
    expect(read).toMatchObject({ kind: 'event', event: { time: kept } });
  });
});
