import { DataApiWarehouse } from '@millrace/aws/redshift';
import { readJobDocument, type StatementBatch } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type StubRequest, startAwsStub } from './aws-stub.ts';
import { LaneOnDataApi, LEASE_MS } from './lane-on-data-api.ts';
import { CLUSTER, newClient, openDataApi } from './open-data-api.ts';

/** Failures that happened to loaders before this one, each named after what must not come of it. */

const HOUR_MS = 3_600_000;

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openLane(options: Parameters<typeof LaneOnDataApi.open>[0] = {}): Promise<LaneOnDataApi> {
  const lane = await LaneOnDataApi.open(options);
  closing.push(() => lane.close());
  return lane;
}

/** Does something between the lane's claim and the next submission: the table was looked at before. */
function beforeSubmit({ loader }: LaneOnDataApi, act: () => void): void {
  const { warehouse } = loader;
  const { submit } = warehouse;
  warehouse.submit = (batch) => {
    warehouse.submit = submit;
    act();
    return submit.call(warehouse, batch);
  };
}

/** What the lane's job sent, as a worker has it in hand. */
async function batchOf(lane: LaneOnDataApi): Promise<StatementBatch> {
  const { state } = await lane.lane();
  if (state.kind !== 'running' && state.kind !== 'submitting') throw new Error(`the lane is ${state.kind}`);
  return (await readJobDocument(lane.loader.objects, state.job)).batch;
}

describe('no file is loaded twice', () => {
  it('when a job is sent again after its token has expired: the guard refuses it', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    await lane.advance();
    const batch = await batchOf(lane);
    expect(await lane.settled()).toMatchObject({ kind: 'loaded', rows: 1 });
    lane.pass(8 * HOUR_MS + 1);
    const again = await lane.loader.warehouse.submit(batch);
    expect(await lane.loader.warehouse.describe(again, { waitMs: 10_000 })).toMatchObject({
      state: 'failed',
      error: { class: 'guard', code: 'guard-already-loaded' },
    });
    expect(await lane.ids()).toEqual([1]);
  });

  it('when a worker that everybody took for dead commits after the sweep looked: the void stops it', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    // The worker falls asleep between the lane's claim and its call.
    const { submit } = lane.loader.warehouse;
    let asleep: StatementBatch | undefined;
    lane.loader.warehouse.submit = async (batch) => {
      asleep = batch;
      return { name: batch.name, id: '00000000-0000-4000-8000-000000000000' };
    };
    await lane.advance();
    lane.loader.warehouse.submit = submit;
    lane.pass(LEASE_MS + 1);
    // Nobody knows the statement: its attempt is made void, and the file waits again.
    expect(await lane.settle()).toMatchObject({ kind: 'retrying', code: 'attempt-lost' });
    if (asleep === undefined) throw new Error('nothing was submitted');
    const zombie = await lane.loader.warehouse.submit(asleep);
    expect(await lane.loader.warehouse.describe(zombie, { waitMs: 10_000 })).toMatchObject({
      state: 'failed',
      error: { code: 'guard-void' },
    });
    await lane.drained();
    expect(await lane.ids()).toEqual([1]);
  });

  it('when a statement is ABORTED for the client, and still runs: the sweep waits for its lock', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    lane.api.server.faults.set({ slowCopyMs: 1_000 });
    await lane.advance();
    const statement = await lane.copying();
    const own = lane.loader.warehouse.describe;
    const aborted = await distorting(lane.api.server.url, ({ operation }, reply) =>
      operation === 'DescribeStatement' ? { ...reply, body: { ...reply.body, Status: 'ABORTED' } } : reply,
    );
    lane.loader.warehouse.describe = (statement, options) => aborted.describe(statement, options);
    expect(await own.call(lane.loader.warehouse, statement)).toEqual({ state: 'running' });
    expect(await lane.settle()).toMatchObject({ kind: 'loaded', files: 1 });
    expect(await own.call(lane.loader.warehouse, statement)).toMatchObject({ state: 'finished' });
    expect(await lane.ids()).toEqual([1]);
  });

  it('when the reply to a submission is lost: the statement is found by its name', async () => {
    const lane = await openLane({ maxAttempts: 1 });
    await lane.arrive('1.csv');
    beforeSubmit(lane, () => lane.api.server.faults.set({ lostReply: 1 }));
    expect(await lane.advance()).toMatchObject({ kind: 'submit-unknown' });
    const { name } = await batchOf(lane);
    expect(await lane.loader.warehouse.find(name)).toMatchObject({ name });
    lane.pass(LEASE_MS + 1);
    expect(await lane.settled()).toMatchObject({ kind: 'loaded', files: 1 });
    expect(await lane.ids()).toEqual([1]);
  });

  it('when the SDK sends it again after a lost reply: the token makes it one statement', async () => {
    const lane = await openLane({ maxAttempts: 3 });
    await lane.arrive('1.csv');
    beforeSubmit(lane, () => lane.api.server.faults.set({ lostReply: 2 }));
    expect(await lane.advance()).toMatchObject({ kind: 'submitted' });
    expect(await lane.settled()).toMatchObject({ kind: 'loaded' });
    expect(await lane.ids()).toEqual([1]);
  });

  it('when the connection breaks at COMMIT, and the transaction is there: the receipts know', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    lane.api.server.faults.set({ lostCommitReply: 1 });
    await lane.advance();
    expect(await lane.settled()).toMatchObject({ kind: 'loaded', files: 1 });
    expect(lane.kinds()).not.toContain('job-failed');
    expect(await lane.ids()).toEqual([1]);
  });

  it('when a statement is ABORTED for the client, and has committed: the receipts know', async () => {
    const lane = await openLane();
    const warehouse = await distorting(lane.api.server.url, ({ operation }, reply) =>
      operation === 'DescribeStatement' ? { ...reply, body: { ...reply.body, Status: 'ABORTED' } } : reply,
    );
    const { describe: describeTruly } = lane.loader.warehouse;
    await lane.arrive('1.csv');
    await lane.advance();
    const { state } = await lane.lane();
    if (state.kind !== 'running') throw new Error(`the lane is ${state.kind}`);
    expect(
      await describeTruly.call(lane.loader.warehouse, state.statement, { waitMs: 10_000 }),
    ).toMatchObject({
      state: 'finished',
    });
    expect(await warehouse.describe(state.statement)).toEqual({ state: 'unknown' });
    lane.loader.warehouse.describe = (statement, options) => warehouse.describe(statement, options);
    expect(await lane.settle()).toMatchObject({ kind: 'loaded', files: 1, rows: null });
    expect(await lane.ids()).toEqual([1]);
  });
});

