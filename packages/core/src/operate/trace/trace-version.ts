import { urlOf } from '../../file/identity.ts';
import type { TrackedFile } from '../../file/load-file.ts';
import type { Lane } from '../../lane/lane.ts';
import { movedTo } from '../../load/done-action.ts';
import type { ObjectInfo } from '../../ports/object-store.ts';
import type { TracedEvidence, TracedFile, TracedState, TraceStep } from '../../ports/trace.ts';
import type { JobRecord } from '../../ports/tracker.ts';
import type { Gate } from '../../recover/gate.ts';
import type { Loader } from '../../verbs/loader.ts';
import { explainWait } from './explain-wait.ts';
import { findPartitionWait } from './find-partition-wait.ts';
import type { KnownVersion } from './find-versions.ts';
import { type FoundJob, findJob, type JobName } from './trace-job.ts';

/** What is read once for all versions of a key before a target. */
export interface LaneContext {
  readonly target: string;
  readonly lane: Lane;
  readonly lanes: readonly Lane[];
  readonly gate: Gate;
  readonly records: readonly JobRecord[];
  /** The oldest files of the line, in order. */
  readonly line: readonly TrackedFile[];
  readonly isWholeLine: boolean;
  readonly current: ObjectInfo | undefined;
  readonly warehouseSilence: string | null;
  readonly sweepMs: number;
}

type Step = Omit<TraceStep, 'step'>;

/** The story of one version of a key before one target, station by station. */
export async function traceVersion(
  loader: Loader,
  context: LaneContext,
  version: KnownVersion,
): Promise<TracedFile> {
  const { file, tracked, receipt } = version;
  const found = await findJobOf(loader, context, version);
  const state = stateOf(context, version, found);
  const known = found?.files?.find(({ id }) => id === file.id);
  const arrivedAt = tracked?.file.arrivedAt ?? known?.arrivedAt ?? null;
  const stations: readonly (readonly [TraceStep['step'], Step | null])[] = [
    ['arrival', arrivalStep(state, arrivedAt)],
    ['line', await lineStep(loader, context, { ...version, state })],
    ['job', jobStep(found, state)],
    ['statement', statementStep(found, state)],
    ['commit', commitStep(context, { state, found, jobRows: receipt?.jobRows ?? null })],
    ['after', await afterStep(loader, context, { ...version, state })],
  ];
  const evidence = tracked?.evidence;
  return {
    target: context.target,
    id: file.id,
    etag: file.identity.etag,
    size: file.identity.size,
    versionId: tracked?.file.versionId ?? known?.versionId ?? null,
    isCurrent: version.isCurrent,
    state,
    job: found === undefined ? null : withRows(found, receipt?.jobRows ?? null),
    evidence: evidence === undefined ? null : toTracedEvidence(evidence),
    steps: stations.flatMap(([step, told]) => (told === null ? [] : [{ step, ...told }])),
  };
}

function withRows({ job }: FoundJob, jobRows: number | null): FoundJob['job'] {
  return {
    ...job,
    state: job.state === 'lost' && jobRows !== null ? 'loaded' : job.state,
    rows: job.rows ?? jobRows,
  };
}

/** The job that a receipt names; else the one in hand, if it took the file; else the one that the file failed in. */
async function findJobOf(
  loader: Loader,
  { target, lane, records }: LaneContext,
  { file, tracked, receipt }: KnownVersion,
): Promise<FoundJob | undefined> {
  const find = (name: JobName): Promise<FoundJob> => findJob(loader, { target, name, lane, records });
  if (receipt !== undefined) return find(receipt);
  const { state } = lane;
  if (state.kind === 'running' || state.kind === 'submitting') {
    const inHand = await find({ jobId: state.job.id, attempt: state.job.attempt });
    if (inHand.files?.some(({ id }) => id === file.id)) return inHand;
  }
  const failedIn = tracked?.evidence?.jobId;
  if (failedIn === undefined) return undefined;
  return find({ jobId: failedIn, attempt: records.find(({ id }) => id === failedIn)?.attempt ?? 1 });
}

