import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  advance,
  intake,
  LoadError,
  type Loader,
  ledgerOf,
  listFiles,
  parseConfig,
  prepareTarget,
  type SqlRow,
  type StatementBatch,
  type StatementStatus,
  settle,
} from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { openAdapters } from '../src/open-adapters.ts';
import { replaceMethods } from './replace-methods.ts';

/** The mechanisms below a load, each alone: the verbs are called by hand, and nothing else turns the lane. */

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const TARGET = 'public.t';
const { receipts } = ledgerOf(TARGET);
const VALUES = 'SELECT v FROM public.t ORDER BY v';
const KINDS = `SELECT kind, COUNT(*) AS n FROM ${receipts.schema}.${receipts.name} GROUP BY kind`;
/** Keeps a transaction open behind its COPY. */
const SLOW = 'SELECT COUNT(*) FROM generate_series(1, 8000) AS a, generate_series(1, 8000) AS b';

/** One waiting file, and a lane that nobody turns. */
async function openWaiting(instrument: (loader: Loader) => Loader): Promise<{
  loader: Loader;
  put: (key: string, content: string) => void;
  rowsOf: (sql: string) => Promise<readonly SqlRow[]>;
}> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-lane-'));
  const config = parseConfig(
    { targets: { [TARGET]: { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' } } } },
    { source: 'test' },
  );
  const open = await openAdapters(config, {
    directory,
    what: 'test',
    onEvent: () => {},
    onCompletion: () => {},
    onError: (where, error) => {
      throw new Error(where, { cause: error });
    },
  });
  closers.push(async () => {
    await open.close();
    rmSync(directory, { recursive: true });
  });
  await open.loader.warehouse.transact(['CREATE TABLE public.t (v INTEGER)']);
  await prepareTarget(open.loader, TARGET);
  const put = (key: string, content: string): void => {
    const path = join(directory, '.millrace', 'objects', 'lake', key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  put('t/a.csv', '1\n');
  const loader = instrument(open.loader);
  await listFiles(loader);
  return { loader, put, rowsOf: async (sql) => (await open.loader.warehouse.query(sql)).rows };
}

async function runToEnd({ warehouse }: Loader, batch: StatementBatch): Promise<StatementStatus> {
  const statement = await warehouse.submit(batch);
  for (;;) {
    const status = await warehouse.describe(statement);
    if (status.state !== 'running') return status;
    await pause(5);
  }
}

/** Settles when there is something to settle. */
async function settleWhenDone(loader: Loader): Promise<void> {
  for (;;) {
    const { kind } = await settle(loader, TARGET);
    if (kind !== 'running') return;
    await pause(5);
  }
}

describe('the guard', () => {
  it('refuses the same job a second time, under whatever name it comes', async () => {
    let batch: StatementBatch | undefined;
    const { loader, rowsOf } = await openWaiting((given) => ({
      ...given,
      warehouse: replaceMethods(given.warehouse, {
        submit: (one) => {
          batch ??= one;
          return given.warehouse.submit(one);
        },
      }),
    }));
    await advance(loader, TARGET, { drain: true });
    await settleWhenDone(loader);
    if (batch === undefined) throw new Error('nothing was submitted');
    const again = await runToEnd(loader, { ...batch, name: `${batch.name}-again` });
    expect(again).toMatchObject({ state: 'failed', error: { code: 'guard-already-loaded', class: 'guard' } });
    expect(await rowsOf(VALUES)).toEqual([{ v: 1 }]);
  });

  it('lets one of two commit that run at the same time', async () => {
    let batch: StatementBatch | undefined;
    const { loader, rowsOf } = await openWaiting((given) => ({
      ...given,
      warehouse: replaceMethods(given.warehouse, {
        submit: (one) => {
          if (batch !== undefined) return given.warehouse.submit(one);
          batch = one;
          throw new LoadError('reply-lost', 'the connection was lost', { class: 'unknown' });
        },
      }),
    }));
    await advance(loader, TARGET, { drain: true });
    const { name = '', statements = [] } = batch ?? {};
    const ends = await Promise.all(
      ['one', 'two', 'three'].map((zombie) =>
        runToEnd(loader, {
          name: `${name}-${zombie}`,
          clientToken: zombie,
          statements: [...statements, SLOW],
        }),
      ),
    );
    expect(ends.filter(({ state }) => state === 'finished')).toHaveLength(1);
    expect(await rowsOf(VALUES)).toEqual([{ v: 1 }]);
  });
});

describe('abandoning an attempt', () => {
  it('waits for a transaction that is still open, and is right about it', async () => {
    let isAsked = false;
    const { loader, rowsOf } = await openWaiting((given) => ({
      ...given,
      warehouse: replaceMethods(given.warehouse, {
        submit: (one) => given.warehouse.submit({ ...one, statements: [...one.statements, SLOW] }),
        describe: async (statement) => {
          if (isAsked) return given.warehouse.describe(statement);
          isAsked = true;
          return { state: 'unknown' };
        },
      }),
    }));
    await advance(loader, TARGET, { drain: true });
    const lane = await loader.tracker.lane(TARGET);
    if (lane.state.kind !== 'running') throw new Error('the job was not submitted');
    // By now it has the lane lock, most likely; when it has not, the void comes first, and that is right too.
    await pause(100);
    const outcome = await settle(loader, TARGET);
    for (const { statement } = lane.state; ; await pause(5)) {
      if ((await loader.warehouse.describe(statement)).state !== 'running') break;
    }
    expect(await rowsOf(KINDS)).toEqual([{ kind: outcome.kind === 'loaded' ? 'load' : 'void', n: 1 }]);
    expect(await rowsOf(VALUES)).toEqual(outcome.kind === 'loaded' ? [{ v: 1 }] : []);
  });
});

describe('a lane', () => {
  it('does not fall asleep over a file that comes while it looks, also when its wake is lost', async () => {
    let isLate = true;
    const { loader, put, rowsOf } = await openWaiting((given) => ({
      ...given,
      wakes: { wake: async () => {} },
      tracker: replaceMethods(given.tracker, {
        waitingFiles: async (target, limit) => {
          const files = await given.tracker.waitingFiles(target, limit);
          if (files.length === 0 && isLate) {
            isLate = false;
            put('t/late.csv', '2\n');
            const info = await given.objects.head({ bucket: 'lake', key: 't/late.csv' });
            if (info) await intake({ ...given, wakes: { wake: async () => {} } }, [info]);
          }
          return files;
        },
      }),
    }));
    await advance(loader, TARGET, { drain: true });
    // Told once more of the file that it loads, the lane has to look at its line when the job has ended.
    const again = await loader.objects.head({ bucket: 'lake', key: 't/a.csv' });
    if (again) await intake(loader, [again]);
    await settleWhenDone(loader);
    expect(await advance(loader, TARGET, { drain: true })).toMatchObject({ kind: 'submitted' });
    expect(isLate).toBe(false);
    await settleWhenDone(loader);
    expect(await advance(loader, TARGET, { drain: true })).toEqual({ kind: 'idle' });
    expect(await rowsOf(VALUES)).toEqual([{ v: 1 }, { v: 2 }]);
  });

  it('has one claim of two that are made at once, and a fence that grew by one', async () => {
    let submissions = 0;
    const { loader } = await openWaiting((given) => ({
      ...given,
      warehouse: replaceMethods(given.warehouse, {
        submit: (batch) => {
          submissions += 1;
          return given.warehouse.submit(batch);
        },
      }),
    }));
    const before = await loader.tracker.lane(TARGET);
    const outcomes = await Promise.all([1, 2, 3].map(() => advance(loader, TARGET, { drain: true })));
    expect(outcomes.filter(({ kind }) => kind === 'submitted')).toHaveLength(1);
    expect(submissions).toBe(1);
    expect((await loader.tracker.lane(TARGET)).fence).toBe(before.fence + 1);
    await settleWhenDone(loader);
  });

  it('is not free before the files of its job have ended: whoever sees it free does not see them wait', async () => {
    const statusesWhenFree: string[] = [];
    const { loader } = await openWaiting((given) => ({
      ...given,
      tracker: replaceMethods(given.tracker, {
        putLane: async (lane, options) => {
          const { state } = await given.tracker.lane(lane.target);
          const isPut = await given.tracker.putLane(lane, options);
          if (state.kind === 'running' && lane.state.kind !== 'running') {
            const files = await given.tracker.waitingFiles(TARGET, 10);
            statusesWhenFree.push(...files.map(({ status }) => status));
          }
          return isPut;
        },
      }),
    }));
    await advance(loader, TARGET, { drain: true });
    await settleWhenDone(loader);
    expect(await loader.tracker.lane(TARGET)).toMatchObject({ state: { kind: 'idle' }, loadedFiles: 1 });
    expect(statusesWhenFree).toEqual([]);
  });
});

describe('a settled load', () => {
  it('lets a version in that was written while it ran, without waiting for a notification or a listing', async () => {
    let submissions = 0;
    const { loader, put } = await openWaiting((given) => ({
      ...given,
      warehouse: replaceMethods(given.warehouse, {
        submit: (batch) => {
          submissions += 1;
          if (submissions === 1) put('t/a.csv', '2\n');
          return given.warehouse.submit(batch);
        },
      }),
    }));
    await advance(loader, TARGET, { drain: true });
    await settleWhenDone(loader);
    const waiting = await loader.tracker.waitingFiles(TARGET, 10);
    const now = await loader.objects.head({ bucket: 'lake', key: 't/a.csv' });
    expect(waiting.map(({ file }) => file.identity.etag)).toEqual([now?.etag]);
  });
});

describe('a job', () => {
  it('that was written down and never submitted is sent as it was, when its worker is known to be dead', async () => {
    const sent: StatementBatch[] = [];
    let isDead = false;
    const { loader, rowsOf } = await openWaiting((given) => ({
      ...given,
      warehouse: replaceMethods(given.warehouse, {
        submit: async (batch) => {
          sent.push(batch);
          if (isDead) return given.warehouse.submit(batch);
          // The worker is gone before the call: nobody hears of it.
          throw new Error('killed');
        },
      }),
    }));
    await expect(advance(loader, TARGET, { drain: true })).rejects.toThrow('killed');
    isDead = true;
    expect(await settle(loader, TARGET)).toEqual({ kind: 'nothing' });
    expect(await settle(loader, TARGET, { isAlone: true })).toEqual({ kind: 'running' });
    await settleWhenDone(loader);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
    expect(await rowsOf(VALUES)).toEqual([{ v: 1 }]);
  });
});