describe('no lane is stuck', () => {
  it('when the Data API throttles right after the claim', async () => {
    const lane = await openLane({ maxAttempts: 1 });
    await lane.arrive('1.csv');
    beforeSubmit(lane, () => lane.api.server.faults.set({ throttle: 1 }));
    expect(await lane.advance()).toMatchObject({ kind: 'retrying', code: 'throttled' });
    expect(await lane.lane()).toMatchObject({ state: { kind: 'waiting' }, failures: 1 });
    lane.api.server.faults.clear();
    await lane.drained();
    expect(await lane.ids()).toEqual([1]);
  });

  it('when sixty questions come at once, and AWS allows twenty to thirty in a second', async () => {
    // AWS's own rates.
    const { warehouse, close } = await openDataApi({
      server: { limits: {} },
      options: { patienceMs: 20_000 },
    });
    closing.push(close);
    const questions = Array.from({ length: 60 }, (_, n) => warehouse.transact([`SELECT ${n} AS n`]));
    expect((await Promise.all(questions)).map(([row]) => row?.n)).toEqual(questions.map((_, n) => n));
  });

  it('when a statement is cancelled: its attempt is void, and the file goes into the next job', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    lane.api.server.faults.set({ slowCopyMs: 20_000 });
    await lane.advance();
    const { state } = await lane.lane();
    if (state.kind !== 'running') throw new Error(`the lane is ${state.kind}`);
    await lane.loader.warehouse.cancel(state.statement);
    expect(await lane.settled()).toMatchObject({ kind: 'retrying', code: 'attempt-lost' });
    lane.api.server.faults.clear();
    await lane.drained();
    expect(await lane.ids()).toEqual([1]);
  });

  it('when maintenance kills the load, and refuses the next ones: no attempt is spent', async () => {
    const lane = await openLane({ maxAttempts: 1 });
    await lane.arrive('1.csv', '2.csv');
    lane.api.server.faults.set({ slowCopyMs: 20_000 });
    await lane.advance();
    await lane.copying();
    lane.api.server.faults.set({ maintenance: true, slowCopyMs: 0 });
    expect(await lane.settled()).toMatchObject({ kind: 'held', code: 'warehouse-unavailable' });
    for (let tries = 0; tries < 20; tries += 1) {
      lane.pass(LEASE_MS);
      expect(await lane.advance()).toMatchObject({ kind: 'held', code: 'warehouse-unavailable' });
    }
    expect(await lane.lane()).toMatchObject({ failures: 0 });
    lane.api.server.faults.set({ maintenance: false });
    await lane.drained();
    expect(await lane.ids()).toEqual([1, 2]);
    // Two files wait, one job loads them.
    expect(lane.kinds().filter((kind) => kind === 'table-loaded')).toHaveLength(1);
  });

  it('when another role looks: it is told to, and the role that submitted settles', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    await lane.advance();
    const own = lane.loader.warehouse.describe;
    const denied = { status: 400, body: { __type: 'AccessDeniedException', Message: 'not authorized' } };
    const other = await distorting(lane.api.server.url, ({ operation }, reply) =>
      operation === 'DescribeStatement' ? denied : reply,
    );
    lane.loader.warehouse.describe = (statement, options) => other.describe(statement, options);
    await expect(lane.settle()).rejects.toMatchObject({
      class: 'config',
      code: 'access-denied',
      hint: expect.stringContaining('the role that submitted it'),
    });
    expect(await lane.lane()).toMatchObject({ state: { kind: 'running' }, failures: 0 });
    lane.loader.warehouse.describe = own;
    expect(await lane.settled()).toMatchObject({ kind: 'loaded' });
    expect(await lane.ids()).toEqual([1]);
  });

  it('when the cluster is paused', async () => {
    const lane = await openLane({ maxAttempts: 1 });
    await lane.arrive('1.csv');
    lane.api.server.faults.set({ pause: true });
    expect(await lane.advance()).toMatchObject({ kind: 'held', code: 'warehouse-unavailable' });
    lane.api.server.faults.set({ pause: false });
    await lane.drained();
    expect(await lane.ids()).toEqual([1]);
  });

  it('when the backend dies in mid-transaction, or commits collide', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    lane.api.server.faults.set({ backendDeath: 1 });
    await lane.advance();
    expect(await lane.settled()).toMatchObject({ kind: 'retrying', code: 'attempt-lost' });
    lane.pass(LEASE_MS);
    lane.api.server.faults.set({ serializableViolations: 1 });
    await lane.advance();
    expect(await lane.settled()).toMatchObject({ kind: 'retrying', code: 'serialization-conflict' });
    await lane.drained();
    expect(await lane.ids()).toEqual([1]);
  });

  it('when a result is asked for a day too late: the lane settles without its row count', async () => {
    const lane = await openLane();
    await lane.arrive('1.csv');
    await lane.advance();
    const { state } = await lane.lane();
    if (state.kind !== 'running') throw new Error(`the lane is ${state.kind}`);
    await lane.loader.warehouse.describe(state.statement, { waitMs: 10_000 });
    lane.pass(25 * HOUR_MS);
    expect(await lane.settled()).toMatchObject({ kind: 'loaded', files: 1 });
    expect(await lane.ids()).toEqual([1]);
  });
});

