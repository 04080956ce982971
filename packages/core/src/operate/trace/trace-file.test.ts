import { type Answers, answeringWarehouse, bareLoader, MemoryTracker } from '@millrace/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/parse-config.ts';
import { loadFileOf } from '../../file/load-file.ts';
import { compileRoutes, routesOf } from '../../file/route.ts';
import { writeJob } from '../../load/build-job.ts';
import { clientTokenOf, type JobDocument, placesOf, statementNameOf } from '../../load/job-document.ts';
import { ulid } from '../../load/ulid.ts';
import type { TracedFile } from '../../ports/trace.ts';
import { LoadError } from '../../recover/load-error.ts';
import { supersededBy } from '../../verbs/confirm-files.ts';
import type { Loader } from '../../verbs/loader.ts';
import { traceFile } from './trace-file.ts';

const NOW = 1_795_264_440_000;
const TARGET = 'public.flights';
const URL = 's3://lake/flights/1.csv';
const AT = { bucket: 'lake', key: 'flights/1.csv' };
const CONFIG = parseConfig(
  {
    control: 's3://lake/_millrace/',
    targets: {
      [TARGET]: { mode: 'append', from: 's3://lake/flights/', format: { kind: 'csv' } },
      'public.archive': {
        mode: 'append',
        from: 's3://lake/archive/',
        format: { kind: 'csv' },
        after: 'move',
        processedPrefix: 's3://lake/done/',
      },
    },
  },
  { source: 'test' },
);
const ROUTES = compileRoutes(CONFIG);

let answers: Answers;
let loader: Loader;

beforeEach(() => {
  answers = {};
  const proxied = new Proxy({} as Answers, { get: (_, kind) => Reflect.get(answers, kind) });
  loader = {
    ...bareLoader(() => NOW, answeringWarehouse(proxied)),
    targets: CONFIG.targets,
    routesOf: (at) => routesOf(ROUTES, at),
  };
});

async function trace(url = URL) {
  return traceFile(loader, { url }, { routes: ROUTES });
}

async function traceOne(url = URL): Promise<TracedFile> {
  const { files } = await trace(url);
  const [file] = files;
  if (file === undefined) throw new Error('nothing was traced');
  return file;
}

/** The object is there, and whoever told of it is heard. */
async function arrive(text = 'a,b\n', at = AT) {
  const info = await loader.objects.write(at, text);
  if (info === undefined) throw new Error('not written');
  return loadFileOf({ ...info, writtenAt: info.lastModifiedAt }, NOW - 5_000);
}

/** A job of one file as it was written down, with its document. */
async function writeDocument(file: ReturnType<typeof loadFileOf>, target = TARGET) {
  const attempt = { jobId: ulid(NOW - 2_000, new Uint8Array(16)), attempt: 1, fence: 1 };
  const document: JobDocument = {
    version: 1,
    target,
    attempt,
    files: [{ file, loadUrl: file.url }],
    bytes: 4,
    batch: {
      name: statementNameOf('dev', target, attempt),
      clientToken: clientTokenOf(attempt),
      statements: ['LOCK x', 'COPY y'],
    },
    createdAt: NOW - 2_000,
  };
  const places = placesOf(loader.settings.control, target, attempt);
  return writeJob(loader.objects, { document, places, statements: [] });
}

function receiptOf(file: ReturnType<typeof loadFileOf>, jobId: string, rows: number | null): Answers {
  const { id: file_id, keyId: key_id, url, identity } = file;
  return {
    'select-receipts': () => [{ file_id, key_id, url, job_id: jobId, attempt: 1, fence: 1 }],
    'select-job-receipts': () => [
      {
        file_id,
        key_id,
        url,
        etag: identity.etag,
        size: identity.size,
        job_id: jobId,
        job_rows: rows,
        is_old: 0,
      },
    ],
  };
}

const stepOf = ({ steps }: TracedFile, step: string) => steps.find((one) => one.step === step);

