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
import { countBroken } from './count-broken.ts';
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
  /** All that there are: what others were told is forgotten. */
  readonly channels: readonly AlertChannel[];
  /** The name of the channel that is told; all are without it. */
  readonly only?: string;
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
  /** Notices that were left for the next turn: it was too late, their channel failed, or somebody else is telling it. */
  readonly left: number;
}

/** Longer than any turn of telling: what a worker claimed and died over is told by the next one then. */
const CLAIM_MS = 2 * 60_000;
/** Others may change the book between reading and claiming, so often: then the next look tells. */
const MAX_CLAIMS = 10;

/**
 * Looks for conditions and tells every channel what it does not know yet. Decides nothing about loads, and is called beside
 * them: whatever it throws costs no file anything.
 *
 * Channels are told side by side, each in the order of its own notices: one that is slow or away keeps nothing from the
 * others. Of several workers one tells a channel. A worker that dies between telling and noting it down leaves something
 * that is told twice.
 */
export async function tellAlerts(loader: Loader, options: TellOptions): Promise<TellReport> {
  const { channels, only, site, withinMs } = options;
  const deadlineAt = loader.now() + withinMs;
  const stored = new StoredBook(loader.objects, { control: loader.settings.control, site });
  const meant = only === undefined ? channels : channels.filter(({ name }) => name === only);
  for (let nth = 0; nth < MAX_CLAIMS; nth += 1) {
    const stale = await stored.read();
    if (stale === undefined) break;
    const read = dropChannels(stale, channels);
    const seen = countBroken(read, options.trouble.broken);
    const trouble = { ...options.trouble, broken: seen.broken };
    const current = findConditions(await takeSnapshot(loader, { ...options, trouble, book: read }));
    const planned = planNotices(read, current, meant);
    const now = loader.now();
    const claims = Object.fromEntries(Object.entries(read.claims).filter(([, until]) => now < until));
    const notices = planned.filter(({ channel }) => claims[channel] === undefined);
    if (notices.length === 0 && !seen.isNews) return { told: [], undelivered: [], left: planned.length };
    const own = Object.fromEntries(notices.map(({ channel }) => [channel, now + CLAIM_MS]));
    const claimed = await stored.write({ ...read, broken: seen.kept, claims: { ...claims, ...own } });
    if (claimed === undefined) continue;
    const busy = planned.length - notices.length;
    const { told, undelivered } = await deliver(loader, { notices, channels: meant, deadlineAt, stored });
    return { told, undelivered, left: busy + notices.length - told.length };
  }
  return { told: [], undelivered: [], left: 1 };
}

interface Delivered {
  readonly told: readonly Notice[];
  readonly undelivered: readonly UndeliveredNotice[];
}

async function deliver(
  loader: Loader,
  {
    notices,
    channels,
    deadlineAt,
    stored,
  }: {
    notices: readonly Notice[];
    channels: readonly AlertChannel[];
    deadlineAt: EpochMs;
    stored: StoredBook;
  },
): Promise<Delivered> {
  const delivered = await Promise.all(
    channels.map(async (channel): Promise<Delivered> => {
      const own = notices.filter((notice) => notice.channel === channel.name);
      if (own.length === 0) return { told: [], undelivered: [] };
      const result = await deliverInOrder(loader, { channel, notices: own, deadlineAt });
      // Noted down as soon as this channel is through: a slow one beside it may outlive the worker.
      await stored.change((book) => {
        const { [channel.name]: _, ...claims } = book.claims;
        return { ...result.told.reduce(noteTold, book), claims };
      });
      return result;
    }),
  );
  return {
    told: delivered.flatMap(({ told }) => told),
    undelivered: delivered.flatMap(({ undelivered }) => undelivered),
  };
}

async function deliverInOrder(
  { now }: Loader,
  {
    channel,
    notices,
    deadlineAt,
  }: { channel: AlertChannel; notices: readonly Notice[]; deadlineAt: EpochMs },
): Promise<Delivered> {
  const told: Notice[] = [];
  for (const notice of notices) {
    if (now() >= deadlineAt) break;
    try {
      await channel.alerts[notice.kind](notice.condition, { now: now() });
      told.push(notice);
    } catch (error) {
      // The rest of a channel that does not answer waits for the next turn: each would wait as long as the first.
      return { told, undelivered: [{ notice, error }] };
    }
  }
  return { told, undelivered: [] };
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
