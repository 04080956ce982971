import { parseConfig } from '@millrace/core';
import { afterEach, expect, it } from 'vitest';
import { openEventStream } from '../src/events/open-event-stream.ts';
import { failuresOf, rowsOf, type TestProject, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const EVENTS = {
  'page.viewed': [
    { fact: 'public.views', columns: { id: '$.id', url: '$.data.url', at: '$.time', props: '$.data.props' } },
  ],
};

async function send(project: TestProject, datas: readonly unknown[]): Promise<void> {
  const { events } = parseConfig({ targets: { 'public.views': {} }, events: EVENTS }, { source: 'test' });
  if (events === null) throw new Error('the test has events');
  const { stream, close } = await openEventStream(events, {
    directory: project.directory,
    onError: (_, error) => {
      throw error;
    },
  });
  await stream.put(
    datas.map((data, at) => ({
      partitionKey: `${at}`,
      data: Buffer.from(
        JSON.stringify({ id: `e${at}`, type: 'page.viewed', time: '2026-01-01T00:00:00Z', data }),
      ),
    })),
  );
  await close();
}

it.each([
  ['evolve', 'a long address, longer than the column was'],
  ['rescue', null],
])('rows of events meet a table that lacks a column and is too short: %s', async (drift, url) => {
  const project = projects.make({
    tables: 'CREATE TABLE public.views (id VARCHAR(64), url VARCHAR(8));',
    targets: { 'public.views': { drift } },
    config: { events: EVENTS },
  });
  const long = 'a long address, longer than the column was';
  await send(project, [{ url: '/x', props: { n: 1.5 } }, { url: long }]);
  await project.drain(async (millrace) => {
    expect(await failuresOf(millrace)).toEqual([]);
    const rows = await rowsOf(millrace, 'SELECT * FROM public.views ORDER BY id');
    expect(rows.map((row) => row.url)).toEqual(['/x', url]);
    if (drift === 'evolve') {
      expect(rows.map(({ props, at }) => [props, String(at).slice(0, 19)])).toEqual([
        ['{"n":1.5}', '2026-01-01 00:00:00'],
        [null, '2026-01-01 00:00:00'],
      ]);
    } else {
      const rescued = rows.map(({ _rescued }) => JSON.parse(String(_rescued)) as unknown);
      expect(rescued).toEqual([
        { at: '2026-01-01T00:00:00Z', props: '{"n":1.5}' },
        { at: '2026-01-01T00:00:00Z', url: long },
      ]);
    }
  });
  expect(project.defects).toEqual([]);
});