describe('an address', () => {
  it('that nobody knows and no route takes', async () => {
    const report = await trace('s3://lake/flight/1.csv');
    expect(report.files).toEqual([]);
    expect(report.steps).toMatchObject([
      { step: 'object', mark: 'unknown', code: 'not-there' },
      {
        step: 'route',
        mark: 'stopped',
        code: 'not-routed',
        todo: expect.stringContaining('s3://lake/flights/'),
      },
    ]);
    expect(report.summary).toContain('never will be');
  });

  it('that is routed, where nothing is and never was', async () => {
    expect((await trace()).summary).toContain('no such object');
  });

  it('that is no object, or of a target that is not configured, is refused', async () => {
    await expect(trace('s3://lake/')).rejects.toMatchObject({ code: 'invalid-url' });
    const request = { url: URL, target: 'public.none' };
    await expect(traceFile(loader, request, { routes: ROUTES })).rejects.toMatchObject({
      code: 'target-unknown',
    });
  });

  it('that a place of the configuration is closed for', async () => {
    await arrive('x', { bucket: 'lake', key: 'done/1.csv' });
    expect((await trace('s3://lake/done/1.csv')).steps[1]).toMatchObject({ code: 'not-routed' });
  });
});

describe('a file that was not loaded', () => {
  it('is unseen when nobody has told of it', async () => {
    await arrive();
    expect(await traceOne()).toMatchObject({ state: 'unseen', isCurrent: true });
    expect((await trace()).summary).toContain('no notification');
  });

  it('waits, and says why and since when', async () => {
    const file = await arrive();
    await loader.tracker.addFiles(TARGET, [file]);
    await loader.tracker.putLane({
      ...(await loader.tracker.lane(TARGET)),
      state: { kind: 'waiting', dueAt: NOW + 10_000 },
    });
    const traced = await traceOne();
    expect(traced).toMatchObject({ state: 'waiting', job: null, evidence: null });
    expect(stepOf(traced, 'arrival')).toMatchObject({
      code: 'seen',
      at: new Date(NOW - 5_000).toISOString(),
    });
    expect(stepOf(traced, 'line')).toMatchObject({ code: 'not-due', mark: 'waiting' });
    expect(stepOf(traced, 'commit')).toMatchObject({ mark: 'ahead' });
  });

  it('waits with its last failure, and with the job that it failed in', async () => {
    const file = await arrive();
    const job = await writeDocument(file);
    await loader.tracker.addFiles(TARGET, [file]);
    const evidence = { code: 'throttled', reason: 'Rate exceeded', jobId: job.id, at: NOW - 1_000 };
    await loader.tracker.noteFailure(TARGET, [file.id], evidence);
    const traced = await traceOne();
    expect(stepOf(traced, 'line')?.text).toContain('its last load failed: Rate exceeded');
    expect(traced.job).toMatchObject({ id: job.id, sql: ['LOCK x', 'COPY y'] });
  });

  it('is being loaded by the job in hand, whose document names it', async () => {
    const file = await arrive();
    const job = await writeDocument(file);
    await loader.tracker.addFiles(TARGET, [file]);
    const statement = {
      name: statementNameOf('dev', TARGET, { jobId: job.id, attempt: 1, fence: 1 }),
      id: 'd9b6',
    };
    await loader.tracker.putLane({
      ...(await loader.tracker.lane(TARGET)),
      state: { kind: 'running', job, statement, leaseUntil: NOW + 1 },
    });
    const traced = await traceOne();
    expect(traced).toMatchObject({ state: 'loading', job: { state: 'running', statementId: 'd9b6' } });
    expect(stepOf(traced, 'statement')).toMatchObject({ mark: 'waiting', code: 'running' });
    expect((await trace()).summary).toContain(`being loaded into ${TARGET} by job ${job.id}`);
  });

  it('is quarantined, with where and why and how to go on', async () => {
    const file = await arrive();
    await loader.tracker.putAside(TARGET, [
      {
        file,
        status: 'quarantined',
        evidence: { code: '1207', reason: 'Invalid digit', line: 7, column: 'delay', rawValue: 'x', at: NOW },
      },
    ]);
    const traced = await traceOne();
    expect(traced).toMatchObject({
      state: 'quarantined',
      evidence: { line: 7, column: 'delay', rawValue: 'x' },
    });
    expect(stepOf(traced, 'line')).toMatchObject({
      mark: 'stopped',
      todo: expect.stringContaining(`redrive ${URL}`),
    });
  });

  it('was rewritten while it waited: both versions are told, the newer first', async () => {
    const old = await arrive('old\n');
    await loader.tracker.addFiles(TARGET, [old]);
    const fresh = await arrive('new and longer\n');
    await loader.tracker.addFiles(TARGET, [fresh]);
    const { files } = await trace();
    expect(files.map(({ id, isCurrent }) => [id, isCurrent])).toEqual([
      [fresh.id, true],
      [old.id, false],
    ]);
    expect(stepOf(files[1] as TracedFile, 'line')).toMatchObject({ code: 'rewritten' });
    await loader.tracker.putAside(TARGET, [
      { file: old, status: 'superseded', evidence: supersededBy(fresh.identity.etag, NOW) },
    ]);
    const after = await trace();
    expect(after.files[1]).toMatchObject({ state: 'superseded' });
    expect(stepOf(after.files[1] as TracedFile, 'line')?.text).toContain('it will never be loaded');
  });

  it('is gone while it waits', async () => {
    const file = await arrive();
    await loader.tracker.addFiles(TARGET, [file]);
    await loader.objects.delete(AT, { ifMatch: file.identity.etag });
    expect(stepOf(await traceOne(), 'line')?.text).toContain('the object is not there any more');
  });

  it('may be loaded: the warehouse does not answer', async () => {
    await arrive();
    answers = {
      'select-receipts': () => {
        throw new LoadError('warehouse-unavailable', 'cluster is paused', { class: 'unavailable' });
      },
    };
    const traced = await traceOne();
    expect(traced.state).toBe('unknown');
    expect(stepOf(traced, 'arrival')).toMatchObject({ mark: 'unknown' });
    expect(stepOf(traced, 'commit')).toMatchObject({
      mark: 'unknown',
      text: expect.stringContaining('cluster is paused'),
    });
  });

  it('cannot have been loaded where a target was never started', async () => {
    await arrive();
    answers = {
      'select-receipts': () => {
        throw new LoadError('table-missing', 'relation does not exist', { class: 'config' });
      },
    };
    expect((await traceOne()).state).toBe('unseen');
  });
});

