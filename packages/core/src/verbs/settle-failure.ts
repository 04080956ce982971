import type { LoadFile } from '../file/load-file.ts';
import type { Lane } from '../lane/lane.ts';
import type { PartitionJob } from '../load/partition.ts';
import { type DataStreak, DRIFT, DRIFT_LOOK_MS } from '../recover/data-streak.ts';
import { GATE_CODES } from '../recover/gate.ts';
import type { LoadError } from '../recover/load-error.ts';
import { HOLD_MS, retryAt } from '../recover/retry-policy.ts';
import { errorEvidence } from '../recover/verdict.ts';
import type { FailedJob } from './failed-job.ts';
import { finishLoaded } from './finish-loaded.ts';
import { goneEvidence } from './gone-evidence.ts';
import { noteAlive } from './hold-warehouse.ts';
import { judgeData } from './judge-data.ts';
import { type FailedGroup, judgeGroupData, noteGroup } from './judge-group.ts';
import { judgeOutage } from './judge-outage.ts';
import { judgePartitionData, judgePartitionGuard } from './judge-partition.ts';
import { judgeReplacementData } from './judge-replacement-data.ts';
import { chanceOf, type Loader } from './loader.ts';
import { readReceipts } from './read-receipts.ts';
import { refuseBeforeHorizon } from './refuse-before-horizon.ts';
import { setAside } from './set-aside.ts';
import type { SettleOutcome } from './settle-outcome.ts';

/** Short: the next job waits for the lane lock itself, as long as it may. */
const LOCKED_HOLD_MS = 5_000;

/** What is left to do after the files' verdicts: the lane's next state. */
type Next =
  /** Another job right away: the rest of the files is not to blame, or is loaded already. */
  | { readonly kind: 'again'; readonly suspects: number | null; readonly streak?: DataStreak }
  | { readonly kind: 'back-off' }
  /** `gate`: all lanes wait, for this reason. `isFree`: no attempt is spent. `told`: what is told in the error's place. */
  | {
      readonly kind: 'hold';
      readonly forMs: number;
      readonly gate?: string;
      readonly isFree?: boolean;
      readonly told?: LoadError;
    }
  | { readonly kind: 'drift'; readonly reason: string; readonly streak: DataStreak };

/**
 * Decides about the files of a failed job and moves the lane on. Every step may be repeated after a crash: verdicts
 * are written by identity, and the lane's transition comes last.
 */
export async function settleFailure(loader: Loader, failed: FailedJob): Promise<SettleOutcome> {
  const { lane, job, error } = failed;
  const next = await judge(loader, failed);
  // It was answered by what it refused: the warehouse is there.
  const isAlive = failed.statement !== null && error.class !== 'unavailable' && error.class !== 'unknown';
  if (isAlive) await noteAlive(loader, lane.target);
  const now = loader.now();
  if (job !== null) {
    await loader.tracker.putJob({
      id: job.id,
      target: lane.target,
      attempt: job.attempt,
      state: 'failed',
      files: job.files,
      bytes: job.bytes,
      rows: null,
      submittedAt: job.submittedAt,
      settledAt: now,
      error: error.message,
    });
    loader.onEvent({
      kind: 'job-failed',
      target: lane.target,
      job,
      code: error.code,
      reason: error.message,
      at: now,
    });
  }
  return move(loader, failed, next);
}

async function judge(loader: Loader, failed: FailedJob): Promise<Next> {
  const { parts, partition } = failed;
  if (parts !== undefined) return judgeGroup(loader, { ...failed, parts });
  if (partition !== undefined) {
    const next = await judgePartition(loader, { ...failed, partition });
    if (next !== undefined) return next;
  }
  switch (failed.error.class) {
    case 'guard':
      return judgeGuard(loader, failed);
    case 'data':
      return failed.survivors === undefined
        ? judgeData(loader, failed)
        : judgeReplacementData(loader, { ...failed, survivors: failed.survivors });
    case 'gone':
      return judgeGone(loader, failed);
    case 'unavailable':
      await note(loader, failed);
      return judgeUnavailable(loader, failed);
    case 'config':
    case 'usage':
      await note(loader, failed);
      return { kind: 'hold', forMs: HOLD_MS };
    case 'transient':
    case 'unknown':
      await note(loader, failed);
      // Somebody holds the lane's lock, a zombie or a session that is dead: it has waited long enough for one attempt.
      return failed.error.code === 'lane-locked'
        ? { kind: 'hold', forMs: LOCKED_HOLD_MS, isFree: true }
        : { kind: 'back-off' };
  }
}

