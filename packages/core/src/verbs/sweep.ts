import { type AdvanceOutcome, advance } from './advance.ts';
import type { Loader } from './loader.ts';
import { settle } from './settle.ts';
import type { SettleOutcome } from './settle-outcome.ts';

export interface SweepReport {
  readonly settled: ReadonlyMap<string, SettleOutcome>;
  readonly advanced: ReadonlyMap<string, AdvanceOutcome>;
}

/**
 * The net below everything: looks at every lane, settles jobs whose lease is over, moves on what is due. Finds lanes
 * whose wake was lost, whose worker died, whose completion event never came.
 */
export async function sweep(
  loader: Loader,
  { isAlone = false, drain = false }: { isAlone?: boolean; drain?: boolean } = {},
): Promise<SweepReport> {
  const settled = new Map<string, SettleOutcome>();
  const advanced = new Map<string, AdvanceOutcome>();
  for (const target of loader.targets.keys()) {
    const { state } = await loader.tracker.lane(target);
    if (state.kind === 'submitting' || state.kind === 'running') {
      const isOver = isAlone || loader.now() >= state.leaseUntil;
      if (isOver) settled.set(target, await settle(loader, target, { isAlone }));
    }
    advanced.set(target, await advance(loader, target, { drain }));
  }
  return { settled, advanced };
}
