import type { TargetCard } from '@millrace/core';
import { now } from '../state/live.ts';
import { formatAge, formatIn, formatSpan } from './format.ts';

export type Tone = 'good' | 'work' | 'late' | 'quiet' | 'bad' | 'pause';

/** How a target does, as one word and one colour. */
export function toneOf({ health, state }: TargetCard): { tone: Tone; word: string } {
  switch (health) {
    case 'held':
      return { tone: 'bad', word: 'Held' };
    case 'paused':
      return { tone: 'pause', word: 'Paused' };
    case 'waiting-out':
      return { tone: 'pause', word: 'Waits' };
    case 'late':
      return { tone: 'late', word: state === 'running' || state === 'submitting' ? 'Catching up' : 'Late' };
    case 'fresh':
      if (state === 'running' || state === 'submitting') return { tone: 'work', word: 'Loading' };
      return { tone: 'good', word: 'Fresh' };
  }
}

export function StateMark({ card }: { card: TargetCard }) {
  const { tone, word } = toneOf(card);
  return (
    <span class="mark" data-tone={tone}>
      {word}
    </span>
  );
}

/** Age of the oldest waiting file against what it may be. */
export function Freshness({ card }: { card: TargetCard }) {
  const { oldestWaitingAt, freshnessMs, lastLoadedAt } = card;
  if (freshnessMs === null) return <span class="quiet">not configured</span>;
  const ageMs = oldestWaitingAt === null ? 0 : Math.max(0, now.value - Date.parse(oldestWaitingAt));
  const part = Math.min(1, ageMs / freshnessMs);
  const isLate = card.health === 'late';
  const goal = formatSpan(freshnessMs).replace('.0 s', ' s');
  const age = ageMs < 1_000 ? '0 s' : formatAge(ageMs);
  const text =
    oldestWaitingAt === null ? (lastLoadedAt === null ? 'no file yet' : 'up to date') : `${age} of ${goal}`;
  return (
    <span class="freshness" data-late={String(isLate)} title={`Rows are to be there within ${goal}`}>
      <span class="freshness-text">{text}</span>
      <svg class="freshness-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="freshness-track" width="100" height="4" rx="2" />
        {part > 0 && <rect class="freshness-fill" width={Math.max(3, part * 100)} height="4" rx="2" />}
      </svg>
    </span>
  );
}

/** When the lane acts next by itself. */
export function nextText({ state, nextAt, waiting, health }: TargetCard, at: number): string {
  if (health === 'paused') return '–';
  if (nextAt === null) return state === 'running' || state === 'submitting' ? 'when it ends' : '–';
  if (health === 'held' || health === 'waiting-out') return `looks ${formatIn(nextAt, at)}`;
  return waiting === 0 && state === 'idle' ? '–' : formatIn(nextAt, at);
}
