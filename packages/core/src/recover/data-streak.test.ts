import { describe, expect, it } from 'vitest';
import {
  type DataStreak,
  growStreak,
  isDrift,
  pickSample,
  streakAfterLoad,
  streakOfNone,
} from './data-streak.ts';

const DELAY = { code: '1207', column: 'delay' };
const NAME = { code: '1204', column: 'name' };

/** A streak after jobs of one file each that were bad. */
function afterSingles(
  bad: readonly { code: string; column: string }[],
  from: DataStreak | null = null,
): DataStreak | null {
  return bad.reduce<DataStreak | null>(
    (streak, one) => growStreak(streak, { now: 1, files: 1, found: 1, bad: [one] }),
    from,
  );
}

/** A streak after failures that named nobody. */
function afterFailures(count: number, { files = 500 }: { files?: number } = {}): DataStreak {
  let streak: DataStreak | null = null;
  for (let n = 0; n < count; n += 1) streak = growStreak(streak, { now: 1, files, found: 0, bad: [] });
  if (streak === null) throw new Error('there was no failure');
  return streak;
}

function afterSamples(before: DataStreak, bad: readonly { code: string; column: string }[]): DataStreak {
  let streak = before;
  for (const one of bad) {
    streak = growStreak({ ...streak, sampleAt: 300 }, { now: 1, files: 1, found: 1, bad: [one] });
  }
  return streak;
}

describe('a changed table', () => {
  it('is known by three samples that fail alike', () => {
    expect(isDrift(afterSamples(afterFailures(4), [DELAY, DELAY]))).toBe(false);
    expect(isDrift(afterSamples(afterFailures(4), [DELAY, DELAY, DELAY]))).toBe(true);
  });

  it('is known by four samples that fail at all', () => {
    expect(isDrift(afterSamples(afterFailures(4), [DELAY, NAME, DELAY]))).toBe(false);
    expect(isDrift(afterSamples(afterFailures(4), [DELAY, NAME, DELAY, NAME]))).toBe(true);
  });

  it('is known by eight files that come one by one, with no load between them', () => {
    const seven = afterSingles(Array.from({ length: 7 }, () => DELAY));
    expect(seven && isDrift(seven)).toBe(false);
    const eight = afterSingles([NAME], seven);
    expect(eight && isDrift(eight)).toBe(true);
    expect(eight?.alike).toBeNull();
  });

  it('is not known by eight files among which others loaded', () => {
    let streak = afterSingles(Array.from({ length: 7 }, () => DELAY));
    streak = streakAfterLoad(streak, { now: 2, files: 1 });
    expect(streak).toBeNull();
    streak = afterSingles([DELAY], streak);
    expect(streak && isDrift(streak)).toBe(false);
  });

  it('is not known by files that failed in a job of which others have loaded since', () => {
    const half = streakAfterLoad(afterFailures(5, { files: 20 }), { now: 2, files: 10 });
    expect(half).toMatchObject({ doubted: 10, isProven: true, failures: 0 });
    const all = afterSingles(
      Array.from({ length: 10 }, () => DELAY),
      half,
    );
    expect(all).toMatchObject({ bad: 0, doubted: 0 });
    // Those behind them tell of the table again.
    const more = afterSingles(
      Array.from({ length: 8 }, () => DELAY),
      all,
    );
    expect(more && isDrift(more)).toBe(true);
  });
});

describe('what the first bad file showed', () => {
  const showing = (name: string) => ({
    url: `s3://lake/${name}`,
    evidence: { ...DELAY, reason: 'Invalid digit', line: 3, rawValue: 'x', at: 1 },
  });
  const fail = (streak: DataStreak | null, name: string, bad = [DELAY]): DataStreak =>
    growStreak(streak, { now: 1, files: 1, found: 1, bad, first: showing(name) });

  it('stays with the streak through its samples and its hold, until something loads', () => {
    expect(fail(null, 'redriven', []).first).toBeUndefined();
    const streak = fail(fail(fail(null, 'redriven', []), 'a'), 'b');
    expect(streak.first).toEqual(showing('a'));
    const held = fail({ ...streak, heldSince: 1, sampleAt: 7 }, 'c');
    expect(held.first).toEqual(showing('a'));
    const next = streakAfterLoad({ ...held, doubted: 3 }, { now: 2, files: 1 });
    expect(next).not.toBeNull();
    expect(fail(next, 'd', []).first).toBeUndefined();
  });
});

describe('a sample', () => {
  it('is taken after four failures, or when many files were named, from behind the suspects', () => {
    expect(pickSample(null, { line: 500, suspects: 0 })).toBeNull();
    expect(pickSample(afterFailures(3), { line: 500, suspects: 62 })).toBeNull();
    expect(pickSample(afterFailures(4), { line: 500, suspects: 62 })).toBeGreaterThanOrEqual(62);
    const named = growStreak(null, { now: 1, files: 500, found: 100, bad: [] });
    expect(pickSample(named, { line: 400, suspects: 0 })).not.toBeNull();
  });

  it('is taken elsewhere each time, and never from too short a line', () => {
    const places = [4, 5, 6, 7, 8, 9].map((failures) =>
      pickSample(afterFailures(failures), { line: 500, suspects: 0 }),
    );
    expect(new Set(places).size).toBe(places.length);
    expect(pickSample(afterFailures(9), { line: 66, suspects: 62 })).toBeNull();
  });

  it('is the only job of a lane that is held: the youngest every second time, all others in turn', () => {
    const held = { ...afterFailures(7), heldSince: 1 };
    const looks = Array.from({ length: 60 }, (_, n) =>
      pickSample({ ...held, failures: 7 + n }, { line: 10, suspects: 0 }),
    );
    expect(looks.filter((place) => place === 9).length).toBeGreaterThanOrEqual(30);
    expect(new Set(looks)).toEqual(new Set(Array.from({ length: 10 }, (_, place) => place)));
    expect(pickSample(held, { line: 1, suspects: 0 })).toBe(0);
    expect(pickSample(held, { line: 0, suspects: 0 })).toBeNull();
  });
});

describe('an empty line', () => {
  it('lets the count go on, for files may come one by one, and ends a hold', () => {
    const streak = afterFailures(3);
    expect(streakOfNone(streak)).toMatchObject({ failures: 3, doubted: 0 });
    expect(streakOfNone({ ...streak, heldSince: 1 })).toBeNull();
    expect(streakOfNone(null)).toBeNull();
  });
});
