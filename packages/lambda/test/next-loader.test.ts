import { setTimeout as pause } from 'node:timers/promises';
import { CancelStatementCommand, ListStatementsCommand } from '@aws-sdk/client-redshift-data';
import { GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { type Lane, LoadError } from '@millrace/core';
import type { CompletionEvent } from '@millrace/redshift-local/data-api';
import { describe, expect, it } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { type Container, contextOf, type Stage as OpenStage, Stage, sqsEvent, told } from './stage.ts';

const ORDERS = 'CREATE TABLE public.orders (id int, name varchar(50), changed_at timestamp)';
const TARGET = 'public.orders';
const QUEUE = 'orders_queue';
const DOCUMENTS = { [QUEUE]: queueDocument({ table: TARGET, merges: false }) };
const row = (id: number): string => `${id},a,2026-11-21 00:00:00\n`;
const ids = (stage: OpenStage) => stage.rows('SELECT id FROM public.orders ORDER BY id');

/** Puts a file, tells of it, and lets the time pass after which its lane is due: the sweep submits the job. */
async function submit(stage: OpenStage, container: Container, id = 1): Promise<void> {
  await container.microbatchLoader(told(QUEUE, [await stage.put(`${id}.csv`, row(id))]));
  stage.skip(61_000);
  await container.sweeper();
}

/** Runs `before` when the lane is about to become so, the first time. */
async function beforeState(
  container: Container,
  kind: Lane['state']['kind'],
  before: () => Promise<void> | void,
): Promise<void> {
  const { site } = await container.composition.catalog.ofQueue(QUEUE);
  const { tracker } = site.loader;
  const putLane = tracker.putLane.bind(tracker);
  tracker.putLane = async (lane, options) => {
    if (lane.state.kind === kind) {
      tracker.putLane = putLane;
      await before();
    }
    return putLane(lane, options);
  };
}

describe('the next loader', () => {
  it('begins the next job of the lane when one has FINISHED, without a sweep', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    stage.fault({ slowCopyMs: 300 });
    await submit(stage, container, 1);
    // Comes while the first job runs, and is overdue when it ends.
    await container.microbatchLoader(told(QUEUE, [await stage.put('2.csv', row(2))]));
    stage.skip(61_000);
    await stage.settleDown(container);
    expect(await ids(stage)).toEqual([[1], [2]]);
    expect(await stage.lane(container, TARGET)).toMatchObject({ state: { kind: 'idle' } });
    expect(await stage.quiet()).toEqual([]);
  });

  it('moves the lane on when a job has FAILED: the bad file is put aside, the good one loaded', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const objects = [await stage.put('bad.csv', 'no number,a,b\n'), await stage.put('good.csv', row(1))];
    await container.microbatchLoader(told(QUEUE, objects));
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
    const { site } = await container.composition.catalog.ofQueue(QUEUE);
    const [bad] = await site.loader.tracker.troubledFiles();
    expect(bad).toMatchObject({ status: 'quarantined', file: { url: 's3://lake/bad.csv' } });
    expect(bad?.evidence).toMatchObject({ line: 1, column: 'id', rawValue: 'no number' });
  });

  it('moves the lane on when somebody had a job ABORTED', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    stage.fault({ slowCopyMs: 2_000 });
    await submit(stage, container);
    const client = stage.clients.redshiftData;
    const { Statements = [] } = await client.send(
      new ListStatementsCommand({ StatementName: `dev/${TARGET}/`, Status: 'STARTED' }),
    );
    stage.fault({ slowCopyMs: 0 });
    await client.send(new CancelStatementCommand({ Id: Statements[0]?.Id }));
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
    expect(stage.told.filter(({ kind }) => kind === 'job-failed')).toHaveLength(1);
  });

  it('settles a job whose event comes before its statement’s id was noted', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    await beforeState(container, 'running', async () => {
      for (let looks = 0; looks < 100; looks += 1) {
        await pause(20);
        await stage.quiet();
        if ((await stage.lane(container, TARGET))?.state.kind !== 'submitting') return;
      }
    });
    await submit(stage, container);
    await stage.settleDown(container);
    expect(await ids(stage)).toEqual([[1]]);
    expect(await stage.lane(container, TARGET)).toMatchObject({ state: { kind: 'idle' }, loadedFiles: 1 });
  });

  it('is not misled by events that come twice, and hours late', async () => {
    const events: CompletionEvent[] = [];
    const stage = await Stage.open({
      tables: ORDERS,
      documents: DOCUMENTS,
      onEvent: (event) => void events.push(event),
      server: { faults: { eventDuplicates: 1 } },
    });
    const container = stage.container();
    await submit(stage, container);
    for (let looks = 0; events.length < 2 && looks < 100; looks += 1) await pause(20);
    expect(events).toHaveLength(2);
    for (const event of events) await container.nextLoader(event);
    stage.skip(5 * 3_600_000);
    await container.nextLoader(events[0]);
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
    expect(stage.told.filter(({ kind }) => kind === 'table-loaded')).toHaveLength(1);
  });

  it('takes ends that a rule has put into a queue, and fails none for what it does not know', async () => {
    const events: CompletionEvent[] = [];
    const stage = await Stage.open({
      tables: ORDERS,
      documents: DOCUMENTS,
      onEvent: (event) => void events.push(event),
    });
    const container = stage.container();
    await submit(stage, container);
    for (let looks = 0; events.length < 1 && looks < 100; looks += 1) await pause(20);
    const foreign = { ...events[0], detail: { statementName: 'somebody/else', state: 'FINISHED' } };
    const bodies = [events[0], foreign].map((event) => JSON.stringify(event));
    expect(await container.nextLoader(sqsEvent('ends', bodies))).toEqual({ batchItemFailures: [] });
    expect(await stage.lane(container, TARGET)).toMatchObject({ state: { kind: 'idle' }, loadedFiles: 1 });
    const { batchItemFailures } = await container.nextLoader(sqsEvent('ends', ['{"detail-type":"Other"}']));
    expect(batchItemFailures).toHaveLength(1);
  });

  it('leaves lost events to the sweeper', async () => {
    const stage = await Stage.open({
      tables: ORDERS,
      documents: DOCUMENTS,
      server: { faults: { eventLoss: 1 } },
    });
    const container = stage.container();
    await submit(stage, container);
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
  });

  it('ignores statements that are not load jobs, or of tables that are not here', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const names = ['', 'a person’s query', 'dev/public.orders', `dev/public.other/${'0'.repeat(26)}/1`];
    for (const statementName of names) {
      const detail = { statementName, statementId: 'x', state: 'FINISHED' };
      const event = {
        source: 'aws.redshift-data',
        'detail-type': 'Redshift Data Statement Status Change',
        detail,
      };
      expect(await container.nextLoader(event)).toEqual({ batchItemFailures: [] });
    }
    expect(stage.log.of('debug')).toHaveLength(names.length);
    expect(stage.log.of('error')).toEqual([]);
  });

  it.each([[null], [{}], [{ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }]])(
    'refuses %j, which is no such event',
    async (event) => {
      const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
      await expect(stage.container().nextLoader(event)).rejects.toMatchObject({ code: 'event-foreign' });
    },
  );

  it('backs off, and loses nothing, when the Data API throttles right after the claim', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS, maxAttempts: 1 });
    const container = stage.container();
    await beforeState(container, 'submitting', () => stage.fault({ throttle: 1 }));
    await submit(stage, container);
    const lane = await stage.lane(container, TARGET);
    expect(lane?.state.kind).toBe('waiting');
    // Twice, when chance makes the wait so short that the same sweep looks again.
    expect([1, 2]).toContain(lane?.failures);
    stage.fault({ throttle: 0 });
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
  });

  it('loads once what was told to have failed and has committed', async () => {
    const stage = await Stage.open({
      tables: ORDERS,
      documents: DOCUMENTS,
      onEvent: () => {},
    });
    const container = stage.container();
    const { site } = await container.composition.catalog.ofQueue(QUEUE);
    const submitIt = site.loader.warehouse.submit.bind(site.loader.warehouse);
    site.loader.warehouse.submit = (batch) => {
      stage.fault({ lostCommitReply: 1 });
      return submitIt(batch);
    };
    await submit(stage, container);
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
    expect(await stage.lane(container, TARGET)).toMatchObject({ loadedFiles: 1 });
  });

  it('loads once what is submitted twice because a reply was lost and its token has expired', async () => {
    const stage = await Stage.open({
      tables: ORDERS,
      documents: DOCUMENTS,
      onEvent: () => {},
      server: { limits: { callsPerSecond: {}, clientTokenMs: 0 } },
    });
    const container = stage.container();
    const { warehouse } = (await container.composition.catalog.ofQueue(QUEUE)).site.loader;
    const [submitIt, find] = [warehouse.submit.bind(warehouse), warehouse.find.bind(warehouse)];
    warehouse.submit = async (batch) => {
      warehouse.submit = submitIt;
      await submitIt(batch);
      throw new LoadError('reply-lost', 'the connection was lost', { class: 'unknown' });
    };
    // Not listed yet, either.
    warehouse.find = async () => {
      warehouse.find = find;
      return undefined;
    };
    await submit(stage, container);
    await stage.drain(container);
    const { Statements = [] } = await stage.clients.redshiftData.send(
      new ListStatementsCommand({ StatementName: `dev/${TARGET}/`, Status: 'ALL' }),
    );
    expect(Statements.map(({ Status }) => Status).sort()).toEqual(['FAILED', 'FINISHED']);
    expect(await ids(stage)).toEqual([[1]]);
    expect(await stage.lane(container, TARGET)).toMatchObject({ loadedFiles: 1 });
  });

  it('voids a job that nobody knows any more, so that it cannot commit when it runs at last', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS, onEvent: () => {} });
    const container = stage.container();
    const { site } = await container.composition.catalog.ofQueue(QUEUE);
    const { warehouse } = site.loader;
    const batches: Parameters<typeof warehouse.submit>[0][] = [];
    const submitIt = warehouse.submit.bind(warehouse);
    warehouse.submit = async (batch) => {
      batches.push(batch);
      // Taken, it says; and forgotten by the time of the sweep.
      if (batches.length === 1) return { name: batch.name, id: 'd2e1ec92-2ee3-49a0-819f-905fa7d75a4a' };
      return submitIt(batch);
    };
    await submit(stage, container);
    expect(batches).toHaveLength(1);
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
    // Now the zombie runs.
    const [zombie] = batches;
    const { id } = await submitIt({ ...(zombie as never as (typeof batches)[0]), clientToken: 'zombie' });
    let status = await warehouse.describe({ name: '', id }, { waitMs: 1_000 });
    while (status.state === 'running') status = await warehouse.describe({ name: '', id }, { waitMs: 1_000 });
    expect(status).toMatchObject({ state: 'failed', error: { class: 'guard' } });
    expect(await ids(stage)).toEqual([[1]]);
  });
});

