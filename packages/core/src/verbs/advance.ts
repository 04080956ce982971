import type { JobRef, Lane, LaneState } from '../lane/lane.ts';
import { deadlineOf } from '../lane/line.ts';
import { type BuiltJob, buildJob, writeJob } from '../load/build-job.ts';
import { type JobDocument, type JobFile, sortJobFiles } from '../load/job-document.ts';
import { laneNameOf } from '../load/load-group.ts';
import type { PartitionJob } from '../load/partition.ts';
import type { Replacement } from '../load/replacement.ts';
import type { TargetDefinition } from '../load/target-definition.ts';
import { ulid } from '../load/ulid.ts';
import type { EpochMs } from '../ports/time.ts';
import { streakOfJob, streakOfNone } from '../recover/data-streak.ts';
import { isGateCode, type Pause } from '../recover/gate.ts';
import { LoadError } from '../recover/load-error.ts';
import { type BatchChoice, chooseBatch, readLine } from './choose-batch.ts';
import { chooseFiles } from './choose-files.ts';
import { confirmFiles } from './confirm-files.ts';
import { fitFiles } from './fit-files.ts';
import { membersOf } from './group-line.ts';
import { holdAtGate } from './hold-at-gate.ts';
import { chanceOf, definitionOf, type Loader } from './loader.ts';
import { lookAtGate } from './look-at-gate.ts';
import { makeGroupJob } from './make-group-job.ts';
import { isPartitioned } from './next-partition.ts';
import { planPartition } from './plan-partition.ts';
import { settleFailure } from './settle-failure.ts';
import type { SettleOutcome } from './settle-outcome.ts';
import { type SubmitOutcome, submitJob } from './submit-job.ts';

export type AdvanceOutcome =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly dueAt: EpochMs }
  /** The warehouse runs as many loads as it may; a settled one makes room, for the nearest deadline first. */
  | { readonly kind: 'over-budget'; readonly deadlineAt: EpochMs }
  | { readonly kind: 'busy' }
  | { readonly kind: 'paused' }
  | SubmitOutcome
  | SettleOutcome;

/** The hold of a lane whose partitions wait for a marker, or for a file, at the end of a run. */
export const PARTITION_WAITS = 'partition-waits';

/** How soon a group is looked at again whose files are parts of a seal that is being announced. */
const UNANNOUNCED_MS = 1_000;

/** How often a lane is looked at again because files arrived, or left, while it was being decided. */
const MAX_LOOKS = 20;

/**
 * Looks at a lane and moves it on: due? free? warehouse available? budget? then plans a job, writes it down and submits it.
 *
 * At most one job of a lane is under way. Dying anywhere in here loses nothing and doubles nothing: what was written
 * down is found by the sweep.
 *
 * @param drain treats what waits as due: for runs that end when nothing waits.
 * @param lane the lane, when the caller has read it before: it is read again when it has moved since.
 */
export async function advance(
  loader: Loader,
  target: string,
  { drain = false, lane: known }: { drain?: boolean; lane?: Lane | undefined } = {},
): Promise<AdvanceOutcome> {
  // The targets of a group share a lane.
  const name = laneNameOf(definitionOf(loader, target));
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const definition = definitionOf(loader, name);
    // Lane first, then backlog, both read consistently: whatever arrives after the first read moves `arrivals`.
    const isKnown = look === 0 && known?.target === name;
    const lane = isKnown ? known : await loader.tracker.lane(name);
    const outcome = await advanceOnce(loader, { definition, lane, drain });
    if (outcome !== 'look-again') return outcome;
  }
  return { kind: 'lost-race' };
}

async function advanceOnce(
  loader: Loader,
  { definition, lane, drain }: { definition: TargetDefinition; lane: Lane; drain: boolean },
): Promise<AdvanceOutcome | 'look-again'> {
  const now = loader.now();
  if (lane.state.kind === 'submitting' || lane.state.kind === 'running') return { kind: 'busy' };
  if (lane.state.kind === 'paused') return { kind: 'paused' };
  if (lane.pauseAsked !== null) return pauseNow(loader, lane, lane.pauseAsked);
  if (lane.state.kind === 'held' && now < lane.state.until && !isGateCode(lane.state.code))
    return { kind: 'held', until: lane.state.until, code: lane.state.code };

  const members = membersOf(loader, definition);
  const backlog = await readLine(loader, { definition, lane, members });
  if (backlog === 'look-again') return 'look-again';
  if (backlog.loadable.length === 0) return goIdle(loader, lane);

  const choice = await chooseBatch(loader, { definition, lane, backlog, members, drain, now });
  if (choice.kind === 'look-again') return 'look-again';
  if (choice.kind === 'later') return waitForPartition(loader, lane, { ...choice, drain });
  const { batch, sampleAt } = choice;
  const { batching: policy } = definition;
  const { lastLoadedAt } = lane;
  const due = Math.max(lane.notBeforeAt, choice.dueAt);
  if (due > now) return waitUntil(loader, lane, due);
  const { gate, lanes } = await loader.tracker.board();
  const hasPlace = hasBudget(loader, lane.target, lanes);
  const look = await lookAtGate(loader, lane, { gate, mayLoad: hasPlace });
  if (look.kind === 'shut') return holdAtGate(loader, lane, look);
  const deadlineAt = deadlineOf(batch, { policy, lastLoadedAt, now });
  if (!hasPlace) {
    await moveTo(loader, lane, { kind: 'waiting', dueAt: due, deadlineAt });
    return { kind: 'over-budget', deadlineAt };
  }
  const streak = streakOfJob(lane.streak, { sampleAt, line: backlog.loadable.length });
  const takesAll = batch.files.length === backlog.loadable.length && backlog.isWhole;
  return startJob(loader, { definition, lane: { ...lane, streak }, choice, takesAll, deadlineAt });
}

