import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '@millrace/core';
import { onTestFinished } from 'vitest';
import { RedshiftLocal, type Result, type Session } from '../src/index.ts';
import { noObjects } from './no-objects.ts';

/** An engine in memory, closed when the test ends. */
export async function openEngine(
  options: { path?: string; objects?: ObjectStore } = {},
): Promise<RedshiftLocal> {
  const engine = await RedshiftLocal.open({ path: ':memory:', objects: noObjects, ...options });
  onTestFinished(() => engine.close());
  return engine;
}

/** A directory that is removed when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'redshift-local-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The rows of a query, without its columns. */
export async function rowsOf(session: Session, sql: string): Promise<unknown[][]> {
  const result: Result = await session.execute(sql);
  if (result.kind !== 'rows') throw new Error(`${sql} gave no rows`);
  return result.rows.map((row) => [...row]);
}
