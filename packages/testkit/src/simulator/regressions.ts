/** A seed that once had a violation, and what it was. */
export interface Regression {
  readonly seed: number;
  readonly why: string;
}

/**
 * Seeds that found something. A change of the verbs changes what a seed does, so each defect has a test of its own too;
 * the seeds stay because what was bad once is a good place to look.
 */
export const REGRESSIONS: readonly Regression[] = [
  {
    seed: 1,
    why: 'after an outage, with a budget of one, a lane without a place took every look at the gate, and the claimed job of a dead worker was never let in',
  },
  {
    seed: 33,
    why: 'the next look after an outage was due at a fraction of a millisecond, which made a job id that no statement name can be read by',
  },
  {
    seed: 159,
    why: 'a worker that stood still superseded a version that a job in hand had loaded: allowed, for settling that job mends it',
  },
  {
    seed: 126,
    why: 'by the clocks of two workers a load took less than no time, and its lane waited beyond its freshness',
  },
  {
    seed: 2114,
    why: 'a job that a dead worker had sent was throttled when it was sent again, and its lane left it as failed though it had committed',
  },
  {
    seed: 23765,
    why: 'a worker that stood still between its claim and its first submission sent a job that had been given up, beside the next one',
  },
];
