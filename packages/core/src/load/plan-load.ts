import type { LoadFile } from '../file/load-file.ts';
import type { EpochMs } from '../ports/time.ts';
import type { TableColumn } from '../ports/warehouse.ts';
import { assertInvariant } from '../recover/invariant.ts';
import { ledgerOf, tableNameOf } from './ledger.ts';
import { type LoadedColumn, loadedColumns, typeOf } from './loaded-columns.ts';
import type { MergeRule } from './merge-rule.ts';
import type { PartitionJob } from './partition.ts';
import { planMerge } from './plan-merge.ts';
import { partitionCells, planPartitionSwap } from './plan-partition.ts';
import { checkProvenance } from './provenance.ts';
import type { Replacement } from './replacement.ts';
import type { Attempt, JobFileSource, Provenance, Statement, TableName } from './statement.ts';

/** All that a plan is made of: pure input, pure output. */
export interface LoadPlanInput {
  readonly target: string;
  readonly rule: MergeRule;
  /** The target's columns as the warehouse has them. */
  readonly tableColumns: readonly TableColumn[];
  readonly attempt: Attempt;
  /** Which part of a group's job this is: its temporary tables are its own. */
  readonly part?: number;
  /** What rows of a target with provenance say of when they came. */
  readonly loadedAt: EpochMs;
  readonly files: readonly LoadFile[];
  /** The loads that this one replaces, of a target with provenance. */
  readonly replaces?: Replacement | undefined;
  /** The partition that this load replaces, of a target in mode `replace-partition`. */
  readonly partition?: PartitionJob | undefined;
  readonly manifestUrl: string;
  /** Where the list of files is, as a manifest of one CSV object, for jobs whose list does not fit into a statement. */
  readonly fileListManifestUrl: string;
  readonly iamRole: string;
  readonly copyOptions: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly maxStatementBytes: number;
}

/** Bytes of a receipt's literals beyond its URL: ids, an ETag, numbers, job, quotes. */
const BYTES_PER_FILE = 320;
/** Beyond that many places a list of literals costs more than the join it saves. */
const MAX_LITERAL_KEYS = 1_000;

/**
 * The statements of one load transaction, in order: lock, guard, COPY, merge, receipts.
 *
 * @throws LoadError `target-column-missing`, `provenance-columns-missing`, `provenance-columns-wrong` (class `config`) when
 * the rule needs a column that the table does not have, or has otherwise.
 */
export function planLoad(input: LoadPlanInput): readonly Statement[] {
  const { rule, attempt, files, target, replaces } = input;
  if (input.partition !== undefined) return planPartitionLoad(input, input.partition);
  assertInvariant(rule.mode !== 'replace-partition', 'a partition is replaced as a whole');
  const ledger = ledgerOf(target);
  const part = input.part === undefined ? '' : `_${input.part}`;
  const suffix = `${attempt.jobId.toLowerCase()}_${attempt.attempt}${part}`;
  const jobFiles: TableName = { name: `millrace_files_${suffix}` };
  const stage: TableName = { name: `millrace_stage_${suffix}` };
  const winners: TableName = { name: `millrace_winners_${suffix}` };
  if (rule.provenance === true) checkProvenance(target, input.tableColumns);
  const isStaged = rule.mode !== 'append' || rule.provenance === true;
  const columns: readonly LoadedColumn[] = loadedColumns(rule, { target, tableColumns: input.tableColumns });

  // With a stage, receipts count its rows, which no list of VALUES is known to do on Redshift.
  const source: JobFileSource =
    !isStaged && fitsStatement(input) ? { kind: 'literals', files } : { kind: 'table', table: jobFiles };
  assertInvariant(
    new Set(files.map(({ keyId }) => keyId)).size === files.length || source.kind === 'table',
    'a job names a place once',
  );

  return [
    { kind: 'limit-time', ms: input.lockTimeoutMs },
    { kind: 'lock-lane', lock: ledger.lock },
    { kind: 'limit-time', ms: input.statementTimeoutMs },
    ...(source.kind === 'table' ? planFileList(input, jobFiles) : []),
    {
      kind: 'guard-receipts',
      receipts: ledger.receipts,
      files: source,
      attempt,
      keyIds: files.length <= MAX_LITERAL_KEYS ? files.map(({ keyId }) => keyId) : null,
      refusesRewrites: rule.onRewrite !== 'reload',
      replacedJobIds: replaces?.jobIds ?? [],
      oldestWrittenAt: oldestWrittenAt(ownFilesOf(files, replaces)),
    },
    ...(replaces === undefined
      ? []
      : [
          {
            kind: 'guard-replaced',
            receipts: ledger.receipts,
            target: tableNameOf(target),
            replaces,
          } as const,
        ]),
    ...(isStaged ? [{ kind: 'create-stage', stage, columns } as const] : []),
    {
      kind: 'copy',
      into: isStaged ? stage : tableNameOf(target),
      columns: columns.filter(({ isBlank }) => isBlank !== true).map(({ name }) => name),
      manifestUrl: input.manifestUrl,
      iamRole: input.iamRole,
      options: input.copyOptions,
    },
    { kind: 'count-copied' },
    ...planRemoval(input),
    ...planMerge(rule, {
      table: tableNameOf(target),
      ledger,
      stage,
      winners,
      columns,
      provenance: provenanceOf(input),
    }),
    {
      kind: 'record-receipts',
      receipts: ledger.receipts,
      files: source,
      attempt,
      stage: isStaged ? stage : null,
    },
  ];
}

