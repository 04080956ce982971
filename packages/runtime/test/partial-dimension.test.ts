import { afterEach, describe, expect, it } from 'vitest';
import { type SentEvent, sendEvents } from './send-events.ts';
import { rowsOf, TestProjects } from './test-project.ts';

/** Events that know different things of one dimension, in any order and cut anywhere. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const EVENTS = {
  'page.viewed': [{ dimension: 'public.pages', columns: { url: '$.data.url', seen: '$.time' } }],
  'page.titled': [
    { dimension: 'public.pages', columns: { url: '$.data.url', seen: '$.time', title: '$.data.title' } },
  ],
  'page.rated': [
    { dimension: 'public.pages', columns: { url: '$.data.url', seen: '$.time', rating: '$.data.rating' } },
  ],
};
const HISTORY: readonly SentEvent[] = [
  { id: '1', type: 'page.titled', time: '2026-01-01T00:00:01Z', data: { url: '/x', title: 'One' } },
  { id: '2', type: 'page.viewed', time: '2026-01-01T00:00:02Z', data: { url: '/x' } },
  { id: '3', type: 'page.rated', time: '2026-01-01T00:00:03Z', data: { url: '/x', rating: 5 } },
  { id: '4', type: 'page.titled', time: '2026-01-01T00:00:04Z', data: { url: '/x', title: 'Two' } },
];

async function pagesAfter(batches: readonly (readonly SentEvent[])[]): Promise<unknown> {
  const project = projects.make({
    tables: 'CREATE TABLE public.pages (url VARCHAR(20), seen TIMESTAMP, title VARCHAR(20), rating INTEGER);',
    targets: { 'public.pages': { key: 'url', columns: ['url', 'seen', 'title', 'rating'] } },
    config: { events: EVENTS },
  });
  for (const batch of batches) {
    await sendEvents(project, batch);
    await project.drain(async () => {});
  }
  expect(project.defects).toEqual([]);
  return project.drain((millrace) => rowsOf(millrace, 'SELECT * FROM public.pages'));
}

describe('a dimension whose target lists its columns', () => {
  it('is the same table in whatever order and batches its events come: the latest row, whole', async () => {
    const [one, two, three, four] = HISTORY as [SentEvent, SentEvent, SentEvent, SentEvent];
    const latest = [{ url: '/x', seen: '2026-01-01 00:00:04', title: 'Two', rating: null }];
    expect(
      await pagesAfter([
        [four, two],
        [three, one],
      ]),
    ).toEqual(latest);
    expect(await pagesAfter([[one], [two], [three], [four]])).toEqual(latest);
    expect(await pagesAfter([HISTORY.toReversed()])).toEqual(latest);
  });
});
