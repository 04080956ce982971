import { LANES_OF, MECHANISMS, type Mechanism } from './mechanism.ts';
import { runSeeds } from './run-seeds.ts';

/** Who noticed that a mechanism was missing. */
export interface Catch {
  readonly mechanism: Mechanism;
  /** The seed and the checker that noticed first; null: nobody did. */
  readonly caughtBy: { readonly seed: number; readonly checker: string; readonly text: string } | null;
  readonly seeds: number;
}

/** Takes one mechanism away and runs seeds until somebody notices. */
export async function findCatcher(
  mechanism: Mechanism,
  { from, seeds }: { from: number; seeds: number },
): Promise<Catch> {
  const report = await runSeeds({
    from,
    seeds,
    without: mechanism,
    stopsAtFirst: true,
    kinds: LANES_OF[mechanism],
  });
  const [first] = report.failed;
  const [violation] = first?.violations ?? [];
  const caughtBy =
    first === undefined || violation === undefined
      ? null
      : { seed: first.seed, checker: violation.checker, text: violation.text };
  return { mechanism, caughtBy, seeds: report.seeds };
}

/** The table of docs/simulation.md, one line per mechanism. */
export async function* tellCatchers(options: { from: number; seeds: number }): AsyncGenerator<string> {
  yield '| mechanism | taken away | noticed by | within seeds |';
  yield '|---|---|---|---|';
  for (const mechanism of Object.keys(MECHANISMS) as Mechanism[]) {
    const { caughtBy, seeds } = await findCatcher(mechanism, options);
    yield `| ${mechanism} | ${MECHANISMS[mechanism]} | ${caughtBy?.checker ?? '**nobody**'} | ${seeds} |`;
  }
}