/** Receipts win over whatever the tracker says. */
function stateOf(
  { warehouseSilence }: LaneContext,
  { tracked, receipt }: KnownVersion,
  found: FoundJob | undefined,
): TracedState {
  if (receipt !== undefined) return 'loaded';
  if (tracked === undefined) return warehouseSilence === null ? 'unseen' : 'unknown';
  if (tracked.status !== 'waiting') return tracked.status;
  return found !== undefined && (found.job.state === 'running' || found.job.state === 'submitting')
    ? 'loading'
    : 'waiting';
}

function arrivalStep(state: TracedState, arrivedAt: number | null): Step {
  if (state === 'unseen') {
    return {
      mark: 'stopped',
      code: 'unseen',
      at: null,
      text: 'no notification and no listing has told of it',
      todo: 'start `millrace up`, unless it runs: its next listing takes it in; `millrace doctor` checks the notifications',
    };
  }
  if (state === 'unknown') {
    const text = 'the tracker knows nothing of it: never told of, or loaded and forgotten';
    return { mark: 'unknown', code: 'unknown', at: null, text, todo: null };
  }
  if (arrivedAt === null) {
    const text = 'seen; when is not kept any more';
    return { mark: 'done', code: 'seen', at: null, text, todo: null };
  }
  const at = new Date(arrivedAt).toISOString();
  return { mark: 'done', code: 'seen', at, text: 'seen, and written down as waiting', todo: null };
}

async function lineStep(
  loader: Loader,
  context: LaneContext,
  { tracked, state, isCurrent, file }: KnownVersion & { state: TracedState },
): Promise<Step | null> {
  const evidence = tracked?.evidence;
  const at = evidence === undefined ? null : new Date(evidence.at).toISOString();
  switch (state) {
    case 'unseen':
    case 'unknown':
      return null;
    case 'loaded':
    case 'loading':
      return { mark: 'done', code: 'taken', at: null, text: 'taken out of the line by a job', todo: null };
    case 'quarantined':
      return {
        mark: 'stopped',
        code: 'quarantined',
        at,
        text: `quarantined: ${evidence?.reason ?? 'no reason was kept'}`,
        todo: `${evidence?.hint === undefined ? 'correct the cause' : evidence.hint}, then \`millrace redrive ${file.url}\``,
      };
    case 'superseded':
      return {
        mark: 'done',
        code: 'superseded',
        at,
        text: `superseded: ${evidence?.reason ?? 'a newer version of the key was waiting'}; it will never be loaded`,
        todo: null,
      };
    case 'waiting': {
      const { current } = context;
      if (!isCurrent && current !== undefined) {
        return {
          mark: 'waiting',
          code: 'rewritten',
          at: null,
          text: `the key has other bytes by now (etag ${current.etag}); this version is put aside as superseded when the lane is due`,
          todo: null,
        };
      }
      if (tracked === undefined) return null;
      const place = context.line.findIndex((one) => one.file.id === file.id);
      const ahead = place >= 0 ? place : context.isWholeLine ? 0 : null;
      const partition = await findPartitionWait(loader, {
        definition: loader.targets.get(context.target),
        file: tracked,
        waiting: context.line,
      });
      const finding = explainWait({
        file: tracked,
        lane: context.lane,
        lanes: context.lanes,
        gate: context.gate,
        ahead,
        partition,
        maxLoads: loader.settings.maxLoads,
        sweepMs: context.sweepMs,
        now: loader.now(),
      });
      const gone = isCurrent
        ? ''
        : '; the object is not there any more, and is quarantined as gone when it is due';
      const isTold = evidence === undefined || finding.text.includes(evidence.reason);
      const failed = isTold ? '' : `; its last load failed: ${evidence.reason}`;
      return { ...finding, at: null, text: finding.text + gone + failed };
    }
  }
}

function jobStep(found: FoundJob | undefined, state: TracedState): Step | null {
  if (found === undefined) return state === 'waiting' ? ahead('no job has taken it yet') : null;
  const { job } = found;
  const files = job.files === null ? '' : ` with ${job.files} ${job.files === 1 ? 'file' : 'files'}`;
  const failed = job.state === 'failed' ? `, which failed: ${job.error ?? 'no reason was kept'}` : '';
  return {
    mark: 'done',
    code: job.state === 'failed' ? 'job-failed' : 'job',
    at: job.plannedAt,
    text: `job ${job.id}, attempt ${job.attempt}${files}${failed}`,
    todo: null,
  };
}

