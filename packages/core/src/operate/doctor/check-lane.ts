import { laneOfTarget } from '../../load/load-group.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import { GATE_CODES, isGateCode } from '../../recover/gate.ts';
import type { Loader } from '../../verbs/loader.ts';
import { HOLD_TODOS } from '../hold-todos.ts';
import { passes, warns } from './check-result.ts';

/** How a target's lane does: held, paused, with files in quarantine, or late. */
export async function checkLane({ tracker, now, targets }: Loader, target: string): Promise<CheckResult> {
  const check = `lane ${target}`;
  const { state } = await tracker.lane(laneOfTarget(targets, target));
  const { quarantined, waiting, oldestWaitingAt } = await tracker.counts(target);
  if (state.kind === 'held' && !isGateCode(state.code)) {
    const fix = HOLD_TODOS.get(state.code) ?? 'mend what the reason names; the lane then goes on by itself';
    return warns(check, `held (${state.code}): ${state.reason}`, fix);
  }
  if (state.kind === 'paused') {
    return warns(check, `paused by ${state.by}: ${state.why}`, `\`millrace resume ${target}\``);
  }
  if (quarantined > 0) {
    return warns(
      check,
      `${quarantined} ${quarantined === 1 ? 'file is' : 'files are'} quarantined`,
      `\`millrace failures --target ${target}\` tells why; \`millrace redrive\` takes them up again`,
    );
  }
  const freshnessMs = targets.get(target)?.batching.freshnessMs ?? Number.POSITIVE_INFINITY;
  const age = oldestWaitingAt === null ? 0 : now() - oldestWaitingAt;
  const isGated = state.kind === 'held' && (isGateCode(state.code) || state.code === GATE_CODES.outage);
  if (!isGated && age > Math.max(2 * freshnessMs, freshnessMs + LATE_MS)) {
    return warns(
      check,
      `${waiting} ${waiting === 1 ? 'file waits' : 'files wait'}, the oldest for ${Math.round(age / 1_000)} s`,
      '`millrace trace URL` tells why; is `millrace up` running, or are the functions?',
    );
  }
  return passes(check, state.kind === 'idle' ? 'nothing waits' : `${state.kind}, ${waiting} waiting`);
}

/** Beyond its freshness a file is late by this before it is worth a word: a load takes its time. */
const LATE_MS = 60_000;
