import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CopyBench, column, numeric, openBench, varchar } from './copy-fixture.ts';

let bench: CopyBench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const TWO = [column('id', { name: 'integer' }), column('name', varchar(20))];

describe('COPY of JSON', () => {
  it.each([
    ['lines', '{"id":1,"name":"a"}\n{"id":2,"other":3}\n'],
    ['objects glued together', '{"id":1,"name":"a"}{"id":2,"name":null}'],
    ['objects over many lines', '{\n  "id" : 1,\n  "name":"a"\n}\n\n{\n "id":"2"\n}'],
  ])('reads %s', async (_what, body) => {
    await bench.table(TWO);
    expect(await bench.copy(`COPY t FROM '${bench.put('a.json', body)}' JSON 'auto'`)).toBe(2);
    expect(await bench.rows()).toEqual([
      [1, 'a'],
      [2, null],
    ]);
  });

  it('keeps numbers and nested values as text, unescapes texts', async () => {
    await bench.table([
      column('a', varchar(50)),
      column('b', numeric(10, 2)),
      column('c', { name: 'super' }),
    ]);
    const url = bench.put(
      'a.json',
      '{"a":1.50,"b":20.259,"c":{"x":[1, 2]}}\n{"a":{"k": [1.0, "a b"]},"b":"7","c":"s"}\n{"a":"\\u00e4\\n\\"","b":"","c":null}\n{"a":true}',
    );
    await bench.copy(`COPY t FROM '${url}' JSON`);
    expect(await bench.rows()).toEqual([
      ['1.50', '20.25', '{"x":[1,2]}'],
      ['true', null, null],
      ['{"k":[1.0,"a b"]}', '7.00', '"s"'],
      ['ä\n"', null, null],
    ]);
  });

  it('matches names exactly, or without case on request', async () => {
    await bench.table(TWO);
    const url = bench.put('a.json', '{"ID":1,"Name":"x"}');
    await bench.copy(`COPY t FROM '${url}' JSON 'auto'`);
    await bench.copy(`COPY t FROM '${url}' JSON 'auto ignorecase'`);
    expect(await bench.rows()).toEqual([
      [1, 'x'],
      [null, null],
    ]);
  });

  it('reads jsonpaths and whole objects', async () => {
    await bench.table(TWO);
    const paths = bench.put('paths.json', `{"jsonpaths":["$.a['b']","$.list[1]"]}`);
    await bench.copy(
      `COPY t FROM '${bench.put('a.json', '{"a":{"b":5},"list":["x","y"]}{"list":[0,1]}')}' JSON '${paths}'`,
    );
    expect(await bench.rows()).toEqual([
      [5, 'y'],
      [null, '1'],
    ]);
    await expect(
      bench.copy(`COPY t FROM '${bench.put('b.json', '{"list":[0]}')}' JSON '${paths}'`),
    ).rejects.toThrow('Load into table');
    expect(bench.errors[0]?.errorReason).toBe('Invalid JSONPath format: Not an array or index out of range.');
    await bench.table([column('v', { name: 'super' })]);
    await bench.copy(`COPY t FROM '${bench.put('c.json', '{"a":{"b":5}}\n{"x":1}')}' JSON 'noshred'`);
    expect(await bench.rows()).toEqual([['{"a":{"b":5}}'], ['{"x":1}']]);
  });

  it.each([
    ['a root array', '[{"id":1}]', 1],
    ['a value that is cut off', '{"id":1}\n{"id":', 2],
    ['what is not JSON', '{"id":1}\nhello\n{"id":2}', 2],
    ['a comma too many', '{"id":1,}', 1],
    ['names without quotes', '{id:1}', 1],
    ['NaN', '{"id":NaN}', 1],
    ['half a surrogate pair', '{"name":"\\ud800"}', 1],
  ])('refuses %s', async (_what, body, line) => {
    await bench.table(TWO);
    await expect(bench.copy(`COPY t FROM '${bench.put('a.json', body)}' JSON 'auto'`)).rejects.toThrow(
      'Load into table',
    );
    expect(bench.errors[0]).toMatchObject({ lineNumber: line, fileName: 's3://b/a.json' });
  });

  it('goes on behind a bad line', async () => {
    await bench.table(TWO);
    const url = bench.put('a.json', '{"id":1}\nhello\n{"id":"x"}\n{"id":4}\n');
    expect(await bench.copy(`COPY t FROM '${url}' JSON 'auto' MAXERROR 5`)).toBe(2);
    expect(bench.errors.map(({ lineNumber, errorCode }) => [lineNumber, errorCode])).toEqual([
      [2, 1216],
      [3, 1207],
    ]);
  });
});
