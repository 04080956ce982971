/** One way of doing the work. Called once per round with a number that no other call has. */
export type Contender = (round: number) => Promise<Seconds>;

/** Only what counts: setting a round up and clearing it away is not in it. */
export type Seconds = number;

/**
 * Measures contenders in turn, A B C A B C…, so that what else the machine does falls on all of them alike. Round 0
 * warms up and is not counted.
 *
 * @param collects whether garbage is collected before each contender: that of one must not fall into the time of the
 * next. Not for work of milliseconds, which is slower right after a collection.
 * @returns the seconds of every counted round, per contender.
 */
export async function sideBySide<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, Contender>>,
  { collects = true }: { collects?: boolean } = {},
): Promise<Record<Name, Seconds[]>> {
  const names = Object.keys(contenders) as Name[];
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Seconds[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      if (collects) globalThis.gc?.();
      const seconds = await contenders[name](round);
      if (round > 0) taken[name].push(seconds);
    }
  }
  return taken;
}

export async function secondsOf(work: () => Promise<unknown>): Promise<Seconds> {
  const startedAt = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - startedAt) / 1e9;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}
