import { intake } from '@millrace/core';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { rowsOf, statusOf, TestProjects } from './test-project.ts';

/** Whatever is written, and written again, in whatever loads: the table has the rows of each key's last version, once. */

const projects = new TestProjects();
afterAll(() => projects.removeAll());

const KEYS = 5;
const RUNS = 12;

/** What a key holds: few contents, so that bytes come back; each row tells whose it is. */
const contentOf = (key: number, version: number): readonly string[] =>
  Array.from({ length: 1 + (version % 3) }, (_, row) => `k${key}.v${version}.${row}`);

const write = fc.tuple(fc.nat(KEYS - 1), fc.nat(4));
/** Rounds of writes; all of a round is there before the lane is looked at. */
const rounds = fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 });

it('leaves the rows of each last version, exactly once', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(rounds, fc.integer({ min: 1, max: 4 }), fc.boolean(), async (plan, maxFiles, pin) => {
      const project = projects.make({
        tables: 'CREATE TABLE public.t (v VARCHAR(20), _loaded_at TIMESTAMP, _job_id VARCHAR(26));',
        targets: {
          'public.t': {
            mode: 'append',
            from: 's3://lake/t/',
            format: { kind: 'csv' },
            provenance: true,
            onRewrite: 'replace',
            maxFiles,
            pin,
          },
        },
      });
      const millrace = await project.open();
      await millrace.start();
      try {
        const last = new Map<number, number>();
        for (const writes of plan) {
          for (const [key, version] of writes) {
            last.set(key, version);
            project.put(`t/${key}.csv`, `${contentOf(key, version).join('\n')}\n`);
            const info = await project.loader.objects.head({ bucket: 'lake', key: `t/${key}.csv` });
            if (info !== undefined)
              await intake(project.loader, [{ ...info, writtenAt: info.lastModifiedAt }]);
          }
          await millrace.untilIdle();
          const expected = [...last].flatMap(([key, version]) => contentOf(key, version)).toSorted();
          const found = await rowsOf(millrace, 'SELECT v FROM public.t ORDER BY v');
          expect(found.map(({ v }) => v)).toEqual(expected);
          expect(await statusOf(millrace, 'public.t')).toMatchObject({
            loaded: last.size,
            waiting: 0,
            quarantined: 0,
          });
        }
      } finally {
        await millrace.stop();
      }
    }),
    { numRuns: RUNS },
  );
});
