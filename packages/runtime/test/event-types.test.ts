import { type Event, fact } from '@millrace/core';
import { afterEach, expect, it } from 'vitest';
import { sendEvents } from './send-events.ts';
import { type TestProject, TestProjects } from './test-project.ts';

/** How many events of each type were consumed and rejected, and what they became, since the process began. */

const projects = new TestProjects();
afterEach(() => projects.removeAll());

const columns = { id: '$.id', note: '$.data.note' };

const newProject = (): TestProject =>
  projects.make({
    tables: `CREATE TABLE public.log (id VARCHAR(64), note VARCHAR(5));
      CREATE TABLE public.copy (id VARCHAR(64), note VARCHAR(5));`,
    targets: { 'public.log': { mode: 'append' }, 'public.copy': { mode: 'append' } },
    config: {
      events: {
        'note.taken': [
          { fact: 'public.log', columns },
          { fact: 'public.copy', columns },
        ],
        'note.read': ({ id }: Event) => fact('public.log', { id }),
      },
    },
  });

it('counts what was sealed, by the types of the configuration, and all others together', async () => {
  const project = newProject();
  const startedAt = Date.now();
  const others = Array.from({ length: 30 }, (_, n) => ({ id: `o${n}`, type: `other.${n}`, data: {} }));
  await sendEvents(project, [
    { id: 'a', type: 'note.taken', data: { note: 'a' } },
    { id: 'b', type: 'note.taken', data: { note: 'b' } },
    { id: 'r', type: 'note.read' },
    { id: 'c', type: 'note.taken', data: { note: 'too long' } },
    ...others,
    'no JSON',
  ]);
  const sameColumns = ['id', 'note'];
  const becomes = [
    { target: 'public.log', columns: sameColumns },
    { target: 'public.copy', columns: sameColumns },
  ];
  await project.drain(async (millrace) => {
    const { events } = await millrace.status();
    expect(Date.parse(events?.countedSince ?? '')).toBeGreaterThanOrEqual(startedAt);
    const rows = { 'public.log': 2, 'public.copy': 2 };
    expect(events?.types).toEqual([
      { type: 'note.taken', becomes, consumed: 3, rejected: 1, rows },
      { type: 'note.read', becomes: null, consumed: 1, rejected: 0, rows: { 'public.log': 1 } },
      { type: null, becomes: null, consumed: 31, rejected: 31, rows: {} },
    ]);
    // What was consumed once is not consumed again by a redrive.
    await millrace.redriveRejects({});
    expect((await millrace.status()).events?.types[0]).toMatchObject({ consumed: 3, rejected: 1 });
  });
  const later = await project.open();
  const { events } = await later.status();
  expect(events?.types).toMatchObject([
    { type: 'note.taken', consumed: 0 },
    { type: 'note.read', consumed: 0 },
  ]);
  await later.stop();
});
