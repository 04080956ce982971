import { describe, expect, it } from 'vitest';
import { freshLane, type Lane, type LaneState } from '../../lane/lane.ts';
import type { TargetDefinition } from '../../load/target-definition.ts';
import { toTargetCard } from './target-card.ts';

const NOW = 1_000_000;
const definition = {
  batching: { maxFiles: 100, maxBytes: 1_000, freshnessMs: 30_000 },
  rule: { mode: 'append' },
} as TargetDefinition;
const job = {
  id: 'J',
  attempt: 1,
  fence: 1,
  files: 3,
  bytes: 9,
  documentUrl: 's3://lake/j',
  documentHash: 'h',
  submittedAt: NOW - 1_000,
};

function cardOf(
  state: LaneState,
  { lane = {}, waitingSince }: { lane?: Partial<Lane>; waitingSince?: number } = {},
) {
  const counts = {
    waiting: waitingSince === undefined ? 0 : 5,
    superseded: 0,
    quarantined: 2,
    oldestWaitingAt: waitingSince ?? null,
  };
  return toTargetCard(
    { ...freshLane('public.a'), ...lane, state },
    { counts, definition, stuck: null, now: NOW },
  );
}

const held = (code: string): LaneState => ({
  kind: 'held',
  code,
  reason: 'because',
  since: NOW - 9,
  until: NOW + 9,
});

describe('the card of a target', () => {
  it.each<[string, LaneState, number | undefined, string, string]>([
    ['nothing waits', { kind: 'idle' }, undefined, 'fresh', 'nothing waits'],
    ['young files wait', { kind: 'waiting', dueAt: NOW + 5 }, NOW - 1_000, 'fresh', 'collecting files'],
    ['files are at their goal', { kind: 'waiting', dueAt: NOW }, NOW - 31_999, 'fresh', 'due'],
    ['files are past it', { kind: 'waiting', dueAt: NOW }, NOW - 32_001, 'late', 'due'],
    [
      'there is no place',
      { kind: 'waiting', dueAt: NOW, deadlineAt: NOW + 1 },
      NOW - 1,
      'fresh',
      'due, and waits for a place on the warehouse',
    ],
    [
      'a late load runs',
      { kind: 'running', job, statement: { name: 'n', id: 'i' }, leaseUntil: NOW + 9 },
      NOW - 60_000,
      'late',
      'loading 3 files',
    ],
    ['a right is missing', held('permission-denied'), NOW - 1, 'held', 'because'],
    ['a window is on', held('maintenance-window'), NOW - 60_000, 'waiting-out', 'because'],
    ['the warehouse is away', held('warehouse-away'), NOW - 60_000, 'waiting-out', 'because'],
    ['the warehouse is paused', held('warehouse-paused'), NOW - 60_000, 'paused', 'because'],
    [
      'it is paused',
      { kind: 'paused', by: 'ada', why: 'a test', since: NOW - 9 },
      NOW - 60_000,
      'paused',
      'paused by ada: a test',
    ],
  ])('when %s', (_, state, waitingSince, health, text) => {
    expect(cardOf(state, waitingSince === undefined ? {} : { waitingSince })).toMatchObject({ health, text });
  });

  it('counts the files of the job in hand as loading, and tells since when', () => {
    const card = cardOf({ kind: 'submitting', job, leaseUntil: NOW + 9 }, { waitingSince: NOW - 1 });
    expect(card).toMatchObject({
      waiting: 2,
      loading: 3,
      job: 'J',
      since: new Date(NOW - 1_000).toISOString(),
    });
  });

  it('counts of a job of several targets the files of its own', () => {
    const parts = [
      { target: 'public.a', files: 1 },
      { target: 'public.b', files: 2 },
    ];
    const state: LaneState = { kind: 'submitting', job: { ...job, parts }, leaseUntil: NOW + 9 };
    expect(cardOf(state, { waitingSince: NOW - 1 })).toMatchObject({ waiting: 4, loading: 1 });
  });

  it('tells a pause that was asked for during a load, and a lane that nobody can look at', () => {
    const pauseAsked = { by: 'ada', why: 'a test', since: NOW };
    const running: LaneState = { kind: 'submitting', job, leaseUntil: NOW + 9 };
    expect(cardOf(running, { lane: { pauseAsked } })).toMatchObject({
      health: 'paused',
      text: 'handing 3 files to the warehouse; then paused by ada: a test',
    });
    const counts = { waiting: 1, superseded: 0, quarantined: 0, oldestWaitingAt: NOW };
    const stuck = 'stuck: the disk is full';
    const card = toTargetCard(freshLane('public.a'), { counts, definition: undefined, stuck, now: NOW });
    expect(card).toMatchObject({ health: 'held', text: stuck, mode: null, freshnessMs: null });
  });
});
