import type { TrackedFile } from '../../file/load-file.ts';
import type { Lane } from '../../lane/lane.ts';
import type { TraceStep } from '../../ports/trace.ts';
import { GATE_CODES, type Gate } from '../../recover/gate.ts';
import { PARTITION_WAITS } from '../../verbs/advance.ts';
import { HOLD_TODOS } from '../hold-todos.ts';
import type { PartitionWait } from './find-partition-wait.ts';

/** What a file that waits is judged by, all read at about one instant. */
export interface WaitContext {
  readonly file: TrackedFile;
  readonly lane: Lane;
  readonly lanes: readonly Lane[];
  readonly gate: Gate;
  /** Files of the line that go before it; null: more than were looked at. */
  readonly ahead: number | null;
  /** Of a target that is loaded partition by partition. */
  readonly partition?: PartitionWait | undefined;
  readonly maxLoads: number;
  readonly sweepMs: number;
  readonly now: number;
}

/** What a wait is, without the station: that of the line. */
export type WaitFinding = Pick<TraceStep, 'mark' | 'code' | 'text' | 'todo'>;

/** A due lane that nobody has moved for as many sweeps as this: nobody works on it. */
const SLEPT_SWEEPS = 3;

/**
 * Exactly why a waiting file is not being loaded now: the first thing that would have to end. Pure.
 *
 * In the order in which the lane itself looks: a pause, what the lane has in hand, its hold, a backoff, what the file's
 * partition waits for, the budget, the deadline.
 */
export function explainWait(context: WaitContext): WaitFinding {
  const { lane, gate, now } = context;
  const { state } = lane;
  if (gate.pause !== null) {
    const { by, why } = gate.pause;
    return stopped('warehouse-paused', `the whole warehouse is paused by ${by}: ${why}`, '`millrace resume`');
  }
  if (state.kind === 'paused' || lane.pauseAsked !== null) {
    const { by, why } = state.kind === 'paused' ? state : (lane.pauseAsked ?? { by: '', why: '' });
    return stopped(
      'paused',
      `${lane.target} is paused by ${by}: ${why}`,
      `\`millrace resume ${lane.target}\``,
    );
  }
  if (state.kind === 'submitting' || state.kind === 'running') {
    const since = now - state.job.submittedAt;
    return waiting(
      'lane-busy',
      `job ${state.job.id} of ${lane.target} holds the lane since ${span(since)} (one load per target at a time), and does not have this file${lineText(context)}`,
    );
  }
  // A lane whose partitions all wait is held for the first of them: which is another one's reason.
  if (state.kind === 'held' && state.code !== PARTITION_WAITS) return explainHold(context, state);
  if (gate.hold !== null && now < gate.hold.until) {
    return waiting(
      GATE_CODES.outage,
      `the warehouse is away: ${gate.hold.reason}; looked at again in ${span(gate.hold.until - now)}`,
    );
  }
  return explainTurn(context);
}

function explainHold({ now }: WaitContext, state: Extract<Lane['state'], { kind: 'held' }>): WaitFinding {
  const again = state.until > now ? `looked at again in ${span(state.until - now)}` : 'looked at again now';
  switch (state.code) {
    case GATE_CODES.window:
      return waiting(
        'window',
        `${state.reason}; loaded as soon as it is over, in ${span(state.until - now)}`,
      );
    case GATE_CODES.outage:
      return waiting(GATE_CODES.outage, `the warehouse is away: ${state.reason}; ${again}`);
    case GATE_CODES.pause:
      return stopped('warehouse-paused', state.reason, '`millrace resume`');
    default:
      return stopped(
        `held:${state.code}`,
        `the lane is held since ${span(now - state.since)}: ${state.reason}; ${again}`,
        HOLD_TODOS.get(state.code) ?? 'mend what the reason names; the lane then goes on by itself',
      );
  }
}

function explainTurn(context: WaitContext): WaitFinding {
  const { lane, lanes, maxLoads, sweepMs, now } = context;
  const { state } = lane;
  if (lane.notBeforeAt > now) {
    const { failures } = lane;
    return waiting(
      'backoff',
      `${failures} ${failures === 1 ? 'load' : 'loads'} of the lane failed in a row; the next try is in ${span(lane.notBeforeAt - now)}`,
    );
  }
  const own = explainPartition(context);
  if (own !== undefined) return own;
  const running = lanes.filter(
    ({ target, state: { kind } }) => target !== lane.target && (kind === 'submitting' || kind === 'running'),
  );
  const isInLine = state.kind === 'waiting' && state.deadlineAt !== undefined;
  if (isInLine && running.length >= maxLoads) {
    const names = running.slice(0, 3).map(({ target }) => target);
    return waiting(
      'budget',
      `due, and all ${maxLoads} places on the warehouse are taken (by ${names.join(', ')}${running.length > 3 ? ' …' : ''}); the nearest deadline goes first`,
    );
  }
  if (state.kind === 'waiting' && state.dueAt > now) {
    return waiting(
      'not-due',
      `not due until ${toText(state.dueAt)}, in ${span(state.dueAt - now)}: the lane gathers files within its freshness${lineText(context)}`,
    );
  }
  if (lane.suspects !== null && lane.suspects > 0) {
    return waiting(
      'searching',
      `among the lane's oldest ${lane.suspects} files is a bad one that the warehouse did not name; it is being looked for by halves`,
    );
  }
  const dueSince = state.kind === 'waiting' ? state.dueAt : context.file.file.arrivedAt;
  if (now - dueSince > SLEPT_SWEEPS * sweepMs) {
    return stopped(
      'nobody-works',
      `due since ${span(now - dueSince)}, and nobody has looked at the lane`,
      'start `millrace up`, or look at the log of the functions: nothing loads this target',
    );
  }
  return waiting('due', `due now; the next look at the lane takes it${lineText(context)}`);
}

/** What the file's partition waits for; undefined: nothing of its own. */
function explainPartition({ partition, now }: WaitContext): WaitFinding | undefined {
  if (partition === undefined) return undefined;
  const { name, state } = partition;
  switch (state.kind) {
    case 'held':
      return stopped(
        'partition-held',
        state.reason,
        state.hint ?? 'mend what the reason names; the partition then follows by itself',
      );
    case 'unmarked':
      return waiting(
        'partition-unmarked',
        `partition ${name} waits for its ${state.marker}: it is loaded as a whole when that is there`,
      );
    case 'quiet':
      return waiting(
        'partition-unquiet',
        `partition ${name} is quiet when nothing has arrived in it for ${span(state.quietMs)}: at ${toText(state.until)}, in ${span(state.until - now)}, unless more comes`,
      );
    case 'ready':
      return undefined;
  }
}

function lineText({ ahead }: WaitContext): string {
  if (ahead === null) return '; thousands of files go before it';
  if (ahead === 0) return '; it is the first in line';
  return `; ${ahead} ${ahead === 1 ? 'file goes' : 'files go'} before it`;
}

function waiting(code: string, text: string): WaitFinding {
  return { mark: 'waiting', code, text, todo: null };
}

function stopped(code: string, text: string, todo: string): WaitFinding {
  return { mark: 'stopped', code, text, todo };
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** A length of time in the words of people: `8 s`, `3 min`, `2.5 h`. */
export function span(ms: number): string {
  const length = Math.max(0, ms);
  const [unit, size] = UNITS.find(([, unitMs]) => length >= 2 * unitMs) ?? ['s', 1_000];
  const number = length / size;
  return `${unit === 's' ? Math.ceil(number) : Math.round(number * 10) / 10} ${unit}`;
}

function toText(at: number): string {
  return new Date(at).toISOString();
}
