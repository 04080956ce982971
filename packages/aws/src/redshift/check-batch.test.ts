import type { StatementBatch } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { checkBatch } from './check-batch.ts';

const LIMITS = { maxStatements: 40, maxStatementBytes: 100_000 };
const BATCH: StatementBatch = { name: 'dev/public.t/job/1', clientToken: 'token', statements: ['SELECT 1'] };

function refusal(change: Partial<StatementBatch>): unknown {
  try {
    checkBatch({ ...BATCH, ...change }, LIMITS);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('a batch that the Data API would refuse is refused before it is sent:', () => {
  it('more than 40 statements', () => {
    expect(refusal({ statements: Array(40).fill('SELECT 1') })).toBeUndefined();
    expect(refusal({ statements: Array(41).fill('SELECT 1') })).toMatchObject({
      class: 'config',
      code: 'batch-too-large',
      message: 'dev/public.t/job/1: 41 statements, and the Data API takes 40 in a batch',
    });
  });

  it('a statement of more than 100 KB, in bytes and not in characters', () => {
    const sql = (bytes: number): string => `SELECT '${'ü'.repeat((bytes - 9) / 2)}'`;
    expect(refusal({ statements: [sql(99_999)] })).toBeUndefined();
    expect(refusal({ statements: ['SELECT 1', sql(100_001)] })).toMatchObject({
      class: 'config',
      message: expect.stringMatching(
        /statement 2 of 2 \(SELECT 'ü+…\) has 100001 bytes, and the Data API takes 100000$/u,
      ),
      hint: expect.stringContaining('maxFiles'),
    });
  });

  it('no statement at all, and names and tokens that are too long', () => {
    expect(refusal({ statements: [] })).toMatchObject({ code: 'batch-too-large' });
    expect(refusal({ name: 'n'.repeat(2_049) })).toMatchObject({ code: 'batch-too-large' });
    expect(refusal({ clientToken: 't'.repeat(65) })).toMatchObject({ code: 'batch-too-large' });
  });
});