/** A group's job: each file is judged before its own target. */
async function judgeGroup(loader: Loader, failed: FailedGroup): Promise<Next> {
  const { lane, error, parts } = failed;
  switch (error.class) {
    case 'data': {
      const verdict = await judgeGroupData(loader, failed);
      if (verdict.kind === 'drift') return { kind: 'hold', forMs: DRIFT_LOOK_MS, told: verdict.drift };
      return { kind: 'again', suspects: verdict.suspects };
    }
    case 'guard':
    case 'gone': {
      let last: Next = { kind: 'again', suspects: lane.suspects };
      let isAgain = false;
      for (const part of parts) {
        const { parts: _, ...own } = { ...failed, ...part, lane: { ...lane, target: part.target } };
        last = error.class === 'gone' ? await judgeGone(loader, own) : await judgeGuard(loader, own);
        isAgain ||= last.kind === 'again';
      }
      return isAgain ? { kind: 'again', suspects: lane.suspects } : last;
    }
    case 'unavailable':
      await noteGroup(loader, failed);
      return judgeUnavailable(loader, failed);
    case 'config':
    case 'usage':
      await noteGroup(loader, failed);
      return { kind: 'hold', forMs: HOLD_MS };
    case 'transient':
    case 'unknown':
      await noteGroup(loader, failed);
      return error.code === 'lane-locked'
        ? { kind: 'hold', forMs: LOCKED_HOLD_MS, isFree: true }
        : { kind: 'back-off' };
  }
}

/** What is different for a partition: it is never parted. Undefined: it is judged as any other job. */
async function judgePartition(
  loader: Loader,
  failed: FailedJob & { readonly partition: PartitionJob },
): Promise<Next | undefined> {
  const again: Next = { kind: 'again', suspects: null };
  switch (failed.error.class) {
    case 'data':
      await judgePartitionData(loader, failed);
      return again;
    case 'guard':
      // What is in the warehouse is not what the job was planned by: the next one is planned by what is there now.
      await judgePartitionGuard(loader, failed);
      return again;
    case 'gone':
      // The next listing does not have it.
      await note(loader, failed);
      return { kind: 'back-off' };
    default:
      return undefined;
  }
}

/** An outage spends no attempt; what only looks like one to this lane does. */
async function judgeUnavailable(loader: Loader, failed: FailedJob): Promise<Next> {
  const verdict = await judgeOutage(loader, failed);
  switch (verdict.kind) {
    case 'away':
      return { kind: 'hold', forMs: verdict.forMs, gate: verdict.reason };
    case 'unclear':
      return { kind: 'hold', forMs: verdict.forMs };
    case 'over':
      return { kind: 'again', suspects: failed.lane.suspects };
    case 'here':
      return { kind: 'back-off' };
  }
}

/** The transaction refused itself: its receipts, or those of the places it would load, say why. */
async function judgeGuard(loader: Loader, failed: FailedJob): Promise<Next> {
  const { lane, files, error } = failed;
  const receipts = await readReceipts(loader, lane.target, files);
  const loaded = files.filter(({ id }) => receipts.loadedIds.has(id));
  await finishLoaded(loader, lane.target, loaded);
  const onRewrite = loader.targets.get(lane.target)?.rule.onRewrite;
  const rewritten = files.filter(
    ({ id, keyId }) => !receipts.loadedIds.has(id) && receipts.loadedKeys.has(keyId),
  );
  if (onRewrite === 'replace' && loaded.length === 0 && (rewritten.length > 0 || failed.survivors)) {
    // The receipts are not those that the job was planned by: the next one is planned by what they say now.
    await note(loader, failed);
    return { kind: 'back-off' };
  }
  if (onRewrite === 'quarantine' && rewritten.length > 0) {
    const at = loader.now();
    await setAside(
      loader,
      lane.target,
      rewritten.map((file) => ({ file, status: 'quarantined', evidence: rewrittenEvidence(file, at) })),
    );
    return { kind: 'again', suspects: lane.suspects };
  }
  // A guard that runs on a compute node fails without the text that says why: then the horizon is asked too.
  const isUnclear = loaded.length === 0 && error.code !== 'guard-void';
  if (error.code === 'guard-before-horizon' || isUnclear) {
    const fresh = files.filter(({ id }) => !receipts.loadedIds.has(id));
    const refused = await refuseBeforeHorizon(loader, lane.target, fresh);
    if (refused > 0) return { kind: 'again', suspects: lane.suspects };
  }
  if (loaded.length > 0 || error.code === 'guard-void') return { kind: 'again', suspects: lane.suspects };
  // A guard that fired without a receipt to show is a defect: stop this lane, and say so.
  await note(loader, failed);
  return { kind: 'hold', forMs: HOLD_MS };
}

