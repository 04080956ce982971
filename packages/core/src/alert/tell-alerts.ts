import type { Alerts, Condition } from '../ports/alerts.ts';
import type { EpochMs } from '../ports/time.ts';
import { DEFAULT_MAX_HOLD_MS } from '../recover/gate.ts';
import type { Loader } from '../verbs/loader.ts';
import {
  type AlertBook,
  type ChannelRule,
  dropChannels,
  type Notice,
  noteTold,
  planNotices,
} from './alert-book.ts';
import { type AlertSnapshot, findConditions, type WorkerTrouble } from './find-conditions.ts';
import { StoredBook } from './stored-book.ts';

/** One place where people are told, by the name under which is kept what it was told. */
export interface AlertChannel extends ChannelRule {
  readonly alerts: Alerts;
}

/** A notice that was not delivered. It is told again at the next turn. */
export interface UndeliveredNotice {
  readonly notice: Notice;
  readonly error: unknown;
}

export interface TellOptions {
  readonly channels: readonly AlertChannel[];
  /** Tells this warehouse's book from others' below the same control prefix. */
  readonly site: string;
  readonly trouble: WorkerTrouble;
  /** No delivery begins after it. */
  readonly withinMs: number;
  /**
   * Whether the files of lanes are counted that do nothing: a request or two of each.
   *
   * @default true
   */
  readonly countsIdle?: boolean;
}

export interface TellReport {
  readonly told: readonly Notice[];
  readonly undelivered: readonly UndeliveredNotice[];
  /** Notices that were left for the next turn: it was too late, their channel failed, or another worker tells them. */
  readonly left: number;
}

/** Longer than any turn of telling: what a worker claimed and died over is told by the next one then. */
const CLAIM_MS = 2 * 60_000;

/**
 * Looks for conditions and tells every channel what it does not know yet. Decides nothing about loads, and is called beside
 * them: whatever it throws costs no file anything.
 *
 * Of several workers one tells. A worker that dies between telling and noting it down leaves something that is told twice.
 */
export async function tellAlerts(loader: Loader, options: TellOptions): Promise<TellReport> {
  const { channels, site, withinMs } = options;
  const deadlineAt = loader.now() + withinMs;
  const stored = new StoredBook(loader.objects, { control: loader.settings.control, site });
  const read = dropChannels(await stored.read(), channels);
  const current = findConditions(await takeSnapshot(loader, { ...options, book: read }));
  const notices = planNotices(read, current, channels);
  if (notices.length === 0) return { told: [], undelivered: [], left: 0 };
  const left = { told: [], undelivered: [], left: notices.length };
  if (loader.now() < read.claimedUntil) return left;
  const claimed = await stored.write({ ...read, claimedUntil: loader.now() + CLAIM_MS });
  if (claimed === undefined) return left;
  return deliver(loader, { notices, channels, deadlineAt, stored, claimed });
}

async function deliver(
  { now }: Loader,
  {
    notices,
    channels,
    deadlineAt,
    stored,
    claimed,
  }: {
    notices: readonly Notice[];
    channels: readonly AlertChannel[];
    deadlineAt: EpochMs;
    stored: StoredBook;
    claimed: AlertBook;
  },
): Promise<TellReport> {
  let book = claimed;
  const told: Notice[] = [];
  const undelivered: UndeliveredNotice[] = [];
  const failed = new Set<string>();
  for (const notice of notices) {
    const channel = channels.find(({ name }) => name === notice.channel);
    // The rest of a channel that does not answer waits for the next turn: each would wait as long as the first.
    if (channel === undefined || failed.has(channel.name) || now() >= deadlineAt) continue;
    try {
      await channel.alerts[notice.kind](notice.condition, { now: now() });
      book = noteTold(book, notice);
      told.push(notice);
    } catch (error) {
      undelivered.push({ notice, error });
      failed.add(channel.name);
    }
  }
  await stored.write({ ...book, claimedUntil: 0 });
  return { told, undelivered, left: notices.length - told.length };
}

async function takeSnapshot(
  { tracker, targets, settings, now }: Loader,
  { book, trouble, countsIdle = true }: TellOptions & { readonly book: AlertBook },
): Promise<AlertSnapshot> {
  const lanes = (await tracker.lanes()).filter(({ target }) => targets.has(target));
  const counts = new Map<string, Awaited<ReturnType<typeof tracker.counts>>>();
  for (const { target, state, fence, arrivals } of lanes) {
    const isUntouched = fence === 0 && arrivals === 0;
    if (!isUntouched && (countsIdle || state.kind !== 'idle')) {
      counts.set(target, await tracker.counts(target));
    }
  }
  const open: readonly Condition[] = book.conditions.map(({ condition }) => condition);
  return {
    now: now(),
    gate: await tracker.gate(),
    maxHoldMs: settings.maxHoldMs ?? DEFAULT_MAX_HOLD_MS,
    lanes,
    counts,
    freshnessMs: new Map([...targets].map(([name, { batching }]) => [name, batching.freshnessMs])),
    trouble,
    open,
  };
}
