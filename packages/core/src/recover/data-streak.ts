import type { Evidence } from '../file/load-file.ts';
import type { EpochMs } from '../ports/time.ts';

/**
 * What the data failures of a lane since its last load have in common: what tells a changed table from bad files. Rows
 * that get in prove that the table still takes them, and what fails beside them is bad by itself.
 */
export interface DataStreak {
  /** When the first of its jobs was settled: what was put aside since then was put aside by it. */
  readonly since: EpochMs;
  /** Jobs that failed. */
  readonly failures: number;
  /** Files that were named or failed alone. */
  readonly found: number;
  /** Of these, files that may tell of a changed table: all files of their job were bad, and none had been redriven. */
  readonly bad: number;
  /** Of these, files that were taken out of a longer line as a sample. */
  readonly samples: number;
  /** What the bad ones have in common; null: nothing, or there are none yet. */
  readonly alike: { readonly code: string; readonly column: string | null } | null;
  /** The first of the bad ones, for people: what all others are compared with. Lanes of older releases have none. */
  readonly first?: FirstBad;
  /** How many of the oldest files were part of a job that failed. */
  readonly doubted: number;
  /** Files of that job, and how many of them have failed alone since: how long the stretch between two bad ones is. */
  readonly searched: number;
  readonly alone: number;
  /** Others of that job have loaded since: the doubted ones tell nothing of the table any more. */
  readonly isProven: boolean;
  /** The job in hand is one file, the one at this place of the line; null: it is not a sample. */
  readonly sampleAt: number | null;
  /** Since when the lane is held by it; every job is a sample then. Null: it is not. */
  readonly heldSince: EpochMs | null;
}

/** A bad file, with what the warehouse told of it. */
export interface FirstBad {
  readonly url: string;
  readonly evidence: Evidence;
}

/** The hold of a lane whose table, or whose files, have changed. */
export const DRIFT = 'drift';

/** How often such a lane looks again by itself. */
export const DRIFT_LOOK_MS = 60_000;

/** Failed jobs after which samples are taken: with the samples they are at most eight. */
const FAILURES_BEFORE_SAMPLES = 4;
/** The same, in files that one job named: a few failures can put many aside. */
const FOUND_BEFORE_SAMPLES = 16;
/** A sample of fewer would say little of the others. */
const MIN_LINE = 5;
const ALIKE_SAMPLES = 3;
const ANY_SAMPLES = 4;
/** Fewer bad files than this, each of a job of its own, are bad files. */
const MIN_BAD = 8;

/** What a data failure has shown. */
export interface DataFailure {
  readonly now: EpochMs;
  /** Files of the job. */
  readonly files: number;
  /** Those that were named or failed alone. */
  readonly found: number;
  /** When these were all files of the job: what is wrong with each that was not put aside before. */
  readonly bad: readonly Pick<Evidence, 'code' | 'column'>[];
  /** The first of these. */
  readonly first?: FirstBad | undefined;
}

/** The streak with one failure more. */
export function growStreak(streak: DataStreak | null, failure: DataFailure): DataStreak {
  const { now, files, found } = failure;
  const before = streak ?? newStreak(now);
  const { sampleAt, doubted } = before;
  const isDoubted = sampleAt === null ? files <= doubted : sampleAt < doubted;
  const bad = before.isProven && isDoubted ? [] : failure.bad;
  const first = before.first ?? (bad.length === 0 ? undefined : failure.first);
  const search = doubted === 0 ? { searched: 0, alone: 0 } : before;
  return {
    ...before,
    failures: before.failures + 1,
    found: before.found + found,
    bad: before.bad + bad.length,
    samples: before.samples + (sampleAt === null ? 0 : bad.length),
    alike: commonTo(before, bad),
    ...(first === undefined ? {} : { first }),
    doubted: sampleAt === null ? Math.max(doubted, files) - found : doubted - (isDoubted ? found : 0),
    searched: Math.max(search.searched, files),
    alone: search.alone + (files === 1 ? 1 : 0),
    isProven: before.isProven && (sampleAt !== null || isDoubted),
    sampleAt: null,
  };
}

/**
 * The streak as the next job takes it along. When a lane that is held loads a file, the table is as it should be: what stands in
 * the line beside it is bad by itself from then on, or the lane would go on by a file a minute.
 */