/** Partitions that are not ready keep nobody from sleeping; a run that ends when nothing waits is told what they wait for. */
async function waitForPartition(
  loader: Loader,
  lane: Lane,
  { lookAt, why, drain }: { lookAt: EpochMs; why: string; drain: boolean },
): Promise<AdvanceOutcome | 'look-again'> {
  if (!drain) return waitUntil(loader, lane, lookAt);
  const since = loader.now();
  const state = { kind: 'held', code: PARTITION_WAITS, reason: why, since, until: lookAt } as const;
  if (!(await moveTo(loader, lane, state))) return 'look-again';
  await loader.wakes.wake(lane.target, lookAt);
  return { kind: 'held', until: lookAt, code: PARTITION_WAITS };
}

/** The job that was in hand when somebody paused the lane has ended. */
async function pauseNow(loader: Loader, lane: Lane, pause: Pause): Promise<AdvanceOutcome | 'look-again'> {
  const paused: Lane = { ...lane, pauseAsked: null, state: { kind: 'paused', ...pause } };
  return (await loader.tracker.putLane(paused)) ? { kind: 'paused' } : 'look-again';
}

/** Only this transition depends on `arrivals`: a file that came after the backlog was read must not be slept through. */
async function goIdle(loader: Loader, lane: Lane): Promise<AdvanceOutcome | 'look-again'> {
  if (lane.state.kind === 'idle') return { kind: 'idle' };
  const isIdle = await loader.tracker.putLane(
    { ...lane, state: { kind: 'idle' }, suspects: null, streak: streakOfNone(lane.streak) },
    { ifArrivals: lane.arrivals },
  );
  return isIdle ? { kind: 'idle' } : 'look-again';
}

async function waitUntil(loader: Loader, lane: Lane, due: EpochMs): Promise<AdvanceOutcome | 'look-again'> {
  const isSame = lane.state.kind === 'waiting' && lane.state.dueAt === due;
  if (!isSame && !(await moveTo(loader, lane, { kind: 'waiting', dueAt: due }))) return 'look-again';
  await loader.wakes.wake(lane.target, due);
  return { kind: 'waiting', dueAt: due };
}

function moveTo(loader: Loader, lane: Lane, state: LaneState): Promise<boolean> {
  return loader.tracker.putLane({ ...lane, state });
}

/** Claims that were given back because they came at the same time try again within this, at different instants. */
const BUDGET_RETRY_MS = 250;

/** A slot is freed by a settled job, never by time alone. */
function hasBudget(loader: Loader, target: string, lanes: readonly Lane[]): boolean {
  const running = lanes.filter(
    ({ state, target: other }) =>
      other !== target && (state.kind === 'submitting' || state.kind === 'running'),
  );
  return running.length < loader.settings.maxLoads;
}

