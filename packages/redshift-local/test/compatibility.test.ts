import { MemoryObjectStore } from '@millrace/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedshiftLocal, type Result, type Session } from '../src/index.ts';
import { type CompatibilityCase, TICKET_TABLES } from './compatibility/compatibility-case.ts';
import { COPY_SECTIONS } from './compatibility/copy-cases.ts';
import { FUNCTION_SECTIONS } from './compatibility/function-cases.ts';
import { MERGE_SECTIONS } from './compatibility/merge-cases.ts';
import { renderMatrix } from './compatibility/render-matrix.ts';
import { STATEMENT_SECTIONS } from './compatibility/statement-cases.ts';
import { UNLOAD_SECTIONS } from './compatibility/unload-cases.ts';

const LOAD_SECTIONS = [...COPY_SECTIONS, ...UNLOAD_SECTIONS, ...MERGE_SECTIONS];
const SECTIONS = [...LOAD_SECTIONS, ...STATEMENT_SECTIONS, ...FUNCTION_SECTIONS];

/** The warehouse of all cases that can be rolled back. Objects are taken away after each case. */
let shared: Warehouse;

beforeAll(async () => {
  shared = await openWarehouse();
});
afterAll(() => shared.engine.close());

interface Warehouse {
  readonly engine: RedshiftLocal;
  readonly objects: MemoryObjectStore;
}

async function openWarehouse(): Promise<Warehouse> {
  const objects = new MemoryObjectStore();
  const engine = await RedshiftLocal.open({ path: ':memory:', objects });
  await engine.runBatch(TICKET_TABLES);
  return { engine, objects };
}

async function keysOf(objects: MemoryObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects.list({ bucket: 'lake', prefix })) keys.push(key);
  return keys;
}

async function runCase(example: CompatibilityCase, { engine, objects }: Warehouse): Promise<void> {
  const session = engine.session();
  for (const [key, body] of Object.entries(example.objects ?? {}))
    await objects.write({ bucket: 'lake', key }, body);
  try {
    if (!example.needsOwnWarehouse) await session.execute('begin');
    for (const sql of example.before ?? []) await session.execute(sql);
    await tryStatement(example, session);
    if (example.keys) expect(await keysOf(objects, 'unload/')).toEqual(example.keys);
  } finally {
    if (session.isInTransaction) await session.execute('rollback');
    await session.close();
    for await (const object of objects.list({ bucket: 'lake', prefix: '' })) {
      await objects.delete(object, { ifMatch: object.etag });
    }
  }
}

async function tryStatement(example: CompatibilityCase, session: Session): Promise<void> {
  if (example.verdict === 'refused') {
    const failure = await session.execute(example.sql).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(failure?.message, `${example.sql} was not refused`).toMatch(startOf(example.note ?? ''));
    return;
  }
  const result = await session.execute(example.sql);
  if (!example.rows) return;
  expect(rowsOf(example.check === undefined ? result : await session.execute(example.check))).toEqual(
    example.rows,
  );
}

function startOf(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&')}`, 'u');
}

function rowsOf(result: Result): readonly (readonly unknown[])[] {
  return result.kind === 'rows' ? result.rows : [];
}

for (const { title, cases } of SECTIONS) {
  describe(title, () => {
    it.each(cases.map((example) => [`${example.shows}: ${example.sql}`, example] as const))(
      '%s',
      async (_, example) => {
        if (!example.needsOwnWarehouse) return runCase(example, shared);
        const own = await openWarehouse();
        await runCase(example, own);
        await own.engine.close();
      },
    );
  });
}

describe('the matrix', () => {
  it('is what docs/compatibility.md says (vitest -u writes it)', async () => {
    await expect(renderMatrix(SECTIONS)).toMatchFileSnapshot('../../../docs/compatibility.md');
  });

  it('has at least 60 COPY, UNLOAD and MERGE examples, and runs nine of ten', () => {
    const examples = LOAD_SECTIONS.flatMap(({ cases }) => cases);
    expect(new Set(examples.map(({ sql }) => sql)).size).toBeGreaterThanOrEqual(60);
    // What Redshift refuses as well is no gap.
    const asked = examples.filter(({ shows }) => !/Redshift|files that are there/u.test(shows));
    const run = asked.filter(({ verdict }) => verdict !== 'refused');
    expect(run.length / asked.length).toBeGreaterThanOrEqual(0.9);
  });
});
