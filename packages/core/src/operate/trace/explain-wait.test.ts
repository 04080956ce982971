import { describe, expect, it } from 'vitest';
import { loadFileOf, type TrackedFile } from '../../file/load-file.ts';
import { freshLane, type JobRef, type Lane } from '../../lane/lane.ts';
import { freshGate } from '../../recover/gate.ts';
import { explainWait, span, type WaitContext } from './explain-wait.ts';

const NOW = 1_795_264_440_000;
const FILE: TrackedFile = {
  target: 'public.flights',
  file: loadFileOf({ bucket: 'lake', key: 'flights/1.csv', etag: 'e', size: 3 }, NOW - 5_000),
  status: 'waiting',
};
const JOB: JobRef = {
  id: '01M802XB1EMRE8TH6R1JKA7CJY',
  attempt: 1,
  fence: 1,
  files: 2,
  bytes: 6,
  documentUrl: 's3://millrace/jobs/x',
  documentHash: 'h',
  submittedAt: NOW - 30_000,
};

function waitOf(change: Partial<WaitContext> = {}, lane: Partial<Lane> = {}) {
  const own: Lane = { ...freshLane('public.flights'), ...lane };
  return explainWait({
    file: FILE,
    lane: own,
    lanes: [own],
    gate: freshGate(),
    ahead: 0,
    maxLoads: 1,
    sweepMs: 60_000,
    now: NOW,
    ...change,
  });
}

const held = (code: string, reason: string): Lane['state'] => ({
  kind: 'held',
  code,
  reason,
  since: NOW - 60_000,
  until: NOW + 30_000,
});
const pause = { by: 'ops', why: 'migration', since: NOW - 1_000 };

