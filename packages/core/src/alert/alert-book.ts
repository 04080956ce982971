import { type Condition, SEVERITIES, type Severity } from '../ports/alerts.ts';
import type { EpochMs } from '../ports/time.ts';

/** A condition that somebody was told of, and how. */
export interface ToldCondition {
  /** As it was told last. */
  readonly condition: Condition;
  /** By channel: how severe it was when it was told there. */
  readonly told: Readonly<Record<string, Severity>>;
}

/** What was told, and is not over or not known to be over. Kept, so that a restart tells nothing twice. */
export interface AlertBook {
  /** Moves with every change; what changes are conditional on. */
  readonly version: number;
  /** By channel: until then somebody is about to tell it, and others wait for what that comes to. */
  readonly claims: Readonly<Record<string, EpochMs>>;
  /** Lanes that could not be looked at, while it is not known yet whether that lasts. By target. */
  readonly broken: Readonly<Record<string, BreakCount>>;
  readonly conditions: readonly ToldCondition[];
}

/** How often a lane could not be looked at, and since when. */
export interface BreakCount {
  readonly since: EpochMs;
  readonly times: number;
}

export function freshBook(): AlertBook {
  return { version: 0, claims: {}, broken: {}, conditions: [] };
}

/** Who is told, and from which severity on. */
export interface ChannelRule {
  readonly name: string;
  readonly from: Severity;
}

/** Something that one channel is still to be told. */
export interface Notice {
  readonly channel: string;
  readonly kind: 'raise' | 'recover';
  readonly condition: Condition;
}

/**
 * What the channels are still to be told: conditions that are new to them or have become more severe, and the end of those
 * that they were told of. A condition that ended and came back before its end was told is not told again.
 */
export function planNotices(
  book: AlertBook,
  current: readonly Condition[],
  channels: readonly ChannelRule[],
): readonly Notice[] {
  const known = new Map(book.conditions.map((one) => [one.condition.key, one]));
  const keys = new Set(current.map(({ key }) => key));
  return channels.flatMap(({ name, from }) => [
    ...current.flatMap((condition): Notice[] => {
      const told = known.get(condition.key)?.told[name];
      const isNews = rank(condition.severity) >= rank(from) && rank(condition.severity) > rank(told);
      return isNews ? [{ channel: name, kind: 'raise', condition }] : [];
    }),
    ...book.conditions.flatMap(({ condition, told }): Notice[] => {
      const isOver = told[name] !== undefined && !keys.has(condition.key);
      return isOver ? [{ channel: name, kind: 'recover', condition }] : [];
    }),
  ]);
}

/** The book after a notice was delivered. */
export function noteTold(book: AlertBook, { channel, kind, condition }: Notice): AlertBook {
  const before = book.conditions.find((one) => one.condition.key === condition.key);
  const others = book.conditions.filter((one) => one !== before);
  const { [channel]: _, ...rest } = before?.told ?? {};
  const told = kind === 'raise' ? { ...rest, [channel]: condition.severity } : rest;
  if (Object.keys(told).length === 0) return { ...book, conditions: others };
  const since = before?.condition.since ?? condition.since;
  return { ...book, conditions: [...others, { condition: { ...condition, since }, told }] };
}

/** Forgets what channels were told that are not configured any more: nobody can tell them the end. */
export function dropChannels(book: AlertBook, channels: readonly ChannelRule[]): AlertBook {
  const names = new Set(channels.map(({ name }) => name));
  const conditions = book.conditions.flatMap(({ condition, told }) => {
    const kept = Object.fromEntries(Object.entries(told).filter(([name]) => names.has(name)));
    return Object.keys(kept).length === 0 ? [] : [{ condition, told: kept }];
  });
  return { ...book, conditions };
}

function rank(severity: Severity | undefined): number {
  return severity === undefined ? -1 : SEVERITIES.indexOf(severity);
}
