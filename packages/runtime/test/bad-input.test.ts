import { rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Loader } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { failuresOf, rowsOf, statusOf, TestProject } from './test-project.ts';

/** One bad file among good ones: it ends in quarantine with its evidence, and its neighbours load. */

const TABLES = `
CREATE TABLE public.people (id INTEGER NOT NULL, name VARCHAR(5), born DATE);
CREATE TABLE public.latest (id INTEGER NOT NULL, name VARCHAR(5), ts TIMESTAMP);
CREATE TABLE public.columnar (id INTEGER);
`;
const TARGETS = {
  'public.people': { mode: 'append', from: 's3://lake/people/', format: { kind: 'csv' } },
  'public.latest': {
    mode: 'upsert',
    key: 'id',
    latestBy: 'ts',
    from: 's3://lake/latest/',
    format: { kind: 'json' },
  },
  'public.columnar': { mode: 'append', from: 's3://lake/columnar/', format: { kind: 'parquet' } },
};

const projects: TestProject[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

function newProject(): TestProject {
  const project = new TestProject({ tables: TABLES, targets: TARGETS });
  projects.push(project);
  project.put('people/good-1.csv', '1,Ann,2001-01-01\n');
  project.put('people/good-2.csv', '2,Zoé,2002-02-02\n');
  return project;
}

interface BadFile {
  readonly what: string;
  readonly content: string | Uint8Array;
  readonly evidence: {
    code: string;
    line: number | null;
    column: string | null;
    rawValue: string | null;
    error: RegExp;
  };
}

const BAD_CSV: readonly BadFile[] = [
  {
    what: 'a malformed line',
    content: '3,Bo,2003-03-03\n4,"Cy,2004-04-04\n',
    evidence: { code: '1216', line: 2, column: null, rawValue: '4,"Cy,2004-04-04', error: /quote/u },
  },
  {
    what: 'too few columns',
    content: '3,Bo,2003-03-03\n4,Cy\n',
    evidence: { code: '1214', line: 2, column: null, rawValue: '4,Cy', error: /Delimiter not found/u },
  },
  {
    what: 'too many columns',
    content: '3,Bo,2003-03-03,surplus\n',
    evidence: {
      code: '1202',
      line: 1,
      column: null,
      rawValue: '3,Bo,2003-03-03,surplus',
      error: /Extra column/u,
    },
  },
  {
    what: 'a multibyte string that is too long in bytes, not in characters',
    content: '3,ŁŁŁ,2003-03-03\n',
    evidence: { code: '1204', line: 1, column: 'name', rawValue: '...', error: /length exceeds DDL length/u },
  },
  {
    what: 'a bad date',
    content: '3,Bo,2003-13-03\n',
    evidence: { code: '1205', line: 1, column: 'born', rawValue: '2003-13-03', error: /date/iu },
  },
  {
    what: 'a number that is none',
    content: '3,Bo,2003-03-03\nx,Cy,2004-04-04\n',
    evidence: { code: '1207', line: 2, column: 'id', rawValue: 'x', error: /Invalid digit/u },
  },
  {
    what: 'a NULL where the table wants a value',
    content: ',Bo,2003-03-03\n',
    evidence: { code: '1213', line: 1, column: 'id', rawValue: ',Bo,2003-03-03', error: /not-null/iu },
  },
];

describe('a file with', () => {
  it.each(BAD_CSV)(
    '$what goes to quarantine with its evidence, and its neighbours load',
    async ({ content, evidence }) => {
      const project = newProject();
      const url = project.put('people/bad.csv', content);
      await project.drain(async (millrace) => {
        expect(await failuresOf(millrace)).toEqual([
          {
            target: 'public.people',
            url,
            state: 'quarantined',
            ...evidence,
            error: expect.stringMatching(evidence.error),
          },
        ]);
        const [failure] = await millrace.failures({});
        expect(failure?.hint, 'a suggested fix').toEqual(expect.any(String));
        expect(await rowsOf(millrace, 'SELECT id FROM public.people ORDER BY id')).toEqual([
          { id: 1 },
          { id: 2 },
        ]);
        expect(await statusOf(millrace, 'public.people')).toMatchObject({
          loaded: 2,
          quarantined: 1,
          waiting: 0,
          state: 'idle',
        });
      });
    },
  );

  it('a truncated gzip stream goes to quarantine, and its neighbours load', async () => {
    const project = newProject();
    const whole = gzipSync('3,Bo,2003-03-03\n'.repeat(2_000));
    const url = project.put('people/bad.csv.gz', whole.subarray(0, whole.length / 2));
    project.put('people/good.csv.gz', gzipSync('4,Cy,2004-04-04\n'));
    await project.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toMatchObject([{ url, state: 'quarantined' }]);
      expect(await rowsOf(millrace, 'SELECT id FROM public.people ORDER BY id')).toEqual([
        { id: 1 },
        { id: 2 },
        { id: 4 },
      ]);
    });
  });

  it('a NULL in the key of an upsert goes to quarantine with its line, and its neighbours load', async () => {
    const project = newProject();
    project.put('latest/good.json', '{"id":1,"name":"a","ts":"2026-11-21 00:00:00"}\n');
    const url = project.put('latest/bad.json', '{"id":2,"name":"b"}\n{"name":"c"}\n');
    await project.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toMatchObject([
        { url, state: 'quarantined', code: '1213', line: 2, column: 'id' },
      ]);
      expect(await rowsOf(millrace, 'SELECT id, name FROM public.latest')).toEqual([{ id: 1, name: 'a' }]);
    });
  });

  it('no byte at all loads as no row', async () => {
    const project = newProject();
    project.put('people/empty.csv', '');
    await project.drain(async (millrace) => {
      expect(await statusOf(millrace, 'public.people')).toMatchObject({ loaded: 3, quarantined: 0, rows: 2 });
    });
  });

  it.each([
    ['no byte', ''],
    ['other bytes', 'PAR1 but not really'],
  ])('%s where Parquet has to be goes to quarantine, and its neighbours load', async (_, content) => {
    const project = newProject();
    const url = project.put('columnar/bad.parquet', content);
    await project.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toMatchObject([
        { target: 'public.columnar', url, state: 'quarantined' },
      ]);
      expect(await statusOf(millrace, 'public.people')).toMatchObject({ loaded: 2 });
    });
  });
});

