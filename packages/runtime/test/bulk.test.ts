import { afterEach, describe, expect, it } from 'vitest';
import { rowsOf, statusOf, type TestProject, TestProjects } from './test-project.ts';

/** Bulk documents: what they name goes through the lanes, with receipts, like everything else. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

function newProject(targets: Readonly<Record<string, unknown>> = {}): TestProject {
  return projects.make({
    tables: `
CREATE TABLE public.t (id INTEGER, v INTEGER);
CREATE TABLE public.u (id INTEGER, v INTEGER);
CREATE TABLE public.other (id INTEGER, v INTEGER);`,
    targets: {
      'public.other': { mode: 'append', from: 's3://lake/other/', format: { kind: 'csv' } },
      ...targets,
    },
  });
}

interface BulkEntry {
  readonly s3_path: string;
  readonly table: string;
  readonly options?: Readonly<Record<string, unknown>>;
}
const bulkOf = (...paths: readonly BulkEntry[]): string =>
  JSON.stringify({ paths, copy: { options: 'CSV' } });
const MERGE = { merge_duplicate_pks: true, merge_pk: 'id', merge_timestamp: 'v' };
const ROWS = (table: string): string => `SELECT id, v FROM public.${table} ORDER BY id, v`;

describe('a bulk load', () => {
  it('merges or appends as each path says, and run twice loads once', async () => {
    const project = newProject();
    project.put('backfill/t/1.csv', '1,1\n2,1\n');
    project.put('backfill/t/2.csv', '1,2\n');
    project.put('backfill/u/1.csv', '1,1\n1,1\n');
    const document = bulkOf(
      { s3_path: 's3://lake/backfill/t/', table: 'public.t', options: MERGE },
      { s3_path: 's3://lake/backfill/u/', table: 'u', options: { merge_duplicate_pks: false } },
    );
    const millrace = await project.open();
    await millrace.start();
    for (let time = 1; time <= 2; time += 1) {
      const handed = await millrace.bulk(document);
      expect(handed.map(({ target, url }) => [target, url])).toEqual([
        ['public.t', 's3://lake/backfill/t/1.csv'],
        ['public.t', 's3://lake/backfill/t/2.csv'],
        ['public.u', 's3://lake/backfill/u/1.csv'],
      ]);
      expect(new Set(handed.map(({ status }) => status))).toEqual(
        new Set([time === 1 ? 'waiting' : 'loaded']),
      );
      expect(await millrace.untilIdle()).toEqual({ held: [] });
      expect(await rowsOf(millrace, ROWS('t'))).toEqual([
        { id: 1, v: 2 },
        { id: 2, v: 1 },
      ]);
      expect(await rowsOf(millrace, ROWS('u'))).toEqual([
        { id: 1, v: 1 },
        { id: 1, v: 1 },
      ]);
    }
    await millrace.stop();
    await project.drain(async (again) => {
      const handed = await again.bulk(document);
      expect(handed.map(({ status }) => status)).toEqual(['loaded', 'loaded', 'loaded']);
      await again.untilIdle();
      expect(await statusOf(again, 'public.u')).toMatchObject({ loaded: 1, waiting: 0 });
    });
  });

  it('into a configured target shares its lane and its receipts', async () => {
    const project = newProject();
    project.put('other/1.csv', '1,1\n');
    project.put('backfill/2.csv', '2,2\n');
    await project.drain(async (millrace) => {
      await millrace.bulk(
        bulkOf(
          { s3_path: 's3://lake/backfill/', table: 'other' },
          { s3_path: 's3://lake/other/', table: 'other' },
        ),
      );
      await millrace.untilIdle();
      expect(await rowsOf(millrace, ROWS('other'))).toEqual([
        { id: 1, v: 1 },
        { id: 2, v: 2 },
      ]);
      expect(await statusOf(millrace, 'public.other')).toMatchObject({ loaded: 2 });
    });
  });

  it('that merges a configured table by other rules is refused before anything is handed over', async () => {
    const project = newProject();
    project.put('backfill/1.csv', '1,1\n');
    await project.drain(async (millrace) => {
      await expect(
        millrace.bulk(bulkOf({ s3_path: 's3://lake/backfill/', table: 'other', options: MERGE })),
      ).rejects.toMatchObject({
        code: 'bulk-conflict',
        message:
          'the bulk document loads public.other by upsert by id, latest by v, the configuration by append',
      });
      await millrace.untilIdle();
      expect(await rowsOf(millrace, ROWS('other'))).toEqual([]);
    });
  });

  it('that reads a configured table by other COPY options is refused: they would be forgotten', async () => {
    const project = newProject();
    project.put('backfill/1.csv', 'id,v\n1,1\n');
    await project.drain(async (millrace) => {
      const paths = [{ s3_path: 's3://lake/backfill/', table: 'other' }];
      await expect(
        millrace.bulk(JSON.stringify({ paths, copy: { options: 'CSV IGNOREHEADER 1' } })),
      ).rejects.toMatchObject({ code: 'bulk-conflict', message: expect.stringContaining('IGNOREHEADER 1') });
      await millrace.untilIdle();
      expect(await rowsOf(millrace, ROWS('other'))).toEqual([]);
    });
  });

  it('into a table that is not there says so, and hands nothing over', async () => {
    const project = newProject();
    await project.drain(async (millrace) => {
      await expect(
        millrace.bulk(bulkOf({ s3_path: 's3://lake/backfill/', table: 'nowhere' })),
      ).rejects.toMatchObject({ code: 'target-table-missing' });
      expect(await millrace.untilIdle()).toEqual({ held: [] });
    });
  });

  it('that was stopped is told of at the next start, and goes on when it is repeated', async () => {
    const project = newProject();
    for (let n = 0; n < 5; n += 1) project.put(`backfill/t/${n}.csv`, `${n},${n}\n`);
    const document = bulkOf({ s3_path: 's3://lake/backfill/t/', table: 'public.t' });
    // Handed over to lanes that nobody turns.
    const idle = await project.open();
    await idle.bulk(document);
    await idle.stop();
    const millrace = await project.open();
    await millrace.start();
    expect(await millrace.untilIdle()).toEqual({ held: [] });
    expect(project.defects).toMatchObject([
      {
        where: 'public.t',
        error: { message: 'not a target of the configuration, and 5 files wait' },
      },
    ]);
    await millrace.bulk(document);
    await millrace.untilIdle();
    expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.t')).toEqual([{ n: 5 }]);
    await millrace.stop();
  });
});
