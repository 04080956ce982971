import { afterEach, describe, expect, it } from 'vitest';
import { sendEvents } from './send-events.ts';
import { rowsOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const HOUR = 60 * 60 * 1_000;

describe('10,000 events that are each sent twice, an hour apart', () => {
  it('are 10,000 rows', async () => {
    const project = projects.make({
      tables: 'CREATE TABLE public.views (id VARCHAR(64), at TIMESTAMP);',
      targets: { 'public.views': {} },
      config: {
        events: { 'page.viewed': [{ fact: 'public.views', columns: { id: '$.id', at: '$.time' } }] },
      },
    });
    const events = Array.from({ length: 10_000 }, (_, n) => ({ id: `e${n}` }));
    const counts = 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM public.views';
    for (const laterMs of [0, HOUR]) {
      await sendEvents(project, events);
      await project.drain(
        async (millrace) => {
          expect(await rowsOf(millrace, counts)).toEqual([{ n: 10_000, ids: 10_000 }]);
        },
        (loader) => ({ ...loader, now: () => Date.now() + laterMs }),
      );
    }
    expect(project.defects).toEqual([]);
  });
});