describe('a file that vanishes', () => {
  it('before its job is planned goes to quarantine as gone, and its neighbours load', async () => {
    const project = newProject();
    const url = project.put('people/gone.csv', '3,Bo,2003-03-03\n');
    const vanish = (loader: Loader): Loader => ({
      ...loader,
      tracker: replaceMethods(loader.tracker, {
        addArrivals: async (target, count) => {
          rmSync(project.path('people/gone.csv'), { force: true });
          await loader.tracker.addArrivals(target, count);
        },
      }),
    });
    await project.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toMatchObject([{ url, state: 'quarantined', code: 'object-gone' }]);
      expect(await statusOf(millrace, 'public.people')).toMatchObject({ loaded: 2 });
    }, vanish);
  });

  it('between the manifest and COPY goes to quarantine as gone: an entry that is missing is never skipped', async () => {
    const project = newProject();
    const url = project.put('people/gone.csv', '3,Bo,2003-03-03\n');
    const vanish = (loader: Loader): Loader => ({
      ...loader,
      warehouse: replaceMethods(loader.warehouse, {
        submit: (batch) => {
          rmSync(project.path('people/gone.csv'), { force: true });
          return loader.warehouse.submit(batch);
        },
      }),
    });
    await project.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toMatchObject([{ url, state: 'quarantined', code: 'object-gone' }]);
      expect(await statusOf(millrace, 'public.people')).toMatchObject({ loaded: 2 });
    }, vanish);
  });
});

describe('a key', () => {
  it.each([
    'with space.csv',
    'a+b.csv',
    '100%.csv',
    'q?x&y=z#.csv',
    "it's.csv",
    'glob*[a-z].csv',
    'Größe/日本.csv',
    'back\\slash.csv',
  ])("'%s' loads", async (name) => {
    const project = newProject();
    project.put(`people/${name}`, '3,Bo,2003-03-03\n');
    await project.drain(async (millrace) => {
      expect(await failuresOf(millrace)).toEqual([]);
      expect(await statusOf(millrace, 'public.people')).toMatchObject({ loaded: 3, rows: 3 });
    });
  });
});

describe('10,000 tiny files', () => {
  it('load, each once', { timeout: 120_000 }, async () => {
    const project = newProject();
    for (let n = 0; n < 10_000; n += 1) project.put(`people/part-${n}.csv`, `${n},n,2001-01-01\n`);
    await project.drain(async (millrace) => {
      const [row] = await rowsOf(
        millrace,
        "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.people WHERE name = 'n'",
      );
      expect(row).toEqual({ n: 10_000, ids: 10_000 });
      expect(await statusOf(millrace, 'public.people')).toMatchObject({ loaded: 10_002, waiting: 0 });
    });
  });
});
