import type { LoadFile } from '../file/load-file.ts';
import type { JobRef, Lane } from '../lane/lane.ts';
import {
  type JobDocument,
  type JobPart,
  partsOf,
  readJobDocument,
  sortJobFiles,
} from '../load/job-document.ts';
import { ledgerOf } from '../load/ledger.ts';
import { planAbandon } from '../load/plan-load.ts';
import { changedSince, prepareFiles } from '../load/prepare-files.ts';
import type { EpochMs } from '../ports/time.ts';
import type { StatementStatus } from '../ports/warehouse.ts';
import { streakAfterLoad } from '../recover/data-streak.ts';
import { LoadError } from '../recover/load-error.ts';
import { finishLoaded } from './finish-loaded.ts';
import { noteAlive } from './hold-warehouse.ts';
import { admit } from './intake.ts';
import type { Loader } from './loader.ts';
import { lookAtGate } from './look-at-gate.ts';
import { absentFiles } from './plan-partition.ts';
import { setAside } from './set-aside.ts';
import { settleFailure } from './settle-failure.ts';
import type { SettleOutcome } from './settle-outcome.ts';
import { submitJob } from './submit-job.ts';

/**
 * Brings a lane's job to its end, whatever became of it: asks the warehouse, writes down what is proven, moves the
 * lane on. A completion event calls it as a hint, the sweep calls it as the truth; calling it once more is harmless.
 *
 * @param isAlone the caller knows that no other worker has the lane's job in hand (one machine, at start): leases of
 * the dead need not be waited for.
 * @param lane the lane, when the caller has just read it: every transition is conditional on its version.
 */
export async function settle(
  loader: Loader,
  target: string,
  { isAlone = false, lane: known }: { isAlone?: boolean; lane?: Lane } = {},
): Promise<SettleOutcome> {
  const lane = known ?? (await loader.tracker.lane(target));
  const { state } = lane;
  if (state.kind !== 'submitting' && state.kind !== 'running') return { kind: 'nothing' };
  const document = await readJobDocument(loader.objects, state.job);
  const statement =
    state.kind === 'running' ? state.statement : await loader.warehouse.find(document.batch.name);
  if (statement === undefined) {
    // The worker that wrote the job down may be about to submit it.
    if (!isAlone && loader.now() < state.leaseUntil) return { kind: 'nothing' };
    // Nobody took it yet, so that it waits as well as any other.
    if (lane.pauseAsked !== null || (await lookAtGate(loader, lane)).kind === 'shut')
      return { kind: 'nothing' };
    const outcome = await submitJob(loader, {
      lane,
      job: state.job,
      document,
      // That it is refused now says nothing of a worker that sent it before, and died: the receipts do.
      onRefused: (error) => abandon(loader, { lane, job: state.job, document }, error),
    });
    return outcome.kind === 'submitted' || outcome.kind === 'submit-unknown' ? { kind: 'running' } : outcome;
  }
  const status = await loader.warehouse.describe(statement);
  const context: JobContext = { lane, job: state.job, document };
  if (status.state === 'running') return stillRunning(loader, { ...context, status });
  if (status.state === 'finished') return settleLoaded(loader, { ...context, rows: status.copiedRows });
  if (status.state === 'unknown') return abandon(loader, context);
  if (status.error.class === 'unknown') return abandon(loader, context);
  // An attempt that was submitted twice finds what it has written itself.
  const isGuarded = document.partition !== undefined && status.error.class === 'guard';
  if (status.error.code === 'guard-already-loaded' || isGuarded) {
    const own = await readOwnReceipts(loader, context);
    if (own !== undefined) return settleLoaded(loader, { ...context, rows: own.rows });
  }
  return settleFailure(loader, {
    lane,
    job: state.job,
    statement,
    error: status.error,
    ...sortJobFiles(document),
    loadUrlOf: loadUrlsOf(document),
  });
}

interface JobContext {
  readonly lane: Lane;
  readonly job: JobRef;
  readonly document: JobDocument;
}

function loadUrlsOf({ files }: JobDocument): (file: { id: string; url: string }) => string {
  const urls = new Map(files.map(({ file, loadUrl }) => [file.id, loadUrl]));
  return ({ id, url }) => urls.get(id) ?? url;
}

async function stillRunning(
  loader: Loader,
  { lane }: JobContext & { status: StatementStatus },
): Promise<SettleOutcome> {
  const now = loader.now();
  if (lane.state.kind === 'running' && now >= lane.state.leaseUntil) {
    await loader.tracker.putLane({
      ...lane,
      state: { ...lane.state, leaseUntil: now + loader.settings.leaseMs },
    });
  }
  return { kind: 'running' };
}

