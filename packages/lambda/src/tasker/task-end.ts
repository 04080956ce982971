import type { DescribeStatementCommandOutput } from '@aws-sdk/client-redshift-data';
import { type DataApi, readResult } from '@millrace/aws/redshift';
import { MAX_OUTPUT_BYTES, type TaskOutcome } from '@millrace/aws/step-functions';
import { LoadError } from '@millrace/core';

/** How a statement ended, and what its task is told. */
export type TaskEnd =
  | { readonly outcome: TaskOutcome; readonly kind: 'success'; readonly output: string }
  | {
      readonly outcome: TaskOutcome;
      readonly kind: 'failure';
      readonly error: string;
      readonly cause: string;
    };

const NANOSECONDS_PER_MS = 1_000_000;

/**
 * What a description tells.
 *
 * @returns undefined while the statement runs.
 * @throws LoadError of the Data API when the result cannot be read.
 */
export async function readTaskEnd(
  api: DataApi,
  described: DescribeStatementCommandOutput,
  { name, wantsResult }: { name: string; wantsResult: boolean },
): Promise<TaskEnd | undefined> {
  const { Id: id = '', Status: status } = described;
  switch (status) {
    case 'FINISHED':
      return readSuccess(api, described, { name, wantsResult });
    case 'FAILED':
      return { outcome: 'FAILED', kind: 'failure', error: 'FAILED', cause: causeOf(described) };
    case 'ABORTED':
      return {
        outcome: 'ABORTED',
        kind: 'failure',
        error: 'ABORTED',
        cause: `statement ${id} was cancelled; what it had reached by then, only the tables can tell`,
      };
    default:
      return undefined;
  }
}

/** Nobody knows the statement: it never began, or is forgotten. */
export function lostEnd(name: string): TaskEnd {
  return {
    outcome: 'LOST',
    kind: 'failure',
    error: 'LOST',
    cause: `the Data API knows no statement ${name}: it was not sent, or ended more than a day ago; look at what it should have changed`,
  };
}

async function readSuccess(
  api: DataApi,
  described: DescribeStatementCommandOutput,
  { name, wantsResult }: { name: string; wantsResult: boolean },
): Promise<TaskEnd> {
  const parts = described.SubStatements ?? [];
  const last = parts.findLast(({ HasResultSet }) => HasResultSet === true);
  const withRows = parts.length > 0 ? last : described.HasResultSet === true ? described : undefined;
  const facts = {
    statementId: described.Id ?? '',
    statementName: name,
    status: 'FINISHED',
    durationMs: Math.round((described.Duration ?? 0) / NANOSECONDS_PER_MS),
    resultRows: Math.max(0, (withRows ?? parts.at(-1) ?? described).ResultRows ?? 0),
  };
  if (!wantsResult) return { outcome: 'FINISHED', kind: 'success', output: JSON.stringify(facts) };
  const bytes = withRows?.ResultSize ?? 0;
  if (bytes > MAX_OUTPUT_BYTES) return tooLarge(facts.statementId, bytes);
  let rows: readonly unknown[];
  try {
    rows = withRows?.Id === undefined ? [] : (await readResult(api, withRows.Id)).rows;
  } catch (error) {
    if (!(error instanceof LoadError && error.code === 'result-gone')) throw error;
    return { outcome: 'FINISHED', kind: 'failure', error: 'RESULT_GONE', cause: error.message };
  }
  const output = JSON.stringify({ ...facts, rows }, exactly);
  const size = Buffer.byteLength(output);
  return size > MAX_OUTPUT_BYTES
    ? tooLarge(facts.statementId, size)
    : { outcome: 'FINISHED', kind: 'success', output };
}

/** Integers that a JSON number does not keep are texts. */
function exactly(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function tooLarge(id: string, bytes: number): TaskEnd {
  return {
    outcome: 'FINISHED',
    kind: 'failure',
    error: 'RESULT_TOO_LARGE',
    cause: `statement ${id} took effect, and its result has ${bytes} bytes; a state takes at most ${MAX_OUTPUT_BYTES}: use UNLOAD, or ask for fewer rows`,
  };
}

function causeOf({ Id, Error: error, SubStatements = [] }: DescribeStatementCommandOutput): string {
  const at = SubStatements.findIndex(({ Status }) => Status === 'FAILED');
  const said = SubStatements[at]?.Error || error || 'the Data API gave no reason';
  const where = at < 0 ? '' : ` (statement ${at + 1} of ${SubStatements.length}; all were rolled back)`;
  return `${said}${where} [statement ${Id}]`;
}
