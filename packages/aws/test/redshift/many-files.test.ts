import { advance, readJobDocument, settle } from '@millrace/core';
import { afterEach, expect, it } from 'vitest';
import { LaneOnDataApi, TARGET } from './lane-on-data-api.ts';

let lane: LaneOnDataApi | undefined;
afterEach(() => lane?.close());

/** S3's longest key. */
const KEY_BYTES = 1_000;
const FILES = 5_000;

it('5,000 files with 1,000-byte keys are one job, within the limits of the Data API', async () => {
  lane = await LaneOnDataApi.open({ target: { maxFiles: FILES, maxBytes: '1GB' } });
  const names = Array.from({ length: FILES }, (_, n) => {
    const name = `${n}-`;
    return `${name}${'k'.repeat(KEY_BYTES - 'cities/'.length - name.length)}`;
  });
  await lane.arrive(...names);
  expect(await advance(lane.loader, TARGET, { drain: true })).toMatchObject({
    kind: 'submitted',
    job: { files: FILES },
  });
  const { state } = await lane.lane();
  if (state.kind !== 'running') throw new Error(`the lane is ${state.kind}`);
  const { batch } = await readJobDocument(lane.loader.objects, state.job);
  expect(batch.statements.length).toBeLessThanOrEqual(40);
  expect(Math.max(...batch.statements.map((sql) => Buffer.byteLength(sql)))).toBeLessThanOrEqual(100_000);
  // Two and a half megabytes of lane item would not fit into DynamoDB: the lane only points to the job.
  expect(JSON.stringify(state).length).toBeLessThan(2_000);
  await lane.loader.warehouse.describe(state.statement, { waitMs: 25_000 });
  expect(await settle(lane.loader, TARGET)).toMatchObject({ kind: 'loaded', files: FILES, rows: FILES });
  const [row] = await lane.api.warehouse.transact([
    'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.cities',
  ]);
  expect(row).toEqual({ n: FILES, ids: FILES });
}, 60_000);
