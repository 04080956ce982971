import type { Overview, TargetCard } from '@millrace/core';
import { batch, computed, signal } from '@preact/signals';
import { api } from './api.ts';
import { isLoggedOut } from './session.ts';

type Board = Omit<Overview, 'targets'>;

/** Everything but the targets; undefined until the first news. */
export const board = signal<Board | undefined>(undefined);
/** By name. A card that did not change stays the same object. */
export const cards = signal<ReadonlyMap<string, TargetCard>>(new Map());
/** Why nothing new comes: the process is starting, the tracker is away. */
export const trouble = signal<{ code: string; text: string } | null>(null);
/** Whether news arrive. */
export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');
/** The server's clock at the last look at it, less this machine's. */
const clockOffset = signal(0);
/** Moves every second: ages and countdowns are told by it. */
export const ticks = signal(Date.now());
/** Now, by the server's clock. */
export const now = computed(() => ticks.value + clockOffset.value);
/** When news last came, by this machine's clock. */
let heardAt = Date.now();

/** The server sends at least a heartbeat in 15 s; a connection without any is dead, whatever the browser believes. */
const SILENCE_MS = 40_000;

export const targets = computed(() => [...cards.value.values()]);
export const quarantined = computed(() =>
  targets.value.reduce((sum, { quarantined: files }) => sum + files, 0),
);

let source: EventSource | undefined;

/** Begins to listen. Connections that end are made again, by the browser or here. */
export function startLive(): void {
  connect();
  setInterval(() => {
    ticks.value = Date.now();
    if (Date.now() - heardAt > SILENCE_MS && source !== undefined) connect();
  }, 1_000);
}

export function connect(): void {
  source?.close();
  heardAt = Date.now();
  const opened = new EventSource('/api/live');
  source = opened;
  opened.onopen = () => {
    heardAt = Date.now();
    connection.value = 'live';
  };
  opened.onerror = () => {
    connection.value = 'lost';
    if (opened.readyState === EventSource.CLOSED) {
      // Refused: the browser does not try again by itself. The answer to this says why.
      void api.session().then(
        () => setTimeout(() => source === opened && connect(), 2_000),
        () => setTimeout(() => source === opened && !isLoggedOut.value && connect(), 2_000),
      );
    }
  };
  listen<Board>(opened, 'board', (news) => {
    clockOffset.value = Date.parse(news.at) - Date.now();
    board.value = news;
  });
  listen<{ changed: readonly TargetCard[]; gone: readonly string[] }>(
    opened,
    'targets',
    ({ changed, gone }) => {
      const next = new Map(cards.value);
      for (const card of changed) next.set(card.target, card);
      for (const name of gone) next.delete(name);
      cards.value = next;
    },
  );
  listen<{ code: string; text: string } | null>(opened, 'trouble', (news) => {
    trouble.value = news;
  });
}

export function stopLive(): void {
  source?.close();
  source = undefined;
}

function listen<T>(from: EventSource, name: string, hear: (news: T) => void): void {
  from.addEventListener(name, (event: MessageEvent<string>) => {
    heardAt = Date.now();
    batch(() => {
      connection.value = 'live';
      hear(JSON.parse(event.data) as T);
    });
  });
}
