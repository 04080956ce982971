import type { Lane } from '../lane/lane.ts';
import type { Availability } from '../ports/availability.ts';
import type { EpochMs } from '../ports/time.ts';
import {
  DEFAULT_MAX_HOLD_MS,
  GATE_CODES,
  type Gate,
  type GateCode,
  isOverdue,
  judgeProbes,
  nextLookAt,
  type OutageHold,
} from '../recover/gate.ts';
import { earliestStart, joinWindows, windowsBetween } from '../recover/windows/maintenance-window.ts';
import { askProbe, holdAll, reopen } from './hold-warehouse.ts';
import type { Loader } from './loader.ts';

export type GateLook =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'shut';
      readonly code: GateCode;
      readonly reason: string;
      readonly until: EpochMs;
      /** When this lane is to be woken; null: somebody else wakes it. */
      readonly wakeAt: EpochMs | null;
    };

/** Somebody else changed the gate meanwhile, so often: then the lane waits for the next look. */
const MAX_LOOKS = 5;
/** A lane before a paused warehouse is woken by the end of the pause; should that wake be lost, it looks then. */
const PAUSE_LOOK_MS = 5 * 60_000;

/** What a load may take, for a lane that never had one. */
const UNKNOWN_LOAD_MS = 60_000;
/** A load takes longer than lately when more has gathered, or when others run beside it. */
const LEAD_FACTOR = 2;
const LEAD_MARGIN_MS = 5_000;

/**
 * Whether a lane that is due may submit: no pause, no window that its load would likely run into, no outage.
 *
 * The first look after a hold's `until` is taken by one lane, for all: it asks the probes, and where there is none it is
 * let in itself. Whoever finds the warehouse back wakes the others.
 *
 * @param gate as the caller has just read it.
 * @param mayLoad whether there is a place for the lane's load: a lane that cannot load leaves the look to one that can.
 */
export async function lookAtGate(
  loader: Loader,
  lane: Lane,
  { gate: known, mayLoad = true }: { gate?: Gate; mayLoad?: boolean } = {},
): Promise<GateLook> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const gate = look === 0 && known !== undefined ? known : await loader.tracker.gate();
    const outcome = await lookOnce(loader, lane, { gate, mayLoad });
    if (outcome !== 'look-again') return outcome;
  }
  const until = loader.now() + 1_000;
  return shutBy('outage', { reason: 'the gate is being changed', until, wakeAt: until });
}

async function lookOnce(
  loader: Loader,
  lane: Lane,
  { gate, mayLoad }: { gate: Gate; mayLoad: boolean },
): Promise<GateLook | 'look-again'> {
  const now = loader.now();
  if (gate.pause !== null) {
    const { by, why } = gate.pause;
    const reason = `the warehouse is paused by ${by}: ${why}`;
    return shutBy('pause', { reason, until: now + PAUSE_LOOK_MS, wakeAt: null });
  }
  const state = await loader.availability?.state?.();
  const window = nextWindowFor(loader, { lane, now, windows: state?.windows ?? [] });
  if (window !== null) return window;
  if (gate.hold === null) {
    if (state?.kind !== 'unavailable') return { kind: 'open' };
    const hold = await holdAll(loader, gate, { target: lane.target, reason: state.reason });
    return hold === undefined ? 'look-again' : shutFor(hold, { wakes: true });
  }
  if (now < gate.hold.until) return shutFor(gate.hold, { wakes: false });
  // The look may be the load itself. Taken by a lane without a place it would come to nothing, again and again, and the
  // claimed job of a dead worker, which has the place and waits here too, would never be let in.
  if (!mayLoad) return shutFor(gate.hold, { wakes: false });
  return examine(loader, { lane, gate, hold: gate.hold, state });
}

/** The hold's time is up: one lane looks, the others see it renewed. */
async function examine(
  loader: Loader,
  {
    lane,
    gate,
    hold,
    state,
  }: {
    lane: Lane;
    gate: Gate;
    hold: OutageHold;
    state: Awaited<ReturnType<NonNullable<Availability['state']>>>;
  },
): Promise<GateLook | 'look-again'> {
  const now = loader.now();
  const isTried = isOverdue(hold, now, loader.settings.maxHoldMs ?? DEFAULT_MAX_HOLD_MS);
  const renewed: OutageHold = {
    ...hold,
    until: nextLookAt(hold.since, now),
    triedAt: isTried ? now : hold.triedAt,
  };
  if (!(await loader.tracker.putGate({ ...gate, hold: renewed }))) return 'look-again';
  const mine: Gate = { ...gate, version: gate.version + 1, hold: renewed };
  if (isTried) {
    const { reason, since } = hold;
    const event = {
      kind: 'warehouse-held',
      target: lane.target,
      reason,
      since,
      isOverdue: true,
      at: now,
    } as const;
    if (hold.triedAt === null) loader.onEvent(event);
    // The evidence may be wrong, and would be for ever: the load itself is the probe now.
    return { kind: 'open' };
  }
  const lanes = await loader.tracker.lanes();
  const hasLoaded = lanes.some(({ lastLoadedAt }) => lastLoadedAt !== null && lastLoadedAt > hold.since);
  const probe = hasLoaded ? null : await askProbe(loader);
  const verdict = hasLoaded ? ({ kind: 'here' } as const) : judgeProbes(state, probe);
  if (verdict.kind === 'here') {
    await reopen(loader, mine, { target: lane.target });
    return { kind: 'open' };
  }
  // Where no statement may be asked, the first load that waits is the probe.
  if (verdict.kind === 'unclear' && probe === null) return { kind: 'open' };
  return shutFor(renewed, { wakes: true });
}

function nextWindowFor(
  loader: Loader,
  { lane, now, windows: ofCluster }: { lane: Lane; now: EpochMs; windows: Parameters<typeof joinWindows>[0] },
): GateLook | null {
  const lead = lane.loadMs === null ? UNKNOWN_LOAD_MS : lane.loadMs * LEAD_FACTOR + LEAD_MARGIN_MS;
  const span = { from: now, to: now + lead };
  const configured = windowsBetween(loader.settings.windows ?? [], span);
  const windows = joinWindows([...configured, ...ofCluster]);
  const until = earliestStart(now, lead, windows);
  if (until === now) return null;
  const next = windows.find(({ endsAt }) => endsAt > now);
  const reason =
    next === undefined
      ? 'maintenance window'
      : `maintenance window from ${toText(next.startsAt)} to ${toText(next.endsAt)}`;
  return shutBy('window', { reason, until, wakeAt: until });
}

function toText(at: EpochMs): string {
  return new Date(at).toISOString().replace(/:\d{2}\.\d+Z$/u, 'Z');
}

function shutFor({ reason, until }: OutageHold, { wakes }: { wakes: boolean }): GateLook {
  return shutBy('outage', { reason, until, wakeAt: wakes ? until : null });
}

function shutBy(
  by: keyof typeof GATE_CODES,
  rest: Pick<Extract<GateLook, { kind: 'shut' }>, 'reason' | 'until' | 'wakeAt'>,
): GateLook {
  return { kind: 'shut', code: GATE_CODES[by], ...rest };
}