describe('wakes', () => {
  it('are messages only when they are for later', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    await container.microbatchLoader(told(QUEUE, [await stage.put('1.csv', row(1))]));
    await container.microbatchLoader(told(QUEUE, [await stage.put('2.csv', row(2))]));
    const { Attributes } = await stage.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: stage.env.WAKE_QUEUE_URL, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesDelayed: '1',
    });
  });

  it('move their lane on, in a container that has not heard of it', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    await container.microbatchLoader(told(QUEUE, [await stage.put('1.csv', row(1))]));
    const { state } = (await stage.lane(container, TARGET)) as Lane;
    const wakeAt = state.kind === 'waiting' ? state.dueAt : 0;
    const wake = { millrace: 'wake', target: `analytics.dev/${TARGET}`, wakeAt };
    stage.skip(61_000);
    const event = sqsEvent('millrace-wakes', [JSON.stringify(wake), JSON.stringify(wake)]);
    expect(await stage.container().nextLoader(event)).toEqual({ batchItemFailures: [] });
    await stage.settleDown(container);
    expect(await ids(stage)).toEqual([[1]]);
  });

  it('and ends of statements come again when little time is left for them', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const wake = { millrace: 'wake', target: `analytics.dev/${TARGET}`, wakeAt: stage.now() - 1 };
    const event = sqsEvent('millrace-wakes', [JSON.stringify(wake)]);
    expect((await container.nextLoader(event, contextOf(2_000))).batchItemFailures).toHaveLength(1);
    const detail = {
      statementName: `dev/${TARGET}/${'0'.repeat(26)}/1`,
      statementId: 'x',
      state: 'FINISHED',
    };
    const end = {
      source: 'aws.redshift-data',
      'detail-type': 'Redshift Data Statement Status Change',
      detail,
    };
    await expect(container.nextLoader(end, contextOf(2_000))).rejects.toMatchObject({ code: 'out-of-time' });
  });

  it('are sent on when they come early, and fail when they are none', async () => {
    const stage = await Stage.open({ tables: ORDERS, documents: DOCUMENTS });
    const container = stage.container();
    const wake = { millrace: 'wake', target: `analytics.dev/${TARGET}`, wakeAt: stage.now() + 800 };
    const event = sqsEvent('millrace-wakes', [JSON.stringify(wake), '{"Records":[]}', 'x']);
    const answer = await container.nextLoader(event);
    expect(answer.batchItemFailures).toHaveLength(2);
    const { Messages = [] } = await stage.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: stage.env.WAKE_QUEUE_URL, WaitTimeSeconds: 3 }),
    );
    expect(Messages.map(({ Body = '' }) => JSON.parse(Body))).toEqual([wake]);
  });
});
