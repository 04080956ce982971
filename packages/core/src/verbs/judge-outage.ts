import type { EpochMs } from '../ports/time.ts';
import {
  type Doubt,
  GATE_CODES,
  isConfirmed,
  judgeProbes,
  nextLookAt,
  type Verdict,
} from '../recover/gate.ts';
import { UNAVAILABLE_HOLD_MS } from '../recover/retry-policy.ts';
import type { FailedJob } from './failed-job.ts';
import { askProbe, holdAll } from './hold-warehouse.ts';
import type { Loader } from './loader.ts';

/** What a lane does that found the warehouse away. */
export type OutageVerdict =
  /** All lanes wait: no attempt is spent. */
  | { readonly kind: 'away'; readonly reason: string; readonly forMs: number }
  /** Nobody could say: this lane waits, no attempt is spent, and the others find out for themselves. */
  | { readonly kind: 'unclear'; readonly forMs: number }
  /** It was away while the job ran, and is back: again, no attempt is spent. */
  | { readonly kind: 'over' }
  /** It is there for others: the failure is this lane's. */
  | { readonly kind: 'here' };

const MAX_LOOKS = 5;
/** How much later than the others a lane looks whose load was the probe. */
const TURN_MS = 5_000;

/**
 * Whether the warehouse is away, when a job failed as if it were. Others than that lane are held only when something says
 * so that does not depend on it: else one wrong secret would hold everybody.
 */
export async function judgeOutage(loader: Loader, failed: FailedJob): Promise<OutageVerdict> {
  const { lane, job } = failed;
  const { target } = lane;
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const now = loader.now();
    const gate = await loader.tracker.gate();
    if (gate.hold !== null) {
      // Its load was under way when the outage came, or was let in as its probe: the others wait on.
      const until = Math.max(gate.hold.until, nextLookAt(gate.hold.since, now));
      if (!(await loader.tracker.putGate({ ...gate, hold: { ...gate.hold, until } }))) continue;
      const isPassedOn = await passOn(loader, target, until);
      return { kind: 'away', reason: gate.hold.reason, forMs: until - now + (isPassedOn ? TURN_MS : 0) };
    }
    if (job !== null && gate.lastOutage !== null && job.submittedAt < gate.lastOutage.endedAt) {
      return { kind: 'over' };
    }
    const probed = judgeProbes(await loader.availability?.state?.(), await askProbe(loader));
    const verdict = probed.kind === 'unclear' ? await askLanes(loader, failed, gate.doubt) : probed;
    if (verdict.kind === 'here') return verdict;
    if (verdict.kind === 'unclear') {
      if (await loader.tracker.putGate({ ...gate, doubt: { target, at: now } })) break;
      continue;
    }
    const { reason } = verdict;
    const hold = await holdAll(loader, gate, { target, reason });
    if (hold !== undefined) return { kind: 'away', reason, forMs: hold.until - now };
  }
  return { kind: 'unclear', forMs: UNAVAILABLE_HOLD_MS };
}

/** The next look is another lane's, where one waits: what keeps this one from loading may be its own. */
async function passOn(loader: Loader, target: string, until: EpochMs): Promise<boolean> {
  const lanes = await loader.tracker.lanes();
  const held = lanes.filter(({ state }) => state.kind === 'held' && state.code === GATE_CODES.outage);
  const other = held.find((lane) => lane.target > target) ?? held.find((lane) => lane.target !== target);
  if (other !== undefined) await loader.wakes.wake(other.target, until);
  return other !== undefined;
}

/** Where no probe can tell, the other lanes' loads do. */
async function askLanes(
  loader: Loader,
  { lane: { target }, job, error }: FailedJob,
  doubt: Doubt | null,
): Promise<Verdict> {
  const others = (await loader.tracker.lanes()).filter((other) => other.target !== target);
  const lastLoadedAt = others.reduce<EpochMs | null>(
    (last, lane) => (lane.lastLoadedAt === null ? last : Math.max(last ?? 0, lane.lastLoadedAt)),
    null,
  );
  if (job !== null && lastLoadedAt !== null && lastLoadedAt > job.submittedAt) return { kind: 'here' };
  if (!isConfirmed(doubt, { target, now: loader.now(), lastLoadedAt })) return { kind: 'unclear' };
  return { kind: 'away', reason: `${doubt?.target} and ${target} found it away: ${error.message}` };
}