/**
 * The same for a whole partition: its rows and receipts go, and what its files have comes in their place. Of no files there
 * is no COPY.
 */
function planPartitionLoad(input: LoadPlanInput, job: PartitionJob): readonly Statement[] {
  const { rule, attempt, files, target, tableColumns } = input;
  const ledger = ledgerOf(target);
  const { receipts } = ledger;
  const suffix = `${attempt.jobId.toLowerCase()}_${attempt.attempt}`;
  const jobFiles: TableName = { name: `millrace_files_${suffix}` };
  const stage: TableName | null = files.length === 0 ? null : { name: `millrace_stage_${suffix}` };
  if (rule.provenance === true) checkProvenance(target, tableColumns);
  const cells = partitionCells(job, { target, tableColumns });
  const filled = cells.map(({ column }) => column);
  const columns = loadedColumns(rule, { target, tableColumns, filled });
  const source: JobFileSource = { kind: 'table', table: jobFiles };
  const partition = { id: job.id, url: job.url };
  const { generation } = job;
  return [
    { kind: 'limit-time', ms: input.lockTimeoutMs },
    { kind: 'lock-lane', lock: ledger.lock },
    { kind: 'limit-time', ms: input.statementTimeoutMs },
    { kind: 'guard-partition', receipts, partition, generation, attempt },
    ...(stage === null
      ? []
      : [
          ...planFileList(input, jobFiles),
          { kind: 'create-stage', stage, columns } as const,
          {
            kind: 'copy',
            into: stage,
            columns: columns.map(({ name }) => name),
            manifestUrl: input.manifestUrl,
            iamRole: input.iamRole,
            options: input.copyOptions,
          } as const,
          { kind: 'count-copied' } as const,
        ]),
    ...planPartitionSwap({
      table: tableNameOf(target),
      stage,
      ledger,
      job,
      cells,
      columns,
      provenance: provenanceOf(input),
    }),
    ...(stage === null
      ? []
      : [{ kind: 'record-receipts', receipts, files: source, attempt, stage } as const]),
    { kind: 'record-partition', receipts, partition, generation, attempt, stage },
  ];
}

/** The old rows go in the transaction that brings the new ones: whoever asks sees the ones or the others. */
function planRemoval({ target, rule, replaces }: LoadPlanInput): readonly Statement[] {
  if (replaces === undefined) return [];
  assertInvariant(rule.provenance === true, 'only rows that tell by which load they came can be replaced');
  const { jobIds } = replaces;
  return [
    { kind: 'delete-job-rows', target: tableNameOf(target), jobIds },
    { kind: 'delete-job-receipts', receipts: ledgerOf(target).receipts, jobIds },
  ];
}

/** Files of a job that were not loaded before: survivors have receipts, whatever their age. */
function ownFilesOf(files: readonly LoadFile[], replaces: Replacement | undefined): readonly LoadFile[] {
  const survivors = new Set(replaces?.survivorIds);
  return files.filter(({ id }) => !survivors.has(id));
}

function provenanceOf({ rule, attempt: { jobId }, loadedAt }: LoadPlanInput): Provenance | null {
  return rule.provenance === true ? { jobId, loadedAt } : null;
}

function oldestWrittenAt(files: readonly LoadFile[]): EpochMs | null {
  return files.reduce<EpochMs | null>(
    (oldest, { writtenAt }) =>
      writtenAt === undefined ? oldest : Math.min(oldest ?? Number.POSITIVE_INFINITY, writtenAt),
    null,
  );
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

/** The job's files in a temporary table: from the statement, or from an object when they are too many for one. */
function planFileList(input: LoadPlanInput, jobFiles: TableName): readonly Statement[] {
  const { files, fileListManifestUrl, iamRole } = input;
  return [
    { kind: 'create-job-files', jobFiles },
    fitsStatement(input)
      ? { kind: 'insert-job-files', jobFiles, files }
      : { kind: 'copy-job-files', jobFiles, manifestUrl: fileListManifestUrl, iamRole },
  ];
}

function fitsStatement({ files, maxStatementBytes }: LoadPlanInput): boolean {
  let bytes = 0;
  for (const { url } of files) bytes += Buffer.byteLength(url) + BYTES_PER_FILE;
  return bytes < maxStatementBytes * 0.9;
}