function rewrittenEvidence(
  file: LoadFile,
  at: number,
): { code: string; reason: string; hint: string; at: number } {
  return {
    code: 'rewritten',
    reason: `another version of ${file.url} is loaded already, and this target appends`,
    hint: "give new data new keys; onRewrite: 'reload' would add its rows to those of the old version, 'replace' load it in that one's place",
    at,
  };
}

async function judgeGone(loader: Loader, failed: FailedJob): Promise<Next> {
  const at = loader.now();
  const gone: LoadFile[] = [];
  for (const file of failed.files) {
    if ((await loader.objects.head(file.identity)) === undefined) gone.push(file);
  }
  await setAside(
    loader,
    failed.lane.target,
    gone.map((file) => ({ file, status: 'quarantined', evidence: goneEvidence(file.url, at) })),
  );
  if (gone.length > 0) return { kind: 'again', suspects: failed.lane.suspects };
  await note(loader, failed);
  return { kind: 'back-off' };
}

/** Files that wait on show what they wait for. */
async function note(loader: Loader, { lane, files, error }: FailedJob): Promise<void> {
  const ids = files.map(({ id }) => id);
  await loader.tracker.noteFailure(lane.target, ids, errorEvidence(error, loader.now()));
}

async function move(loader: Loader, { lane, error }: FailedJob, next: Next): Promise<SettleOutcome> {
  const now = loader.now();
  const { retry } = loader.settings;
  if (next.kind === 'again') {
    const isMoved = await loader.tracker.putLane({
      ...lane,
      state: { kind: 'waiting', dueAt: now },
      suspects: next.suspects,
      streak: next.streak ?? lane.streak,
    });
    return isMoved ? { kind: 'retrying', dueAt: now, code: error.code } : { kind: 'lost-race' };
  }
  if (next.kind === 'drift') return holdForDrift(loader, lane, next);
  const failures = lane.failures + 1;
  const isExhausted = failures >= retry.maxAttempts;
  if (next.kind === 'hold' || isExhausted) {
    const until = now + (next.kind === 'hold' ? next.forMs : HOLD_MS);
    const gate = next.kind === 'hold' ? next.gate : undefined;
    const told = next.kind === 'hold' && next.told !== undefined ? next.told : error;
    const code = gate === undefined ? told.code : GATE_CODES.outage;
    const reason = gate ?? told.sentence;
    const state = { kind: 'held', code, reason, since: heldSince(lane, code, now), until } as const;
    // An outage spends no attempt: the count stays.
    const isFree = next.kind === 'hold' && (next.isFree === true || error.class === 'unavailable');
    const spent = isFree ? lane.failures : isExhausted ? 0 : failures;
    const isMoved = await loader.tracker.putLane({ ...lane, state, failures: spent });
    if (!isMoved) return { kind: 'lost-race' };
    // Of an outage the warehouse's own event tells, once for all lanes.
    if (gate === undefined) {
      loader.onEvent({ kind: 'lane-held', target: lane.target, code, reason, until, at: now });
    }
    await loader.wakes.wake(lane.target, until);
    return { kind: 'held', until, code };
  }
  const dueAt = retryAt(now, failures, { policy: retry, chance: chanceOf(loader) });
  const isMoved = await loader.tracker.putLane({
    ...lane,
    state: { kind: 'waiting', dueAt },
    failures,
    notBeforeAt: dueAt,
  });
  if (!isMoved) return { kind: 'lost-race' };
  await loader.wakes.wake(lane.target, dueAt);
  return { kind: 'retrying', dueAt, code: error.code };
}

/** What was put aside on the way waits again by now: who dies before this finds the lane's job and comes here again. */
async function holdForDrift(
  loader: Loader,
  lane: Lane,
  { reason, streak }: { reason: string; streak: DataStreak },
): Promise<SettleOutcome> {
  const now = loader.now();
  const until = now + DRIFT_LOOK_MS;
  const since = streak.heldSince ?? now;
  const isMoved = await loader.tracker.putLane({
    ...lane,
    state: { kind: 'held', code: DRIFT, reason, since, until },
    suspects: null,
    streak: { ...streak, heldSince: since, doubted: 0, isProven: false },
  });
  if (!isMoved) return { kind: 'lost-race' };
  loader.onEvent({ kind: 'lane-held', target: lane.target, code: DRIFT, reason, until, at: now });
  await loader.wakes.wake(lane.target, until);
  return { kind: 'held', until, code: DRIFT };
}

/** A hold that is renewed for the same reason is one hold. */
function heldSince(lane: Lane, code: string, now: number): number {
  return lane.state.kind === 'held' && lane.state.code === code ? lane.state.since : now;
}