/**
 * What an attempt that was submitted twice has written: the guard refused the second one because the first had
 * committed. Undefined when the receipts in its way are another job's.
 */
async function readOwnReceipts(
  { warehouse }: Loader,
  { document }: JobContext,
): Promise<{ rows: number | null } | undefined> {
  const { receipts } = ledgerOf(provingTarget(document));
  const sql = warehouse.dialect.render({ kind: 'select-attempt', receipts, attempt: document.attempt });
  const [row] = await warehouse.transact([sql]);
  if (Number(row?.loaded ?? 0) === 0) return undefined;
  return { rows: row?.job_rows == null ? null : Number(row.job_rows) };
}

/** Of a group's job all targets have their receipts or none has: the first one's say which. */
function provingTarget({ target, parts }: JobDocument): string {
  return parts?.[0]?.target ?? target;
}

/**
 * Nobody can say what became of the statement. The warehouse decides now: after the abandon transaction the attempt
 * has its receipts, or a void that no late zombie can pass.
 */
async function abandon(
  loader: Loader,
  context: JobContext,
  error = new LoadError('attempt-lost', `job ${context.job.id} ended without a trace, and is void now`, {
    class: 'transient',
  }),
): Promise<SettleOutcome> {
  const { lane, job, document } = context;
  const { dialect } = loader.warehouse;
  const plan = planAbandon(provingTarget(document), document.attempt, {
    lockTimeoutMs: loader.settings.lockTimeoutMs,
  });
  const [row] = await loader.warehouse.transact(plan.map((statement) => dialect.render(statement)));
  if (Number(row?.loaded ?? 0) > 0) {
    const rows = row?.job_rows ?? null;
    return settleLoaded(loader, { ...context, rows: rows === null ? null : Number(rows) });
  }
  return settleFailure(loader, {
    lane,
    job,
    statement: null,
    error,
    ...sortJobFiles(document),
  });
}

/** Receipts are known → waiting items end by identity → done action → lane. A crash in between repeats it harmlessly. */
async function settleLoaded(
  loader: Loader,
  { lane, job, document, rows: told }: JobContext & { rows: number | null },
): Promise<SettleOutcome> {
  // What the warehouse tells of a group's job are the rows of one of its COPYs.
  const rows =
    document.parts === undefined ? told : await countRows(loader, document, { target: lane.target });
  const files = document.files.map(({ file }) => file);
  const { files: own } = sortJobFiles(document);
  const { partition } = document;
  const replaces = document.replaces ?? (partition && { ...partition, rows: partition.replacedRows });
  // Before anything is compared: the bytes that were replaced may have come back, as a file that nobody has loaded.
  if (replaces !== undefined) await loader.tracker.forgetLoaded(lane.target, replaces.outdatedIds);
  if (partition !== undefined) await settleAbsent(loader, lane.target, partition.absentIds);
  for (const part of partsOf(document)) await finishPart(loader, part, { lane });
  const now = loader.now();
  await loader.tracker.putJob({
    id: job.id,
    target: lane.target,
    attempt: job.attempt,
    state: 'loaded',
    files: job.files,
    bytes: job.bytes,
    rows,
    submittedAt: job.submittedAt,
    settledAt: now,
    error: null,
  });
  const ownCount = partsOf(document).find(({ target }) => target === lane.target)?.files.length ?? 0;
  if (document.parts !== undefined) await countParts(loader, { document, job, lane, at: now });
  // Of two clocks, the one that saw the end may be behind the one that saw the beginning.
  const tookMs = Math.max(0, now - job.submittedAt);
  const left = await leave(loader, job, {
    ...lane,
    state: { kind: 'waiting', dueAt: now },
    failures: 0,
    suspects: suspectsAfterLoad(lane, own.length),
    streak: streakAfterLoad(lane.streak, { now, files: own.length }),
    notBeforeAt: 0,
    loadMs: lane.loadMs === null ? tookMs : Math.round(lane.loadMs * 0.7 + tookMs * 0.3),
    loadedFiles: lane.loadedFiles + ownCount - (replaces?.receipts ?? 0),
    loadedRows: lane.loadedRows + (rows === null ? 0 : rows - (replaces?.rows ?? 0)),
    lastLoadedAt: now,
  });
  if (left === undefined) return { kind: 'lost-race' };
  await noteAlive(loader, lane.target);
  if (document.parts !== undefined) await tellParts(loader, { document, job, at: now });
  else loader.onEvent({ kind: 'table-loaded', target: lane.target, job, rows, ...spanOf(own, now), at: now });
  return { kind: 'loaded', files: files.length, rows, lane: left };
}

