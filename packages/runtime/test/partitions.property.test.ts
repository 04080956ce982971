import { rmSync } from 'node:fs';
import { intake } from '@millrace/core';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { partitionProject } from './partition-project.ts';
import { rowsOf, statusOf, TestProjects } from './test-project.ts';

/** Whatever is written, written anew and deleted: each partition has the rows of its files at its last replacement, once. */

const projects = new TestProjects();
afterAll(() => projects.removeAll());

const RUNS = 10;
const DAYS = ['2026-11-19', '2026-11-20', '2026-11-21'];

const contentOf = (day: number, key: number, version: number): readonly string[] =>
  Array.from({ length: 1 + (version % 3) }, (_, row) => `d${day}k${key}v${version}.${row}`);

const step = fc.record({
  day: fc.nat(DAYS.length - 1),
  key: fc.nat(3),
  /** -1: the file is deleted. */
  version: fc.integer({ min: -1, max: 3 }),
  isAnnounced: fc.boolean(),
});
/** Rounds of writes; all of a round is there before the lane is looked at. */
const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 5 });

it('leaves what a model has, for both ways to tie rows to a partition', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(rounds, fc.boolean(), fc.boolean(), async (plan, byColumn, replacesEmpty) => {
      const project = partitionProject(
        projects,
        { ...(byColumn ? { partitionBy: 'dt' } : {}), whenEmpty: replacesEmpty ? 'replace' : 'keep' },
        'v VARCHAR(20), dt DATE, _partition VARCHAR(1200)',
      );
      const millrace = await project.open();
      await millrace.start();
      /** What is in the folders, and what the table has of each. */
      const there = new Map<string, Map<number, number>>(DAYS.map((day) => [day, new Map()]));
      const loaded = new Map<string, ReadonlyMap<number, number>>();
      try {
        for (const steps of plan) {
          const touched = new Set<string>();
          for (const { day, key, version, isAnnounced } of steps) {
            const name = DAYS[day] ?? '';
            const at = `t/dt=${name}/${key}.csv`;
            if (version < 0) {
              rmSync(project.path(at), { force: true });
              there.get(name)?.delete(key);
              continue;
            }
            project.put(at, `${contentOf(day, key, version).join('\n')}\n`);
            there.get(name)?.set(key, version);
            touched.add(name);
            const info = await project.loader.objects.head({ bucket: 'lake', key: at });
            if (isAnnounced && info !== undefined)
              await intake(project.loader, [{ ...info, writtenAt: info.lastModifiedAt }]);
          }
          await millrace.untilIdle();
          for (const name of touched) {
            const now = new Map(there.get(name));
            if (now.size > 0) loaded.set(name, now);
          }
          const found = await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v');
          const rows = DAYS.flatMap((name, day) =>
            [...(loaded.get(name) ?? [])].flatMap(([key, version]) => contentOf(day, key, version)),
          );
          // A deletion alone replaces nothing: of a partition with one, the rows may be those from before or after it.
          const settled = DAYS.filter((name) => sameFiles(loaded.get(name), there.get(name)));
          const ofSettled = (v: string): boolean =>
            settled.some((name) => v.startsWith(`d${DAYS.indexOf(name)}`));
          expect(found.map(({ v }) => String(v)).filter(ofSettled)).toEqual(
            rows.filter(ofSettled).toSorted(),
          );
          expect(new Set(found.map(({ v }) => v)).size).toBe(found.length);
          expect(await statusOf(millrace, 'public.t')).toMatchObject({ waiting: 0, quarantined: 0 });
        }
      } finally {
        await millrace.stop();
      }
    }),
    { numRuns: RUNS },
  );
});

function sameFiles(
  one: ReadonlyMap<number, number> | undefined,
  other: ReadonlyMap<number, number> | undefined,
): boolean {
  const say = (files: ReadonlyMap<number, number> | undefined): string =>
    JSON.stringify([...(files ?? [])].toSorted());
  return say(one) === say(other);
}
