import { gzipSync, zstdCompressSync } from 'node:zlib';
import { LoadError, RESCUED, type Warehouse } from '@millrace/core';
import { afterEach, describe, expect, it } from 'vitest';
import { replaceMethods } from './replace-methods.ts';
import { failuresOf, rowsOf, statusOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const CSV = { kind: 'csv', header: true };

function project(
  target: Readonly<Record<string, unknown>>,
  tables = 'CREATE TABLE public.t (id BIGINT, name VARCHAR(4));',
) {
  return projects.make({
    tables,
    targets: {
      'public.t': { mode: 'append', from: 's3://lake/t/', format: CSV, freshness: '1s', ...target },
    },
  });
}

const ROWS = 'SELECT * FROM public.t ORDER BY id';

describe('a file that cannot be looked into', () => {
  it.each([
    ['a header with a name twice', 'id,name,ID\n1,a,2\n', "its header names 'id' twice"],
    ['a header with no name', 'id,,name\n1,a,2\n', 'column 2 of its header has no name'],
    ['no header', '', 'the file is empty, where a line with the names of its columns was expected'],
  ])('is put aside: %s', async (_, text, reason) => {
    const one = project({ drift: 'evolve' });
    one.put('t/good.csv', 'id,name\n7,a\n');
    one.put('t/bad.csv', text);
    await one.drain(async (millrace) => {
      expect(await rowsOf(millrace, ROWS)).toEqual([{ id: 7, name: 'a' }]);
      expect(await failuresOf(millrace)).toMatchObject([{ code: 'file-unreadable', error: reason }]);
    });
  });

  it('is put aside when its bytes end in the middle', async () => {
    const one = project({ drift: 'rescue' });
    one.put('t/cut.csv.gz', gzipSync('id,name\n1,abc\n'.repeat(50)).subarray(0, 40));
    one.put('t/whole.csv.zst', zstdCompressSync('id,name\n8,toolong\n'));
    await one.drain(async (millrace) => {
      expect(await rowsOf(millrace, ROWS)).toEqual([{ id: 8, name: null, _rescued: '{"name":"toolong"}' }]);
      const [failure] = await failuresOf(millrace);
      expect(failure).toMatchObject({ code: 'file-unreadable' });
      expect(failure?.error).toContain('the file cannot be unpacked: it is cut off, or not packed with gzip');
    });
  });
});

describe('a file whose column names no text has', () => {
  const reason = expect.stringContaining('is no name for a column: it has characters that no text has');

  it.each([
    ['CSV in UTF-16', 'bad.csv', CSV, Buffer.from('\uFEFFid,name\n1,x\n', 'utf16le')],
    ['CSV in Latin-1', 'bad.csv', CSV, Buffer.from('id,größe\n1,2\n', 'latin1')],
    ['JSON with a zero', 'bad.json', { kind: 'json' }, Buffer.from('{"id":1,"a\\u0000":2}\n')],
    ['JSON with half a character', 'bad.json', { kind: 'json' }, Buffer.from('{"id":1,"a\\ud800":2}\n')],
  ])('is put aside alone: %s', async (_, name, format, bytes) => {
    const one = project({ drift: 'evolve', format });
    one.put(`t/good-${name}`, format === CSV ? 'id,more\n7,8\n' : '{"id":7,"more":8}\n');
    one.put(`t/${name}`, bytes);
    await one.drain(async (millrace) => {
      expect(await rowsOf(millrace, ROWS)).toEqual([{ id: 7, name: null, more: 8 }]);
      expect(await failuresOf(millrace)).toMatchObject([{ code: 'column-refused', error: reason }]);
    });
  });
});

describe('keys', () => {
  const UPSERT = { mode: 'upsert', key: 'id', latestBy: 'v' };
  const TABLE = 'CREATE TABLE public.t (id BIGINT, v BIGINT, name VARCHAR(4), city VARCHAR(9));';

  it('that do not fit are errors of their file, whatever is rescued', async () => {
    const one = project({ ...UPSERT, drift: 'rescue' }, TABLE);
    one.put('t/1.csv', 'id,v,name\none,1,a\n');
    one.put('t/2.csv', 'v,name\n1,a\n');
    one.put('t/3.csv', 'id,v,name\n3,1,a\n');
    await one.drain(async (millrace) => {
      expect(await rowsOf(millrace, 'SELECT id FROM public.t')).toEqual([{ id: 3 }]);
      const failures = await millrace.failures({});
      expect(failures.map(({ code, column }) => [code, column]).sort()).toEqual([
        ['1207', 'id'],
        ['column-missing', 'id'],
      ]);
    });
  });

  it('keep what a file of the old shape does not have; a row that fits keeps nothing of one that did not', async () => {
    for (const format of [CSV, { kind: 'json' }]) {
      const one = project({ ...UPSERT, format, drift: { policy: 'evolve', misfits: 'rescue' } }, TABLE);
      const write = (row: Readonly<Record<string, unknown>>): string =>
        format.kind === 'json'
          ? `${JSON.stringify(row)}\n`
          : `${Object.keys(row).join(',')}\n${Object.values(row).join(',')}\n`;
      one.put('t/1', write({ id: 1, v: 1, name: 'wide', city: 'Rome', tag: 'new' }));
      await one.drain(async () => undefined);
      one.put('t/2', write({ id: 1, v: 2, name: 'wider' }));
      await one.drain(async (millrace) => {
        expect(await rowsOf(millrace, ROWS)).toEqual([
          { id: 1, v: 2, name: 'wider', city: 'Rome', tag: 'new' },
        ]);
      });
      one.put('t/3', write({ id: 1, v: 3, name: 'x'.repeat(65_536), city: 'Oslo' }));
      await one.drain(async (millrace) => {
        const [row] = await rowsOf(millrace, ROWS);
        expect(row).toMatchObject({ v: 3, name: null, city: 'Oslo', tag: 'new' });
        expect(String(row?.[RESCUED])).toContain('xxx');
      });
      one.put('t/4', write({ id: 1, v: 4, name: 'ok' }));
      await one.drain(async (millrace) => {
        expect(await rowsOf(millrace, ROWS)).toEqual([
          { id: 1, v: 4, name: 'ok', city: 'Oslo', tag: 'new', [RESCUED]: null },
        ]);
        expect(await failuresOf(millrace)).toEqual([]);
      });
    }
  });
});

it('a table at its cap refuses the file, says so, and takes it when the cap is raised', async () => {
  const one = project({ drift: { policy: 'evolve', maxColumns: 3 } });
  one.put('t/1.csv', 'id,name,a\n1,x,1\n');
  one.put('t/2.csv', 'id,name,a,b\n2,x,1,2\n');
  await one.drain(async (millrace) => {
    expect(await rowsOf(millrace, ROWS)).toEqual([{ id: 1, name: 'x', a: 1 }]);
    const [failure] = await millrace.failures({});
    expect(failure).toMatchObject({ code: 'column-refused', column: 'b' });
    expect(failure?.hint).toContain("raise 'maxColumns'");
  });
  const raised = { from: 's3://lake/t/', mode: 'append', format: CSV, freshness: '1s', drift: 'evolve' };
  one.configure({ targets: { 'public.t': raised } });
  await one.drain(async (millrace) => {
    await millrace.redrive({});
    await millrace.untilIdle();
    expect(await rowsOf(millrace, ROWS)).toHaveLength(2);
    expect(await failuresOf(millrace)).toEqual([]);
  });
});

it('names of JSON that COPY would pass over are told, or rescued', async () => {
  const evolving = project({ format: { kind: 'json' }, drift: 'evolve' });
  evolving.put('t/1.json', '{"id":1,"Name":"a"}');
  await evolving.drain(async (millrace) => {
    expect(await failuresOf(millrace)).toMatchObject([{ code: 'column-refused', column: 'Name' }]);
  });
  const rescuing = project({ format: { kind: 'json' }, drift: 'rescue' });
  rescuing.put('t/1.json', '{"id":1,"Name":"a","nested":{"deep":[1,2.50]}}');
  await rescuing.drain(async (millrace) => {
    expect(await rowsOf(millrace, ROWS)).toEqual([
      { id: 1, name: null, _rescued: '{"Name":"a","nested":{"deep":[1,2.50]}}' },
    ]);
  });
});

describe('another worker', () => {
  it('that adds the same column first is no obstacle', async () => {
    const one = project({ drift: 'evolve' });
    one.put('t/1.csv', 'id,name,tag\n1,x,new\n');
    await one.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, ROWS)).toEqual([{ id: 1, name: 'x', tag: 'new' }]);
        expect((await millrace.schemaHistory()).changes).toMatchObject([{ column: 'tag', isMade: true }]);
      },
      (loader) => ({
        ...loader,
        warehouse: replaceMethods<Warehouse>(loader.warehouse, {
          query: async (sql) => {
            // The other one's statement comes just before ours.
            if (sql.includes('ADD COLUMN "tag"')) await loader.warehouse.query(sql);
            return loader.warehouse.query(sql);
          },
        }),
      }),
    );
  });

  it('that widens by less at the same moment puts no file aside', async () => {
    const one = project({ drift: 'evolve' });
    one.put('t/1.csv', 'id,name\n1,a text of twenty bytes\n');
    let shrinks = 1;
    await one.drain(
      async (millrace) => {
        expect(await rowsOf(millrace, ROWS)).toEqual([{ id: 1, name: 'a text of twenty bytes' }]);
        expect(await failuresOf(millrace)).toEqual([]);
        expect(await statusOf(millrace, 'public.t')).toMatchObject({ loaded: 1, quarantined: 0 });
        expect(shrinks).toBe(0);
      },
      (loader) => ({
        ...loader,
        warehouse: replaceMethods<Warehouse>(loader.warehouse, {
          submit: async (batch) => {
            if (shrinks > 0) {
              shrinks -= 1;
              await loader.warehouse.query('ALTER TABLE public.t ALTER COLUMN name TYPE VARCHAR(8)');
            }
            return loader.warehouse.submit(batch);
          },
        }),
      }),
    );
  });

  it('that may not change the table holds its lane, with the statement and the way out', async () => {
    const one = project({ drift: 'evolve' });
    one.put('t/1.csv', 'id,name,tag\n1,x,new\n');
    await one.drain(
      async (millrace) => {
        const { note, waiting } = await statusOf(millrace, 'public.t');
        expect(waiting).toBe(1);
        expect(note).toContain('ADD COLUMN "tag"');
        expect(note).toContain('must be owner of relation t');
        expect(note).toContain('millrace grants');
      },
      (loader) => ({
        ...loader,
        warehouse: replaceMethods<Warehouse>(loader.warehouse, {
          query: async (sql) => {
            if (!sql.startsWith('ALTER TABLE')) return loader.warehouse.query(sql);
            throw new LoadError('permission-denied', 'must be owner of relation t', { class: 'config' });
          },
        }),
      }),
    );
  });
});