/** What a group's job loaded into the targets whose lanes it does not stand in: they keep their own counts, for people. */
async function countParts(
  loader: Loader,
  { document, job, lane, at }: { document: JobDocument; job: JobRef; lane: Lane; at: EpochMs },
): Promise<void> {
  for (const { target, files } of partsOf(document)) {
    if (target === lane.target) continue;
    const own = await loader.tracker.lane(target);
    // Settled once more after a crash, it was counted before.
    if (own.countedJob === job.id) continue;
    const rows = await countRows(loader, document, { target });
    await loader.tracker.putLane({
      ...own,
      loadedFiles: own.loadedFiles + files.length,
      loadedRows: own.loadedRows + (rows ?? 0),
      lastLoadedAt: at,
      countedJob: job.id,
    });
  }
}

/** Tells of each target that a group's job has loaded. */
async function tellParts(
  loader: Loader,
  { document, job, at }: { document: JobDocument; job: JobRef; at: EpochMs },
): Promise<void> {
  for (const { target, files } of partsOf(document)) {
    const rows = await countRows(loader, document, { target });
    const own: JobRef = { ...job, files: files.length, bytes: sumOf(files) };
    loader.onEvent({ kind: 'table-loaded', target, job: own, rows, ...spanOf(files, at), at });
  }
}

function spanOf(
  files: readonly LoadFile[],
  now: EpochMs,
): { oldestArrivalAt: EpochMs; newestArrivalAt: EpochMs; arrivals: readonly EpochMs[] } {
  const arrivals = files.map(({ arrivedAt }) => arrivedAt);
  return {
    oldestArrivalAt: arrivals.reduce((a, b) => Math.min(a, b), now),
    newestArrivalAt: arrivals.reduce((a, b) => Math.max(a, b), 0),
    arrivals,
  };
}

/** The rows that a group's job brought to one of its targets, as its receipts tell; 0 where it loaded none of its files. */
async function countRows(
  { warehouse }: Loader,
  { attempt, parts }: JobDocument,
  { target }: { target: string },
): Promise<number | null> {
  if (parts?.some((part) => part.target === target) !== true) return 0;
  const { receipts } = ledgerOf(target);
  const sql = warehouse.dialect.render({ kind: 'select-attempt', receipts, attempt });
  const [row] = await warehouse.transact([sql]);
  return row?.job_rows == null ? null : Number(row.job_rows);
}

function sumOf(files: readonly LoadFile[]): number {
  return files.reduce((sum, { identity }) => sum + identity.size, 0);
}

/** The files of one target, proven to be loaded, end. */
async function finishPart(
  loader: Loader,
  { target, files }: JobPart,
  { lane }: { lane: Lane },
): Promise<void> {
  // A target that left the configuration while its job ran has none.
  const definition = loader.targets.get(target);
  // A version written while COPY read the key is a file of its own: let it in, so that the rewrite has a verdict.
  if (definition !== undefined && !definition.pin) {
    const rewritten = await changedSince(loader.objects, files, loader.now());
    await admit(loader, target, rewritten);
  }
  await finishLoaded(loader, target, files, target === lane.target ? { lane } : {});
}

/** What waited, and was not in its partition any more: nothing of it is left to load. */
async function settleAbsent(loader: Loader, target: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const known = await loader.tracker.filesById(target, ids);
  const waiting = known.filter(({ status }) => status === 'waiting').map(({ file }) => file);
  const now = loader.now();
  // Its bytes may have come back meanwhile: then it waits rightly.
  const { ready } = await prepareFiles(loader.objects, waiting, { pinTo: null, now });
  const back = new Set(ready.map(({ file }) => file.id));
  await setAside(
    loader,
    target,
    absentFiles(
      waiting.filter(({ id }) => !back.has(id)),
      now,
    ),
  );
}

/**
 * The lane leaves its job: to look at its line, or idle at once when the job took all that waited and nothing has
 * arrived since. That is what the look would find: whoever writes a file down moves `arrivals` after it.
 *
 * @returns the lane as it is stored now; undefined when somebody else has moved it.
 */
async function leave({ tracker }: Loader, job: JobRef, lane: Lane): Promise<Lane | undefined> {
  if (job.takesAllAt === lane.arrivals && lane.pauseAsked === null) {
    const idle: Lane = { ...lane, state: { kind: 'idle' } };
    if (await tracker.putLane(idle, { ifArrivals: lane.arrivals }))
      return { ...idle, version: lane.version + 1 };
  }
  return (await tracker.putLane(lane)) ? { ...lane, version: lane.version + 1 } : undefined;
}

/** A sample is taken from behind the suspects, and says nothing of them. */
function suspectsAfterLoad({ suspects, streak }: Lane, loaded: number): number | null {
  if (suspects === null || (streak !== null && streak.sampleAt !== null)) return suspects;
  return suspects <= loaded ? null : suspects - loaded;
}