export function streakOfJob(
  streak: DataStreak | null,
  { sampleAt, line }: { sampleAt: number | null; line: number },
): DataStreak | null {
  if (streak === null) return null;
  return streak.heldSince === null
    ? { ...streak, sampleAt }
    : { ...streak, sampleAt, doubted: line, searched: 0, alone: 0 };
}

/** What is left of the streak when files have loaded: null when they were all that it was about. */
export function streakAfterLoad(
  streak: DataStreak | null,
  { now, files }: { now: EpochMs; files: number },
): DataStreak | null {
  if (streak === null) return null;
  const { sampleAt, doubted, searched, alone } = streak;
  const left = sampleAt === null ? doubted - files : doubted - (sampleAt < doubted ? 1 : 0);
  return left <= 0 ? null : { ...newStreak(now), doubted: left, searched, alone, isProven: true };
}

/** What is left of it when the line is empty: the next file may fail as the last one did. */
export function streakOfNone(streak: DataStreak | null): DataStreak | null {
  if (streak === null || streak.failures === 0 || streak.heldSince !== null) return null;
  return { ...streak, doubted: 0, isProven: false };
}

function newStreak(now: EpochMs): DataStreak {
  return {
    since: now,
    failures: 0,
    found: 0,
    bad: 0,
    samples: 0,
    alike: null,
    doubted: 0,
    searched: 0,
    alone: 0,
    isProven: false,
    sampleAt: null,
    heldSince: null,
  };
}

function commonTo(
  { alike, bad: known }: Pick<DataStreak, 'alike' | 'bad'>,
  bad: readonly Pick<Evidence, 'code' | 'column'>[],
): DataStreak['alike'] {
  const [first, ...others] = [
    ...(known === 0 ? [] : [alike]),
    ...bad.map(({ code, column = null }) => ({ code, column })),
  ];
  if (first === undefined || first === null) return null;
  const isCommon = others.every((one) => one?.code === first.code && one.column === first.column);
  return isCommon ? first : null;
}

/**
 * Whether the pattern says that the table changed and not that files are bad: samples from anywhere in the line fail
 * alike, or eight files fail with no load between them. Once held it says so until something loads.
 */
export function isDrift({ bad, samples, alike, heldSince }: DataStreak): boolean {
  if (heldSince !== null || bad >= MIN_BAD || samples >= ANY_SAMPLES) return true;
  return samples >= ALIKE_SAMPLES && alike !== null;
}

/**
 * Which file of the line is tried alone, if one is: with a lane that is held always one, else one from behind the
 * suspects, and from behind what tells nothing, when nothing has loaded for a while, so that the line says whether any of it can be loaded.
 *
 * Every second look of a held lane takes the youngest, for what arrives after a correction is good; the others go
 * around the line, so that no bad file is looked at for ever.
 *
 * @param suspects how many of the oldest hold a bad one that was not named.
 * @returns its place in the line; null: no sample is taken.
 */
export function pickSample(
  streak: DataStreak | null,
  { line, suspects }: { line: number; suspects: number },
): number | null {
  if (streak === null || line === 0) return null;
  const { failures, found, heldSince, isProven, doubted } = streak;
  if (heldSince !== null) return failures % 2 === 1 ? line - 1 : spread(failures, line);
  if (failures < FAILURES_BEFORE_SAMPLES && found < FOUND_BEFORE_SAMPLES) return null;
  const from = Math.max(suspects, isProven ? doubted : 0);
  const others = line - from;
  return others < MIN_LINE ? null : from + spread(failures, others);
}

/** Bad files in one search after which there are probably more. */
const MANY_ALONE = 4;

/**
 * How many of the oldest files are tried next when nobody is suspected in particular. While few files of a search were
 * bad, all: there are probably no more. Then about as many as have one bad file among them, for of a longer stretch the
 * answer is known beforehand.
 */
export function stretchToTry(streak: DataStreak | null): number {
  if (streak === null || streak.doubted === 0 || streak.alone < MANY_ALONE) return Number.POSITIVE_INFINITY;
  return Math.ceil(streak.searched / streak.alone);
}

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Places that are as far as can be from those before, whatever the length of the line. */
function spread(count: number, line: number): number {
  return Math.floor(((count * GOLDEN_RATIO) % 1) * line);
}
