import type { LoadFile, Statement, TableName } from '@millrace/core';
import { HORIZON_KEY, PROVENANCE, voidKeyOf } from '@millrace/core';
import { quoteName, quoteTable, quoteText } from './quote.ts';

const HORIZON = quoteText(HORIZON_KEY);

/**
 * A transaction that is sent as it is stored cannot branch, but it can fail: a cast to integer of a text that says why.
 * The text is computed from tables, in a query below the cast, so that the planner does not fold it. NULL: all is well.
 */
export function renderGuard(statement: Extract<Statement, { kind: 'guard-receipts' }>): string {
  const { files } = statement;
  const verdict =
    files.kind === 'literals' ? literalVerdict(statement, files.files) : listVerdict(statement, files.table);
  return `SELECT CAST(verdict AS INTEGER) AS guard FROM (\n${verdict}\n) AS guarded`;
}

/** One aggregate, which every receipt enters with the gravest thing that it says: cheaper than to count each thing. */
function literalVerdict(
  {
    receipts,
    attempt,
    refusesRewrites,
    replacedJobIds,
    oldestWrittenAt,
  }: Extract<Statement, { kind: 'guard-receipts' }>,
  files: readonly LoadFile[],
): string {
  const own = [voidKeyOf(attempt), ...(oldestWrittenAt === null ? [] : [HORIZON_KEY])];
  const keys = [...own, ...files.map(({ keyId }) => keyId)].map(quoteText).join(', ');
  const ids = files.map(({ id }) => quoteText(id)).join(', ');
  const rewritten = refusesRewrites ? " WHEN 1 THEN 'millrace:rewritten'" : '';
  const late = beforeHorizon('', oldestWrittenAt);
  return `  SELECT CASE MAX(CASE WHEN kind = 'void' THEN 4 WHEN file_id IN (${ids}) THEN 3${late.rank} ELSE 1 END)
    WHEN 4 THEN 'millrace:void' WHEN 3 THEN 'millrace:already-loaded'${late.verdict}${rewritten}
  END AS verdict
  FROM ${quoteTable(receipts)}
  WHERE key_id IN (${keys})${isNotReplaced('', replacedJobIds)}`;
}

function listVerdict(
  {
    receipts,
    attempt,
    keyIds,
    refusesRewrites,
    replacedJobIds,
    oldestWrittenAt,
  }: Extract<Statement, { kind: 'guard-receipts' }>,
  jobFiles: TableName,
): string {
  const own = [quoteText(voidKeyOf(attempt)), ...(oldestWrittenAt === null ? [] : [HORIZON])];
  const isOurs =
    keyIds === null
      ? `(receipt.key_id IN (${own.join(', ')}) OR job_file.key_id IS NOT NULL)`
      : `receipt.key_id IN (${[...own, ...keyIds.map(quoteText)].join(', ')})`;
  const late = beforeHorizon('receipt.', oldestWrittenAt);
  const lateVerdict = late.rank === '' ? '' : "\n    WHEN known.worst = 2 THEN 'millrace:before-horizon'";
  const rewritten = refusesRewrites ? "\n    WHEN known.worst = 1 THEN 'millrace:rewritten'" : '';
  return `  SELECT CASE
    WHEN listed.files <> listed.places THEN 'millrace:repeated-file'
    WHEN known.worst = 4 THEN 'millrace:void'
    WHEN known.worst = 3 THEN 'millrace:already-loaded'${lateVerdict}${rewritten}
  END AS verdict
  FROM (SELECT COUNT(*) AS files, COUNT(DISTINCT key_id) AS places FROM ${quoteTable(jobFiles)}) AS listed
  CROSS JOIN (
    SELECT MAX(CASE WHEN receipt.kind = 'void' THEN 4 WHEN receipt.file_id = job_file.file_id THEN 3${late.rank} ELSE 1 END) AS worst
    FROM ${quoteTable(receipts)} AS receipt
    LEFT JOIN ${quoteTable(jobFiles)} AS job_file ON receipt.key_id = job_file.key_id
    WHERE ${isOurs}${isNotReplaced('receipt.', replacedJobIds)}
  ) AS known`;
}

/** Receipts that the job itself deletes stand in nobody's way; those of any other load do. */
function isNotReplaced(receipt: string, jobIds: readonly string[]): string {
  return jobIds.length === 0 ? '' : ` AND ${receipt}job_id NOT IN (${jobIds.map(quoteText).join(', ')})`;
}

export function renderReplacedGuard({
  receipts,
  target,
  replaces,
}: Extract<Statement, { kind: 'guard-replaced' }>): string {
  const jobIds = replaces.jobIds.map(quoteText).join(', ');
  return `SELECT CAST(verdict AS INTEGER) AS guard FROM (
  SELECT CASE
    WHEN known.receipts <> ${replaces.receipts} OR kept.loaded <> ${replaces.rows} THEN 'millrace:replaced'
  END AS verdict
  FROM (SELECT COUNT(*) AS receipts FROM ${quoteTable(receipts)} WHERE kind = 'load' AND job_id IN (${jobIds})) AS known
  CROSS JOIN (SELECT COUNT(*) AS loaded FROM ${quoteTable(target)} WHERE ${isOfJobs(replaces.jobIds)}) AS kept
) AS guarded`;
}

/** The rows that these loads brought. */
export function isOfJobs(jobIds: readonly string[]): string {
  return `${quoteName(PROVENANCE.jobId)} IN (${jobIds.map(quoteText).join(', ')})`;
}

/** What a file says that was written before the horizon: graver than a rewrite, for which its receipt would be needed. */
function beforeHorizon(receipt: string, oldestWrittenAt: number | null): { rank: string; verdict: string } {
  if (oldestWrittenAt === null) return { rank: '', verdict: '' };
  const rank = ` WHEN ${receipt}kind = 'horizon' THEN CASE WHEN ${receipt}size > ${oldestWrittenAt} THEN 2 ELSE 0 END`;
  return { rank, verdict: " WHEN 2 THEN 'millrace:before-horizon'" };
}
