import { gzipSync } from 'node:zlib';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { clientConfigOf } from '@millrace/testkit/aws';
import { describe, expect, it } from 'vitest';
import { queueDocument } from './seed-documents.ts';
import { Stage, told } from './stage.ts';

const LOGS = 'CREATE TABLE public.logs (id int, line varchar(50))';
const QUEUE = 'logs_queue';
const DOCUMENTS = {
  [QUEUE]: queueDocument({ table: 'public.logs', merges: false, copy: "FORMAT AS JSON 'auto' GZIP" }),
};
const firehose = (ids: readonly number[]): Uint8Array =>
  // Firehose puts one record behind the other, without anything between.
  gzipSync(ids.map((id) => JSON.stringify({ id, line: `line ${id}` })).join(''));
const ids = (stage: Stage) => stage.rows('SELECT id FROM public.logs ORDER BY id');

describe('files in the shape of Firehose', () => {
  it('load: hours as folders, JSON objects without anything between them, gzip', async () => {
    const stage = await Stage.open({ tables: LOGS, documents: DOCUMENTS, maxAttempts: 1 });
    const container = stage.container();
    const objects = [
      await stage.put('2026/11/21/05/app-1-2026-11-21-05-30-00-a1b2', firehose([1, 2, 3])),
      await stage.put('2026/11/21/05/app-1-2026-11-21-05-35-00-c3d4', firehose([4])),
    ];
    await container.microbatchLoader(told(QUEUE, objects, 'eventbridge'));
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1], [2], [3], [4]]);
  });
});

describe('while the warehouse is away', () => {
  it.each(['maintenance', 'pause'] as const)(
    'files wait with name, error and time (%s), no attempt is spent, and one manifest takes them all when it is back',
    async (fault) => {
      const stage = await Stage.open({ tables: LOGS, documents: DOCUMENTS, maxAttempts: 1 });
      const container = stage.container();
      await container.microbatchLoader(told(QUEUE, [await stage.put('before', firehose([0]))]));
      await stage.drain(container);
      stage.fault({ [fault]: true });
      for (let id = 1; id <= 4; id += 1) {
        await container.microbatchLoader(told(QUEUE, [await stage.put(`file-${id}`, firehose([id]))]));
      }
      for (let minutes = 0; minutes < 9; minutes += 1) {
        stage.skip(61_000);
        await container.sweeper();
      }
      const lane = await stage.lane(container, 'public.logs');
      expect(lane).toMatchObject({ state: { kind: 'held' }, failures: 0 });
      // Each sweep tells how the targets stand together.
      expect(stage.metrics.findLast((line) => 'FilesWaiting' in line)).toMatchObject({
        FilesWaiting: 4,
        FilesInQuarantine: 0,
        LaneHeld: 1,
        database: expect.any(String),
      });
      const { site } = await container.composition.catalog.ofQueue(QUEUE);
      const troubled = await site.loader.tracker.troubledFiles();
      expect(troubled.map(({ file }) => file.url).sort()).toEqual(
        [1, 2, 3, 4].map((id) => `s3://lake/file-${id}`),
      );
      for (const { status, evidence } of troubled) {
        expect(status).toBe('waiting');
        expect(evidence?.reason).not.toBe('');
        expect(evidence?.at).toBeGreaterThan(0);
      }
      stage.fault({ [fault]: false });
      await stage.drain(container);
      expect(await ids(stage)).toEqual([[0], [1], [2], [3], [4]]);
      const loads = stage.told.flatMap((event) => (event.kind === 'table-loaded' ? [event.job.files] : []));
      expect(loads).toEqual([1, 4]);
      expect(await site.loader.tracker.troubledFiles()).toEqual([]);
    },
  );

  it('messages are acknowledged, also by the first container that there ever was', async () => {
    const stage = await Stage.open({
      tables: LOGS,
      documents: DOCUMENTS,
      maxAttempts: 1,
      server: { faults: { maintenance: true } },
    });
    const container = stage.container();
    const event = told(QUEUE, [await stage.put('a', firehose([1]))]);
    expect(await container.microbatchLoader(event)).toEqual({ batchItemFailures: [] });
    expect(await stage.lane(container, 'public.logs')).toMatchObject({ state: { kind: 'held' } });
    stage.fault({ maintenance: false });
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
  });
});

describe('with wrong credentials for the warehouse', () => {
  it('the lane is held with the reason, nothing is lost, and it goes on by itself when they are right', async () => {
    const right = { accessKeyId: 'right', secretAccessKey: 'secret-of-the-right' };
    const stage = await Stage.open({
      tables: LOGS,
      documents: DOCUMENTS,
      maxAttempts: 1,
      server: { credentials: [right] },
    });
    const container = stage.container();
    const event = told(QUEUE, [await stage.put('a', firehose([1]))]);
    expect(await container.microbatchLoader(event)).toEqual({ batchItemFailures: [] });
    expect(await stage.lane(container, 'public.logs')).toMatchObject({ state: { kind: 'held' } });
    expect(stage.log.of('warn')[0]?.message).toBe('a lane is held');
    expect(JSON.stringify(stage.log.lines)).not.toContain('secret-of');
    const mended = new RedshiftDataClient({ ...clientConfigOf(stage.server.url), credentials: right });
    stage.clients.redshiftData.destroy();
    Object.assign(stage.clients, { redshiftData: mended });
    const other = stage.container();
    await stage.drain(other);
    expect(await ids(stage)).toEqual([[1]]);
  });
});

describe('a table that is not there', () => {
  it('holds its lane with the reason, and is loaded when somebody has made it', async () => {
    const stage = await Stage.open({ tables: '', documents: DOCUMENTS, maxAttempts: 1 });
    const container = stage.container();
    await container.microbatchLoader(told(QUEUE, [await stage.put('a', firehose([1]))]));
    expect(await stage.lane(container, 'public.logs')).toMatchObject({
      state: { kind: 'held', code: 'target-table-missing' },
    });
    const session = stage.engine.session();
    await session.execute(LOGS);
    await session.close();
    await stage.drain(container);
    expect(await ids(stage)).toEqual([[1]]);
  });
});