describe('a statement is found', () => {
  it('among more than 100 whose names begin like its own', async () => {
    const { warehouse, close } = await openDataApi();
    closing.push(close);
    const name = 'dev/public.cities/01JD0000000000000000000000/1';
    const submit = (suffix: string) =>
      warehouse.submit({ name: `${name}${suffix}`, clientToken: `token${suffix}`, statements: ['SELECT 1'] });
    const wanted = await submit('');
    for (let nth = 0; nth < 250; nth += 1) await submit(String(nth));
    expect(await warehouse.find(name)).toEqual(wanted);
    expect(await warehouse.find(`${name}nowhere`)).toBeUndefined();
  });

  it('the newest, where a name was used twice', async () => {
    let now = Date.now();
    const { warehouse, close } = await openDataApi({ server: { now: () => now } });
    closing.push(close);
    const batch = { name: 'dev/public.cities/x/1', clientToken: 'token', statements: ['SELECT 1'] };
    await warehouse.submit(batch);
    now += 8 * HOUR_MS + 1;
    const newest = await warehouse.submit(batch);
    expect(await warehouse.find(batch.name)).toEqual(newest);
  });
});

/** A warehouse behind a Data API whose replies are changed on their way. */
async function distorting(
  url: string,
  distort: (
    request: StubRequest,
    reply: { status: number; body: object },
  ) => { status: number; body: object },
): Promise<DataApiWarehouse> {
  const stub = await startAwsStub(async (request) => {
    const { host: _, connection: __, ...headers } = request.headers;
    const response = await fetch(url, {
      method: 'POST',
      headers: headers as Record<string, string>,
      body: request.body,
    });
    return distort(request, { status: response.status, body: (await response.json()) as object });
  });
  const client = newClient(stub.url);
  closing.push(async () => {
    client.destroy();
    await stub.close();
  });
  return new DataApiWarehouse(client, { address: CLUSTER, database: 'dev', patienceMs: 0 });
}