function statementStep(found: FoundJob | undefined, state: TracedState): Step | null {
  if (found === undefined) return null;
  const { job } = found;
  const id = job.statementId === null ? '' : `, in the warehouse ${job.statementId}`;
  if (job.state === 'submitting') {
    return {
      mark: 'waiting',
      code: 'submitting',
      at: null,
      text: `the job is written down; whether the warehouse has ${job.statementName} is not known yet`,
      todo: null,
    };
  }
  const isRunning = state === 'loading';
  return {
    mark: isRunning ? 'waiting' : 'done',
    code: isRunning ? 'running' : 'submitted',
    at: job.submittedAt,
    text: `${isRunning ? 'running: ' : ''}${job.statementName}${id}`,
    todo: null,
  };
}

function commitStep(
  { warehouseSilence }: LaneContext,
  { state, found, jobRows }: { state: TracedState; found: FoundJob | undefined; jobRows: number | null },
): Step | null {
  if (warehouseSilence !== null && state !== 'loaded') {
    const text = `the receipts could not be asked: ${warehouseSilence}`;
    return {
      mark: 'unknown',
      code: 'warehouse-silent',
      at: null,
      text,
      todo: 'try again when the warehouse is there',
    };
  }
  if (state === 'loaded') {
    const rows = found?.job.rows ?? jobRows;
    const files = found?.job.files ?? null;
    const whole = files === 1 ? '' : ` in all ${files ?? ''} files of the job`.replace('  ', ' ');
    const counted =
      rows === null ? 'its rows were not counted' : `${rows} ${rows === 1 ? 'row' : 'rows'}${whole}`;
    return {
      mark: 'done',
      code: 'committed',
      at: found?.job.settledAt ?? null,
      text:
        warehouseSilence === null
          ? `committed: its receipt is in the warehouse; ${counted}`
          : `the tracker says that it is loaded; ${counted}`,
      todo: null,
    };
  }
  return state === 'waiting' || state === 'loading' ? ahead('no receipt yet: its rows are not there') : null;
}

async function afterStep(
  loader: Loader,
  { target, current }: LaneContext,
  { state, isCurrent, file }: KnownVersion & { state: TracedState },
): Promise<Step | null> {
  const definition = loader.targets.get(target);
  if (definition === undefined || state !== 'loaded') return null;
  const { after } = definition;
  const isLeft = isCurrent && current !== undefined;
  const done = (code: string, text: string): Step => ({ mark: 'done', code, at: null, text, todo: null });
  switch (after.kind) {
    case 'keep':
      return done('kept', 'the object stays where it is (`after: keep`)');
    case 'tag':
      return done('tagged', `the object has the tag millrace:${target}=loaded (\`after: tag\`)`);
    case 'delete':
      return isLeft ? undone('deleted') : done('deleted', 'the object was deleted (`after: delete`)');
    case 'move': {
      const to = urlOf(movedTo(after.to, file.identity, definition.from));
      return isLeft
        ? undone(`moved to ${to}`)
        : done('moved', `the object was moved to ${to} (\`after: move\`)`);
    }
  }
}

function undone(what: string): Step {
  return {
    mark: 'waiting',
    code: 'after-undone',
    at: null,
    text: `the object is to be ${what}, and is still there`,
    todo: '`millrace reconcile --repair` does it, should it stay',
  };
}

function ahead(text: string): Step {
  return { mark: 'ahead', code: 'ahead', at: null, text, todo: null };
}

function toTracedEvidence(
  evidence: NonNullable<KnownVersion['tracked']>['evidence'] & object,
): TracedEvidence {
  return {
    code: evidence.code,
    reason: evidence.reason,
    line: evidence.line ?? null,
    column: evidence.column ?? null,
    rawValue: evidence.rawValue ?? null,
    hint: evidence.hint ?? null,
    at: new Date(evidence.at).toISOString(),
  };
}