describe('a file that was loaded', () => {
  it('tells job, statement, SQL and rows, also when the tracker has forgotten it', async () => {
    const file = await arrive();
    const job = await writeDocument(file);
    answers = receiptOf(file, job.id, 8);
    const traced = await traceOne();
    expect(traced).toMatchObject({
      state: 'loaded',
      job: {
        id: job.id,
        rows: 8,
        files: 1,
        sql: ['LOCK x', 'COPY y'],
        statementName: `dev/${TARGET}/${job.id}/1`,
      },
    });
    expect(stepOf(traced, 'arrival')?.at).toBe(new Date(NOW - 5_000).toISOString());
    expect(stepOf(traced, 'commit')).toMatchObject({ mark: 'done', text: expect.stringContaining('8 rows') });
    expect(stepOf(traced, 'after')).toMatchObject({ code: 'kept' });
    expect((await trace()).summary).toBe(`loaded into ${TARGET} by job ${job.id}`);
  });

  it('by a job whose document is gone: when it was planned is in its name', async () => {
    const file = await arrive();
    answers = receiptOf(file, ulid(NOW - 60_000, new Uint8Array(16)), null);
    const { job, steps } = await traceOne();
    expect(job).toMatchObject({ sql: null, state: 'lost', plannedAt: new Date(NOW - 60_000).toISOString() });
    expect(steps.find(({ step }) => step === 'commit')?.text).toContain('its rows were not counted');
  });

  it('in receipts and still waiting in the tracker: the receipts win', async () => {
    const file = await arrive();
    await loader.tracker.addFiles(TARGET, [file]);
    answers = receiptOf(file, ulid(NOW, new Uint8Array(16)), 1);
    expect((await traceOne()).state).toBe('loaded');
  });

  it('in an older version, and not in the one that is there', async () => {
    const old = await arrive('old\n');
    await arrive('new and longer\n');
    answers = receiptOf(old, ulid(NOW, new Uint8Array(16)), 1);
    expect((await trace()).files.map(({ state }) => state)).toEqual(['unseen', 'loaded']);
  });

  it('and moved away, or is still to be', async () => {
    const at = { bucket: 'lake', key: 'archive/2026/1.csv' };
    const url = 's3://lake/archive/2026/1.csv';
    const file = await arrive('x\n', at);
    const own = receiptOf(file, ulid(NOW, new Uint8Array(16)), 1);
    answers = own;
    expect(stepOf(await traceOne(url), 'after')).toMatchObject({ code: 'after-undone', mark: 'waiting' });
    await loader.objects.delete(at, { ifMatch: file.identity.etag });
    expect(stepOf(await traceOne(url), 'after')?.text).toContain('moved to s3://lake/done/2026/1.csv');
  });

  it('by name, without a route', async () => {
    const at = { bucket: 'other', key: 'x.csv' };
    const file = await arrive('x\n', at);
    await loader.tracker.markLoaded(TARGET, [file]);
    const report = await trace('s3://other/x.csv');
    expect(report.steps[1]).toMatchObject({ code: 'handed' });
    expect(report.files.map(({ target }) => target)).toEqual([TARGET]);
  });
});