describe('why a file waits', () => {
  it('not due: until when, and what goes before it', () => {
    const found = waitOf({ ahead: 3 }, { state: { kind: 'waiting', dueAt: NOW + 8_000 } });
    expect(found).toMatchObject({ mark: 'waiting', code: 'not-due', todo: null });
    expect(found.text).toContain('not due until 2026-11-21T12:34:08.000Z, in 8 s');
    expect(found.text).toContain('3 files go before it');
  });

  it('the lane has another job in hand', () => {
    const state = { kind: 'submitting', job: JOB, leaseUntil: NOW + 1 } as const;
    expect(waitOf({ ahead: null }, { state })).toMatchObject({ mark: 'waiting', code: 'lane-busy' });
    expect(waitOf({}, { state }).text).toContain(`job ${JOB.id} of public.flights holds the lane since 30 s`);
  });

  it('all places on the warehouse are taken, and by whom', () => {
    const other: Lane = {
      ...freshLane('public.airports'),
      state: { kind: 'submitting', job: JOB, leaseUntil: NOW + 1 },
    };
    const state = { kind: 'waiting', dueAt: NOW - 1, deadlineAt: NOW + 1 } as const;
    const found = waitOf({ lanes: [other] }, { state });
    expect(found).toMatchObject({ mark: 'waiting', code: 'budget' });
    expect(found.text).toContain('all 1 places on the warehouse are taken (by public.airports)');
  });

  it('a maintenance window, an outage', () => {
    const reason = 'maintenance window from 2026-11-21T12:00Z to 2026-11-21T13:00Z';
    expect(waitOf({}, { state: held('maintenance-window', reason) })).toMatchObject({
      mark: 'waiting',
      code: 'window',
      text: expect.stringContaining(reason),
    });
    expect(waitOf({}, { state: held('warehouse-away', 'cluster a is paused') })).toMatchObject({
      code: 'warehouse-away',
      text: expect.stringContaining('cluster a is paused'),
    });
    const gate = {
      ...freshGate(),
      hold: { reason: 'resize', since: NOW - 1, until: NOW + 5_000, triedAt: null },
    };
    expect(waitOf({ gate }, { state: { kind: 'waiting', dueAt: NOW } })).toMatchObject({
      code: 'warehouse-away',
    });
  });

  it('a hold, with what to do about it', () => {
    expect(waitOf({}, { state: held('permission-denied', 'permission denied for flights') })).toMatchObject({
      mark: 'stopped',
      code: 'held:permission-denied',
      text: expect.stringContaining('held since 60 s: permission denied for flights'),
      todo: expect.stringContaining('millrace grants'),
    });
    expect(waitOf({}, { state: held('drift', 'all alike') }).todo).toContain('migrate the table');
    expect(waitOf({}, { state: held('unheard-of', 'x') }).todo).toContain('mend what the reason names');
  });

  it('a pause of the target, one that is asked for, and one of the warehouse', () => {
    expect(waitOf({}, { state: { kind: 'paused', ...pause } })).toMatchObject({
      mark: 'stopped',
      code: 'paused',
      todo: '`millrace resume public.flights`',
    });
    const running = { kind: 'submitting', job: JOB, leaseUntil: NOW + 1 } as const;
    expect(waitOf({}, { state: running, pauseAsked: pause })).toMatchObject({ code: 'paused' });
    expect(waitOf({ gate: { ...freshGate(), pause } })).toMatchObject({ code: 'warehouse-paused' });
    expect(waitOf({}, { state: held('warehouse-paused', 'paused by ops') })).toMatchObject({
      code: 'warehouse-paused',
      todo: '`millrace resume`',
    });
  });

  it('a backoff after failures', () => {
    const found = waitOf({}, { failures: 2, notBeforeAt: NOW + 9_000 });
    expect(found).toMatchObject({ mark: 'waiting', code: 'backoff' });
    expect(found.text).toContain('2 loads of the lane failed in a row; the next try is in 9 s');
  });

  it('a bad file is being looked for', () => {
    expect(waitOf({}, { suspects: 4, state: { kind: 'waiting', dueAt: NOW } })).toMatchObject({
      code: 'searching',
    });
  });

  describe('its partition', () => {
    const name = 'dt=2026-11-20/';

    it('is held, by what it says', () => {
      const reason =
        'partition s3://lake/dt=2026-11-20/ is held: s3://lake/dt=2026-11-20/bad.csv is quarantined: x';
      const partition = { name, state: { kind: 'held', reason, hint: 'write it anew' } } as const;
      const found = { mark: 'stopped', code: 'partition-held', text: reason, todo: 'write it anew' };
      expect(waitOf({ partition })).toEqual(found);
      // The lane waits for another one.
      const state = held('partition-waits', 'dt=2026-11-19/ has no _SUCCESS yet');
      expect(waitOf({ partition }, { state })).toEqual(found);
    });

    it('has no marker', () => {
      const partition = { name, state: { kind: 'unmarked', marker: '_SUCCESS' } } as const;
      const found = waitOf({ partition }, { state: { kind: 'waiting', dueAt: NOW + 8_000 } });
      expect(found).toMatchObject({ mark: 'waiting', code: 'partition-unmarked', todo: null });
      expect(found.text).toContain(`partition ${name} waits for its _SUCCESS`);
    });

    it('is not quiet, and until when', () => {
      const quiet = { kind: 'quiet', until: NOW + 300_000, quietMs: 600_000 } as const;
      const found = waitOf({ partition: { name, state: quiet } });
      expect(found).toMatchObject({ mark: 'waiting', code: 'partition-unquiet' });
      expect(found.text).toContain(
        'nothing has arrived in it for 10 min: at 2026-11-21T12:39:00.000Z, in 5 min',
      );
    });

    it('is ready, and the lane is asked', () => {
      const partition = { name, state: { kind: 'ready' } } as const;
      expect(waitOf({ partition }).code).toBe('due');
      expect(waitOf({ partition }, { state: { kind: 'paused', ...pause } }).code).toBe('paused');
    });
  });

  it('nobody works: due for longer than sweeps could leave it', () => {
    const state = { kind: 'waiting', dueAt: NOW - 200_000 } as const;
    expect(waitOf({}, { state })).toMatchObject({ mark: 'stopped', code: 'nobody-works' });
  });

  it('nothing but the next look', () => {
    expect(waitOf()).toMatchObject({
      mark: 'waiting',
      code: 'due',
      text: expect.stringContaining('first in line'),
    });
  });
});

it.each([
  [0, '0 s'],
  [1, '1 s'],
  [119_000, '119 s'],
  [150_000, '2.5 min'],
  [7_200_000, '2 h'],
  [200_000_000, '2.3 d'],
])('%d ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});
