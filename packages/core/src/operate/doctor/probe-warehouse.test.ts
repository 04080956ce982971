import { answeringWarehouse, bareLoader } from '@millrace/testkit';
import { describe, expect, it } from 'vitest';
import type { Statement } from '../../load/statement.ts';
import type { CheckResult } from '../../ports/doctor.ts';
import type { StatementStatus } from '../../ports/warehouse.ts';
import { LoadError } from '../../recover/load-error.ts';
import { probeWarehouse } from './probe-warehouse.ts';

const committed: StatementStatus = { state: 'finished', copiedRows: null };
const copied = (rows: number | null): StatementStatus => ({ state: 'finished', copiedRows: rows });
const failed = (code: string, message: string): StatementStatus => {
  return { state: 'failed', error: new LoadError(code, message, { class: 'guard' }) };
};
const guarded = failed('guard-already-loaded', 'invalid input syntax for integer: "millrace:already-loaded"');

/** A probe of a warehouse whose statements end so: the two of the guard, then the two of COPY. */
async function probe(
  ends: readonly [StatementStatus, StatementStatus, StatementStatus, StatementStatus],
  { refuses = '' }: { refuses?: string } = {},
) {
  let now = 0;
  const submitted: string[] = [];
  const asked: string[] = [];
  const warehouse = answeringWarehouse(
    {},
    {
      submit: async (batch) => {
        submitted.push(batch.clientToken);
        return { name: batch.name, id: String(submitted.length - 1) };
      },
      describe: async ({ id }) => ends[Number(id)] ?? { state: 'unknown' },
      cancel: async () => {},
    },
  );
  const { transact } = warehouse;
  const loader = bareLoader(() => now, {
    ...warehouse,
    transact: async (statements) => {
      for (const sql of statements) {
        const { kind } = JSON.parse(sql) as Statement;
        asked.push(kind);
        if (kind === refuses)
          throw new LoadError('permission-denied', 'permission denied', { class: 'config' });
      }
      return (await transact?.(statements)) ?? [];
    },
  });
  const pause = async (ms: number): Promise<void> => {
    now += ms * 10_000;
  };
  const results = await probeWarehouse(loader, { pause });
  const left: string[] = [];
  for await (const { key } of loader.objects.list({ bucket: 'lake', prefix: '' })) left.push(key);
  return { statuses: statusesOf(results), results, submitted, asked, left };
}

function statusesOf(results: readonly CheckResult[]): Readonly<Record<string, string>> {
  return Object.fromEntries(results.map(({ check, status }) => [check.replace(/^live /u, ''), status]));
}

const ALL_PASS = {
  tables: 'pass',
  guard: 'pass',
  wording: 'pass',
  copy: 'pass',
  'temporary tables': 'pass',
  'row count': 'pass',
};

describe('a warehouse that keeps the promise', () => {
  it('passes, and nothing of the probe stays', async () => {
    const { statuses, submitted, asked, left } = await probe([committed, guarded, copied(2), copied(2)]);
    expect(statuses).toEqual(ALL_PASS);
    // Of one token, or one name, the second would not be a second submission.
    expect(new Set(submitted).size).toBe(4);
    expect(asked.filter((kind) => kind === 'drop-table')).toHaveLength(2);
    expect(left).toEqual([]);
  });

  it('whichever of the two commits, and where a schema may only be used', async () => {
    const { statuses } = await probe([guarded, committed, copied(2), copied(2)], {
      refuses: 'create-schema',
    });
    expect(statuses).toEqual(ALL_PASS);
  });
});

describe('a warehouse that does not', () => {
  it('commits both: it would load files twice', async () => {
    const { statuses, results } = await probe([committed, committed, copied(2), copied(2)]);
    expect(statuses.guard).toBe('fail');
    expect(results.find(({ check }) => check === 'live guard')?.fix).toContain(
      'do not load with this warehouse',
    );
  });

  it('refuses in other words', async () => {
    const other = failed('sql-refused', 'Assert\ndetails');
    const { statuses } = await probe([committed, other, copied(2), copied(2)]);
    expect(statuses).toMatchObject({ guard: 'pass', wording: 'fail' });
  });

  it('commits none, or does not end one', async () => {
    expect((await probe([guarded, guarded, copied(2), copied(2)])).statuses.guard).toBe('fail');
    const running: StatementStatus = { state: 'running' };
    expect((await probe([committed, running, copied(2), copied(2)])).statuses.guard).toBe('warn');
    expect((await probe([committed, guarded, running, copied(2)])).statuses.copy).toBe('warn');
  });

  it('lets the probe make no tables', async () => {
    const { statuses, submitted } = await probe([committed, guarded, copied(2), copied(2)], {
      refuses: 'create-receipts',
    });
    expect(statuses).toEqual({ tables: 'fail' });
    expect(submitted).toEqual([]);
  });

  it('cannot read the object with its role', async () => {
    const denied = failed('role-refused', 'not authorized to assume');
    expect((await probe([committed, guarded, denied, copied(2)])).statuses.copy).toBe('fail');
  });

  it('lets temporary tables of two batches meet', async () => {
    const met = failed('sql-refused', 'Relation "millrace_doctor" already exists');
    expect((await probe([committed, guarded, copied(2), met])).statuses['temporary tables']).toBe('fail');
  });

  it('does not tell the rows, or wrong ones', async () => {
    for (const rows of [null, 3]) {
      expect((await probe([committed, guarded, copied(2), copied(rows)])).statuses['row count']).toBe('warn');
    }
  });
});
