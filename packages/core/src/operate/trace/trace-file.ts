import { readChunkKey } from '../../event/chunk-key.ts';
import { parseUrl } from '../../file/identity.ts';
import type { Route } from '../../file/route.ts';
import { laneOfTarget } from '../../load/load-group.ts';
import type { ObjectInfo, ObjectRef } from '../../ports/object-store.ts';
import type { TracedFile, TraceReport, TraceRequest, TraceStep } from '../../ports/trace.ts';
import { LoadError } from '../../recover/load-error.ts';
import { definitionOf, type Loader } from '../../verbs/loader.ts';
import { span } from './explain-wait.ts';
import { findVersions } from './find-versions.ts';
import { explainRefusal } from './nearest-route.ts';
import { traceVersion } from './trace-version.ts';

/** Files of the line that are counted to tell how many go before one. */
const MAX_LINE = 2_000;
/** Jobs of a target whose stories are looked through. */
const MAX_RECORDS = 1_000;
/** Targets that are asked for a file which no route gives them: each costs a question to tracker and warehouse. */
const MAX_OTHERS = 20;
const SWEEP_MS = 60_000;

export interface TraceOptions {
  /** All routes of the configuration: what explains why none takes the address. */
  readonly routes: readonly Route[];
  /** How often lanes are looked at by themselves. */
  readonly sweepMs?: number;
}

/**
 * The whole story of an address, before every target that has to do with it: seen, routed, waiting and exactly why, in which
 * job and statement, committed, done. All versions of the key are told. Nothing is changed by it; where the warehouse does
 * not answer, the report says so instead of failing.
 *
 * @throws LoadError `invalid-url`, `target-unknown`; what keeps the tracker or the object store from answering.
 */
export async function traceFile(
  loader: Loader,
  { url, target: only }: TraceRequest,
  { routes, sweepMs = SWEEP_MS }: TraceOptions,
): Promise<TraceReport> {
  const at = parseUrl(url);
  if (at.key === '') {
    throw new LoadError('invalid-url', `'${url}' names no object`, { hint: 'write s3://bucket/key' });
  }
  if (only !== undefined) definitionOf(loader, only);
  const current = await loader.objects.head(at);
  const chunk = readChunkKey(loader.settings.control, at);
  const routed = chunk === undefined ? loader.routesOf(at) : [chunk.target];
  const { gate, lanes } = await loader.tracker.board();
  const asked = only === undefined ? targetsToAsk(loader, routed) : [only];
  const files: TracedFile[] = [];
  for (const target of asked) {
    const { versions, warehouseSilence } = await findVersions(loader, { target, at, current });
    const isRouted = routed.includes(target);
    const shown = isRouted ? versions : versions.filter((one) => one.tracked ?? one.receipt);
    if (shown.length === 0) continue;
    const line = await loader.tracker.waitingFiles(target, MAX_LINE);
    // The targets of a group share a lane, and its jobs are theirs; of before they were in it, they have their own.
    const laneName = laneOfTarget(loader.targets, target);
    const jobs = await Promise.all(
      [...new Set([laneName, target])].map((name) => loader.tracker.jobs(name, MAX_RECORDS)),
    );
    const context = {
      target,
      lane: await loader.tracker.lane(laneName),
      lanes,
      gate,
      records: jobs.flat(),
      line,
      isWholeLine: line.length < MAX_LINE,
      current,
      warehouseSilence,
      sweepMs,
    };
    for (const version of shown) files.push(await traceVersion(loader, context, version));
  }
  const steps = [
    objectStep(current, loader.now()),
    routeStep({ at, routes, routed, files, isChunk: chunk !== undefined }),
  ];
  return { url, summary: summarise({ current, steps, files }), steps, files };
}

/** Those that routes name; when there are none, whoever may have been handed it by `load`, `bulk` or an older configuration. */
function targetsToAsk(loader: Loader, routed: readonly string[]): readonly string[] {
  return routed.length > 0 ? routed : [...loader.targets.keys()].slice(0, MAX_OTHERS);
}

function objectStep(current: ObjectInfo | undefined, now: number): TraceStep {
  if (current === undefined) {
    const text = 'there is no object at this address now';
    return { step: 'object', mark: 'unknown', code: 'not-there', at: null, text, todo: null };
  }
  const { etag, size, lastModifiedAt } = current;
  return {
    step: 'object',
    mark: 'done',
    code: 'there',
    at: new Date(lastModifiedAt).toISOString(),
    text: `written ${span(now - lastModifiedAt)} ago, ${size} bytes, etag ${etag}`,
    todo: size === 0 ? 'an empty object has no rows: a format without a header takes it as such' : null,
  };
}

function routeStep({
  at,
  routes,
  routed,
  files,
  isChunk,
}: {
  at: ObjectRef;
  routes: readonly Route[];
  routed: readonly string[];
  files: readonly TracedFile[];
  isChunk: boolean;
}): TraceStep {
  const base = { step: 'route', at: null } as const;
  if (isChunk) {
    const text = `a chunk of events of ${routed.join(', ')}: its seal hands it on, no route does`;
    return { ...base, mark: 'done', code: 'chunk', text, todo: null };
  }
  if (routed.length > 0) {
    const places = routes
      .filter(({ target, bucket, pattern }) => {
        return routed.includes(target) && bucket === at.bucket && at.key.startsWith(pattern.prefix);
      })
      .map(
        ({ target, bucket, pattern }) => `${target} (s3://${bucket}/${pattern.prefix}${pattern.match ?? ''})`,
      );
    const text = `taken by ${places.length === 0 ? routed.join(', ') : [...new Set(places)].join(' and ')}`;
    return { ...base, mark: 'done', code: 'routed', text, todo: null };
  }
  if (files.length > 0) {
    const text = `handed to ${[...new Set(files.map(({ target }) => target))].join(', ')} by name; no route takes it`;
    return { ...base, mark: 'done', code: 'handed', text, todo: null };
  }
  const refusal = explainRefusal(routes, at);
  return {
    ...base,
    mark: 'stopped',
    code: 'not-routed',
    text: refusal?.text ?? 'no target takes files from there',
    todo: refusal?.todo ?? null,
  };
}

function summarise({
  current,
  steps,
  files,
}: {
  current: ObjectInfo | undefined;
  steps: readonly TraceStep[];
  files: readonly TracedFile[];
}): string {
  if (files.length === 0) {
    const route = steps.find(({ step }) => step === 'route');
    if (route?.code === 'not-routed') return `not loaded, and never will be: ${route.text}`;
    return current === undefined
      ? 'there is no such object, and nobody has ever heard of it'
      : 'not loaded: nobody has told of it';
  }
  const newest = new Map<string, TracedFile>();
  for (const file of files) if (!newest.has(file.target)) newest.set(file.target, file);
  return [...newest.values()].map(sentenceOf).join('; ');
}

function sentenceOf({ target, state, steps, job }: TracedFile): string {
  const line = steps.find(({ step }) => step === 'line')?.text ?? '';
  switch (state) {
    case 'loaded':
      return `loaded into ${target}${job === null ? '' : ` by job ${job.id}`}`;
    case 'loading':
      return `being loaded into ${target}${job === null ? '' : ` by job ${job.id}`}`;
    case 'waiting':
      return `waits for ${target}: ${line}`;
    case 'quarantined':
    case 'superseded':
      return `not loaded into ${target}: ${line}`;
    case 'unseen':
      return `not loaded into ${target}: no notification and no listing has told of it`;
    case 'unknown':
      return `the warehouse does not answer, and the tracker knows nothing of it for ${target}`;
  }
}