it('finds the job of a group below the lane of the group', async () => {
  const config = parseConfig(
    {
      control: 's3://lake/_millrace/',
      targets: {
        'public.a': { mode: 'append', from: 's3://lake/a/', format: { kind: 'csv' }, group: 'both' },
        'public.b': { mode: 'append', from: 's3://lake/b/', format: { kind: 'csv' }, group: 'both' },
      },
    },
    { source: 'test' },
  );
  const routes = compileRoutes(config);
  loader = { ...loader, targets: config.targets, routesOf: (at) => routesOf(routes, at) };
  const file = await arrive('x\n', { bucket: 'lake', key: 'b/1.csv' });
  const job = await writeDocument(file, 'public.a');
  answers = receiptOf(file, job.id, 1);
  const { files } = await traceFile(loader, { url: 's3://lake/b/1.csv' }, { routes });
  expect(files).toMatchObject([
    {
      target: 'public.b',
      job: { id: job.id, sql: ['LOCK x', 'COPY y'], statementName: `dev/public.a/${job.id}/1` },
    },
  ]);
});

it('knows a chunk of events by its key', async () => {
  const key = `_millrace/loads/${TARGET}/0123456789abcdef/01M.csv`;
  await arrive('x\n', { bucket: 'lake', key });
  const report = await trace(`s3://lake/${key}`);
  expect(report.steps[1]).toMatchObject({ code: 'chunk', mark: 'done' });
});

it('asks the tracker of no other target for a file that has a route', async () => {
  const asked: string[] = [];
  const tracker = new MemoryTracker();
  const versionsAt = tracker.versionsAt.bind(tracker);
  tracker.versionsAt = async (target, at) => {
    asked.push(target);
    return versionsAt(target, at);
  };
  loader = { ...loader, tracker };
  await trace();
  expect(asked).toEqual([TARGET]);
});
