import { describe, expect, it } from 'vitest';
import type { Condition, Severity } from '../ports/alerts.ts';
import { dropChannels, freshBook, noteTold, planNotices } from './alert-book.ts';

const condition = (key: string, severity: Severity = 'warning'): Condition => ({
  key,
  kind: 'lane-held',
  severity,
  title: key,
  text: '',
  target: null,
  since: 0,
  hint: null,
});
const A = { name: 'a', from: 'info' } as const;
const PAGER = { name: 'pager', from: 'error' } as const;

function tell(
  book = freshBook(),
  current: readonly Condition[] = [],
  channels: readonly (typeof A | typeof PAGER)[] = [A],
) {
  const notices = planNotices(book, current, channels);
  return {
    said: notices.map(
      ({ channel, kind, condition: { key, severity } }) => `${channel} ${kind} ${key} ${severity}`,
    ),
    book: notices.reduce(noteTold, book),
  };
}

describe('a condition', () => {
  it('is told once, again when it gets worse and not when it gets better, and its end once', () => {
    const first = tell(freshBook(), [condition('x')]);
    expect(first.said).toEqual(['a raise x warning']);
    expect(tell(first.book, [condition('x')]).said).toEqual([]);
    const worse = tell(first.book, [condition('x', 'error')]);
    expect(worse.said).toEqual(['a raise x error']);
    expect(tell(worse.book, [condition('x', 'warning')]).said).toEqual([]);
    const over = tell(worse.book);
    expect(over.said).toEqual(['a recover x error']);
    expect(over.book).toEqual(freshBook());
    expect(tell(over.book, [condition('x')]).said).toEqual(['a raise x warning']);
  });

  it('is told to a channel from its severity on, and ends only there', () => {
    const first = tell(freshBook(), [condition('x')], [A, PAGER]);
    expect(first.said).toEqual(['a raise x warning']);
    expect(tell(first.book, [], [A, PAGER]).said).toEqual(['a recover x warning']);
    const worse = tell(first.book, [condition('x', 'critical')], [A, PAGER]);
    expect(worse.said).toEqual(['a raise x critical', 'pager raise x critical']);
  });

  it('that comes back before its end was told is not told again', () => {
    const { book } = tell(freshBook(), [condition('x')]);
    expect(planNotices(book, [], [A])).toHaveLength(1);
    expect(tell(book, [condition('x')]).said).toEqual([]);
  });

  it('is forgotten with the channel that was told of it', () => {
    const { book } = tell(freshBook(), [condition('x')]);
    expect(dropChannels(book, [PAGER])).toEqual(freshBook());
    expect(dropChannels(book, [A])).toEqual(book);
  });
});
