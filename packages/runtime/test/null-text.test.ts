import { afterEach, describe, expect, it } from 'vitest';
import { sendEvents } from './send-events.ts';
import { rowsOf, TestProjects } from './test-project.ts';

const projects = new TestProjects();
afterEach(() => projects.removeAll());

describe('texts that look like NULL', () => {
  it('are texts, and what is not there is NULL', async () => {
    const project = projects.make({
      tables: 'CREATE TABLE public.log (id VARCHAR(64), note VARCHAR(20), n INTEGER);',
      targets: { 'public.log': { mode: 'append' } },
      config: {
        events: {
          'page.viewed': [
            { fact: 'public.log', columns: { id: '$.id', note: '$.data.note', n: '$.data.n' } },
          ],
        },
      },
    });
    const notes = ['\\N', '\\\\N', 'NULL', '', ' ', '"', null, undefined];
    await sendEvents(
      project,
      notes.map((note, n) => ({ id: `${n}`, data: { note, n: note === null ? null : n } })),
    );
    await project.drain(async (millrace) => {
      const rows = await rowsOf(millrace, 'SELECT note, n FROM public.log ORDER BY id');
      expect(rows).toEqual(notes.map((note, n) => ({ note: note ?? null, n: note === null ? null : n })));
    });
    expect(project.defects).toEqual([]);
  });
});