async function startJob(
  loader: Loader,
  {
    definition,
    lane,
    choice,
    takesAll,
    deadlineAt,
  }: {
    definition: TargetDefinition;
    lane: Lane;
    choice: Extract<BatchChoice, { kind: 'batch' }>;
    takesAll: boolean;
    deadlineAt: EpochMs;
  },
): Promise<AdvanceOutcome | 'look-again'> {
  if (choice.members !== undefined) {
    const { members, loadable } = choice;
    const made = await makeGroupJob(loader, { lane, members, loadable });
    switch (made.kind) {
      case 'look-again':
        return 'look-again';
      case 'failed':
        return made.outcome;
      case 'incomplete':
        return waitUntil(loader, lane, loader.now() + UNANNOUNCED_MS);
      case 'made': {
        const { job: written, document } = made;
        const job = choice.isWhole && made.takesAll ? { ...written, takesAllAt: lane.arrivals } : written;
        return claimAndSubmit(loader, { lane, job, document, deadlineAt });
      }
    }
  }
  const gathered = await gatherFiles(loader, { definition, choice });
  if (gathered === undefined) return 'look-again';
  const { ready, takesBatch, ...made } = gathered;
  const built = await planJob(loader, { definition, lane, ready, ...made });
  if (built === undefined) return 'look-again';
  if (built instanceof LoadError) {
    return settleFailure(loader, {
      lane,
      job: null,
      statement: null,
      error: built,
      ...sortJobFiles({ files: ready, ...made }),
    });
  }
  const written = await writeJob(loader.objects, built);
  const takesReady = takesBatch && built.document.files.length === ready.length;
  const job: JobRef = takesAll && takesReady ? { ...written, takesAllAt: lane.arrivals } : written;
  return claimAndSubmit(loader, { lane, job, document: built.document, deadlineAt });
}

async function claimAndSubmit(
  loader: Loader,
  {
    lane,
    job,
    document,
    deadlineAt,
  }: { lane: Lane; job: JobRef; document: JobDocument; deadlineAt: EpochMs },
): Promise<AdvanceOutcome> {
  const { tracker, settings } = loader;
  const state: LaneState = { kind: 'submitting', job, leaseUntil: loader.now() + settings.leaseMs };
  const claim: Lane = { ...lane, fence: job.fence, state };
  if (!(await tracker.putLane(claim))) return { kind: 'lost-race' };
  const claimed: Lane = { ...claim, version: lane.version + 1 };
  // Lanes that counted at the same time have all found room. Of claims that are too many, each that looks after the
  // others have claimed sees them: more may give way than need to, never fewer.
  if (!hasBudget(loader, lane.target, await tracker.lanes())) return giveWay(loader, claimed, deadlineAt);
  return submitJob(loader, { lane: claimed, job, document, until: state.leaseUntil });
}

/** What a job takes the place of, beside what it loads. */
interface Made {
  readonly replaces?: Replacement | undefined;
  readonly partition?: PartitionJob | undefined;
}

/** The files of a job, as the store has them now. @returns undefined when the line has changed by what was found. */
async function gatherFiles(
  loader: Loader,
  { definition, choice }: { definition: TargetDefinition; choice: Extract<BatchChoice, { kind: 'batch' }> },
): Promise<(Made & { readonly ready: readonly JobFile[]; readonly takesBatch: boolean }) | undefined> {
  const { batch, waiting } = choice;
  if (waiting !== undefined && isPartitioned(definition)) {
    const planned = await planPartition(loader, { definition, waiting });
    if (planned === undefined) return undefined;
    const ready = planned.files.map((file) => ({ file, loadUrl: file.url }));
    return { ready, partition: planned.job, takesBatch: true };
  }
  const chosen = await chooseFiles(loader, { definition, batch });
  if (chosen === undefined) return undefined;
  const ready = await confirmFiles(loader, { definition, files: chosen.files });
  return ready && { ready, replaces: chosen.replaces, takesBatch: chosen.takesBatch };
}

async function giveWay(loader: Loader, claimed: Lane, deadlineAt: EpochMs): Promise<AdvanceOutcome> {
  const dueAt = loader.now() + 1 + Math.round(BUDGET_RETRY_MS * chanceOf(loader));
  if (!(await moveTo(loader, claimed, { kind: 'waiting', dueAt, deadlineAt }))) return { kind: 'lost-race' };
  await loader.wakes.wake(claimed.target, dueAt);
  return { kind: 'over-budget', deadlineAt };
}

/**
 * @returns the error instead of the job when the target, not the moment, is at fault; undefined when the line has changed by what was
 * found in its files.
 */
async function planJob(
  loader: Loader,
  {
    definition,
    lane,
    ready,
    replaces,
    partition,
  }: Made & {
    definition: TargetDefinition;
    lane: Lane;
    ready: readonly JobFile[];
  },
): Promise<BuiltJob | LoadError | undefined> {
  const now = loader.now();
  const { settings, warehouse } = loader;
  try {
    const fitted = await fitFiles(loader, { definition, files: ready });
    if (fitted === undefined) return undefined;
    const { files, copy, columns, tableColumns } = fitted;
    const attempt = { jobId: ulid(now, loader.random()), attempt: 1, fence: lane.fence + 1 };
    return buildJob({
      ...settings,
      definition,
      attempt,
      files,
      copy,
      replaces,
      partition,
      fileColumns: columns,
      tableColumns,
      dialect: warehouse.dialect,
      now,
    });
  } catch (cause) {
    if (cause instanceof LoadError) return cause;
    throw cause;
  }
}
