import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { rowsOf, statusOf, TestProjects } from './test-project.ts';

/** A job whose list of files is longer than a statement may be: the list goes by way of an object. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const FILES = 600;
/** A directory takes names of 255 bytes, S3 keys of 1,024. */
const FOLDERS = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(245)).join('/');

describe(`${FILES} files with keys of 1,000 bytes`, () => {
  it('are loaded by one job of short statements, and once', async () => {
    const project = projects.make({
      tables: 'CREATE TABLE public.t (v INTEGER);',
      targets: {
        'public.t': { mode: 'append', from: 's3://lake/t/', format: { kind: 'csv' }, maxFiles: FILES },
      },
    });
    const keys = Array.from({ length: FILES }, (_, n) => `t/${FOLDERS}/it's "${String(n).padStart(4, '0')}"`);
    for (const [n, key] of keys.entries()) project.put(key, `${n}\n`);
    expect(Buffer.byteLength(keys[0] ?? '')).toBeGreaterThanOrEqual(995);
    const batches: (readonly string[])[] = [];
    await project.drain(
      async (millrace) => {
        const [row] = await rowsOf(millrace, 'SELECT COUNT(*) AS n, COUNT(DISTINCT v) AS vs FROM public.t');
        expect(row).toEqual({ n: FILES, vs: FILES });
        expect(await statusOf(millrace, 'public.t')).toMatchObject({
          loaded: FILES,
          rows: FILES,
          waiting: 0,
        });
      },
      (loader) => ({
        ...loader,
        warehouse: replaceMethods(loader.warehouse, {
          submit: (batch) => {
            batches.push(batch.statements);
            return loader.warehouse.submit(batch);
          },
        }),
      }),
    );
    expect(batches).toHaveLength(1);
    expect(batches[0]?.filter((sql) => sql.startsWith('COPY "millrace_files_'))).toHaveLength(1);
    for (const sql of batches[0] ?? []) expect(Buffer.byteLength(sql)).toBeLessThanOrEqual(100_000);
    await project.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT COUNT(*) AS n FROM public.t')).toEqual([{ n: FILES }]);
    });
  });
});
