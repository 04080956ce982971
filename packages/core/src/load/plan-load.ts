import type { LoadFile } from '../file/load-file.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { ledgerOf, tableNameOf } from './ledger.ts';
import { type LoadedColumn, loadedColumns, typeOf } from './loaded-columns.ts';
import type { MergeRule } from './merge-rule.ts';
import { planMerge } from './plan-merge.ts';
import type { Attempt, Statement, TableName } from './statement.ts';

/** All that a plan is made of: pure input, pure output. */
export interface LoadPlanInput {
  readonly target: string;
  readonly rule: MergeRule;
  /** The target's columns as the warehouse has them. */
  readonly tableColumns: readonly TableColumn[];
  readonly attempt: Attempt;
  readonly files: readonly LoadFile[];
  readonly manifestUrl: string;
  /** Where the list of files is, as a manifest of one CSV object, for jobs whose list does not fit into a statement. */
  readonly fileListManifestUrl: string;
  readonly iamRole: string;
  readonly copyOptions: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly maxStatementBytes: number;
}

/** Bytes of an inserted row beyond its URL: two ids, an ETag, numbers, quotes. */
const BYTES_PER_FILE = 220;
/** Beyond that many places a list of literals costs more than the join it saves. */
const MAX_LITERAL_KEYS = 1_000;

/**
 * The statements of one load transaction, in order: lock, guard, COPY, merge, receipts.
 *
 * @throws LoadError `target-column-missing` (class `config`) when the rule names a column that the table does not have.
 */
export function planLoad(input: LoadPlanInput): readonly Statement[] {
  const { rule, attempt, files, target } = input;
  const ledger = ledgerOf(target);
  const suffix = `${attempt.jobId.toLowerCase()}_${attempt.attempt}`;
  const jobFiles: TableName = { name: `millrace_files_${suffix}` };
  const stage: TableName = { name: `millrace_stage_${suffix}` };
  const winners: TableName = { name: `millrace_winners_${suffix}` };
  const isDirect = rule.mode === 'append';
  const columns: readonly LoadedColumn[] = loadedColumns(rule, { target, tableColumns: input.tableColumns });

  return [
    { kind: 'limit-time', ms: input.lockTimeoutMs },
    { kind: 'lock-lane', lock: ledger.lock },
    { kind: 'limit-time', ms: input.statementTimeoutMs },
    { kind: 'create-job-files', jobFiles },
    fitsStatement(input)
      ? { kind: 'insert-job-files', jobFiles, files }
      : {
          kind: 'copy-job-files',
          jobFiles,
          manifestUrl: input.fileListManifestUrl,
          iamRole: input.iamRole,
        },
    {
      kind: 'guard-receipts',
      receipts: ledger.receipts,
      jobFiles,
      attempt,
      keyIds: files.length <= MAX_LITERAL_KEYS ? files.map(({ keyId }) => keyId) : null,
      refusesRewrites: rule.onRewrite === 'quarantine',
    },
    ...(isDirect ? [] : [{ kind: 'create-stage', stage, columns } as const]),
    {
      kind: 'copy',
      into: isDirect ? tableNameOf(target) : stage,
      columns: columns.map(({ name }) => name),
      manifestUrl: input.manifestUrl,
      iamRole: input.iamRole,
      options: input.copyOptions,
    },
    { kind: 'count-copied' },
    ...planMerge(rule, { table: tableNameOf(target), ledger, stage, winners, columns }),
    {
      kind: 'record-receipts',
      receipts: ledger.receipts,
      jobFiles,
      attempt,
      stage: isDirect ? null : stage,
    },
  ];
}

/** What `planLoad` needs to be in the warehouse before the first job of a target. Every statement may be repeated. */
export function planLedger(
  target: string,
  rule: MergeRule,
  tableColumns: readonly TableColumn[],
): readonly Statement[] {
  const ledger = ledgerOf(target);
  const graves: readonly Statement[] =
    rule.tombstone === null
      ? []
      : [
          {
            kind: 'create-graves',
            graves: ledger.graves,
            columns: [...rule.key, ...rule.latestBy].map((name) => ({
              name,
              type: typeOf(name, { target, tableColumns }),
              isRequired: false,
            })),
          },
        ];
  return [
    { kind: 'create-schema', schema: 'millrace' },
    { kind: 'create-receipts', receipts: ledger.receipts },
    { kind: 'create-lock', lock: ledger.lock },
    ...graves,
  ];
}

/**
 * One transaction after which an attempt has committed or never will: its void receipt is there unless its own are.
 * Whoever holds the lane lock now has been waited for.
 */
export function planAbandon(
  target: string,
  attempt: Attempt,
  { lockTimeoutMs }: { lockTimeoutMs: number },
): readonly Statement[] {
  const ledger = ledgerOf(target);
  return [
    { kind: 'limit-time', ms: lockTimeoutMs },
    { kind: 'lock-lane', lock: ledger.lock },
    { kind: 'record-void', receipts: ledger.receipts, attempt },
    { kind: 'select-attempt', receipts: ledger.receipts, attempt },
  ];
}

function fitsStatement({ files, maxStatementBytes }: LoadPlanInput): boolean {
  let bytes = 0;
  for (const { url } of files) bytes += Buffer.byteLength(url) + BYTES_PER_FILE;
  return bytes < maxStatementBytes * 0.9;
}
