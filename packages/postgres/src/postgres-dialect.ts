import type { Attempt, Dialect, LoadFile, Provenance, Statement, TableName } from '@millrace/core';
import { HORIZON_KEY, PROVENANCE, voidKeyOf } from '@millrace/core';
import { isAlone } from './is-alone.ts';
import { NOW } from './ledger-clock.ts';
import { quoteList, quoteName, quoteTable, quoteText } from './quote.ts';
import { renderChange } from './render-change.ts';
import { renderCopy } from './render-copy.ts';
import { isOfJobs, renderGuard, renderReplacedGuard } from './render-guard.ts';
import { renderInspection } from './render-inspection.ts';
import * as partitions from './render-partition.ts';
import { beats, isTombstone, laterThan, orderBy, sameKey } from './version-order.ts';

/** Receipts, and the temporary list that becomes receipts, share these columns. */
const FILE_COLUMNS = ['file_id', 'key_id', 'url', 'etag', 'size'] as const;

const HORIZON = quoteText(HORIZON_KEY);

/** What the last COPY of the transaction read: the session tells it to the server, which knows no such function. */
export const COPIED_ROWS = 'millrace.copied_rows';
const COPIED = `CAST(current_setting('${COPIED_ROWS}') AS BIGINT)`;

/** PostgreSQL 15 and later. Statements may be of any length; below this one they stay readable. */
export class PostgresDialect implements Dialect {
  readonly name = 'postgres';
  readonly maxStatementBytes = 1_000_000;
  readonly maxStatements = 1_000;
  readonly supportsPrivilegeQuestions = true;

  readonly maxNameBytes = 63;

  readonly isAlone = isAlone;

  readonly renderChange = renderChange;

  render(statement: Statement): string {
    switch (statement.kind) {
      case 'limit-time':
        return `SET LOCAL statement_timeout TO ${statement.ms}`;
      case 'lock-lane':
        return `LOCK TABLE ${quoteTable(statement.lock)} IN ACCESS EXCLUSIVE MODE`;
      case 'create-job-files':
        return `CREATE TEMP TABLE ${quoteTable(statement.jobFiles)} (
  file_id VARCHAR(32) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  url VARCHAR(1200) NOT NULL,
  etag VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL
) ON COMMIT DROP`;
      case 'insert-job-files':
        return `INSERT INTO ${quoteTable(statement.jobFiles)} (${FILE_COLUMNS.join(', ')}) VALUES
${statement.files.map((file) => `(${fileValues(file)})`).join(',\n')}`;
      case 'copy-job-files':
        return renderCopy({
          into: statement.jobFiles,
          columns: FILE_COLUMNS,
          manifest: statement.manifestUrl,
          options: 'FORMAT CSV',
        });
      case 'guard-receipts':
        return renderGuard(statement);
      case 'guard-replaced':
        return renderReplacedGuard(statement);
      case 'guard-partition':
        return partitions.renderPartitionGuard(statement);
      case 'guard-partition-rows':
        return partitions.renderRowsGuard(statement);
      case 'delete-partition-rows':
        return partitions.renderRowRemoval(statement);
      case 'delete-partition-receipts':
        return partitions.renderReceiptRemoval(statement);
      case 'record-partition':
        return partitions.renderPartitionRecord(statement);
      case 'select-partition':
        return partitions.renderPartitionLook(statement);
      case 'delete-job-rows':
        return `DELETE FROM ${quoteTable(statement.target)}\nWHERE ${isOfJobs(statement.jobIds)}`;
      case 'delete-job-receipts':
        return `DELETE FROM ${quoteTable(statement.receipts)}
WHERE kind = 'load' AND job_id IN (${statement.jobIds.map(quoteText).join(', ')})`;
      case 'copy':
        return renderCopy({
          into: statement.into,
          columns: statement.columns,
          manifest: statement.manifestUrl,
          options: statement.options,
        });
      case 'count-copied':
        return `SELECT ${COPIED} AS copied_rows`;
      case 'create-stage':
        return `CREATE TEMP TABLE ${quoteTable(statement.stage)} (
${statement.columns.map(({ name, type, isRequired }) => `  ${quoteName(name)} ${type}${isRequired ? ' NOT NULL' : ''}`).join(',\n')}
) ON COMMIT DROP`;
      case 'insert-staged': {
        const columns = quoteList(statement.columns);
        const filled = [
          ...filledColumns(statement.provenance),
          ...partitions.filledCells(statement.partition ?? []),
        ];
        return `INSERT INTO ${quoteTable(statement.target)} (${columns}${listed(filled, ([name]) => name)})
SELECT ${columns}${listed(filled, ([, value]) => value)} FROM ${quoteTable(statement.stage)}`;
      }
      case 'select-winners':
        return renderWinners(statement);
      case 'drop-stale': {
        const [winners, target] = [quoteTable(statement.winners), quoteTable(statement.target)];
        return `DELETE FROM ${winners} USING ${target} AS millrace_row
WHERE ${sameKey(winners, 'millrace_row', statement.key)}
  AND NOT ${beats(winners, 'millrace_row', statement.order)}`;
      }
      case 'drop-buried': {
        const winners = quoteTable(statement.winners);
        const later = laterThan(winners, 'grave', { latestBy: statement.latestBy, otherwise: 'FALSE' });
        return `DELETE FROM ${winners} USING ${quoteTable(statement.graves)} AS grave
WHERE ${sameKey(winners, 'grave', statement.key)}
  AND NOT COALESCE(${later}, FALSE)`;
      }
      case 'delete-dead': {
        const target = quoteTable(statement.target);
        return `DELETE FROM ${target} USING ${quoteTable(statement.winners)} AS winner
WHERE ${sameKey(target, 'winner', statement.key)} AND ${isTombstone('winner', statement.tombstone)}`;
      }
      case 'clear-graves': {
        const graves = quoteTable(statement.graves);
        return `DELETE FROM ${graves} USING ${quoteTable(statement.winners)} AS winner
WHERE ${sameKey(graves, 'winner', statement.key)}`;
      }
      case 'dig-graves': {
        const columns = quoteList([...statement.key, ...statement.latestBy]);
        return `INSERT INTO ${quoteTable(statement.graves)} (${columns})
SELECT ${columns} FROM ${quoteTable(statement.winners)} AS winner
WHERE ${isTombstone('winner', statement.tombstone)}`;
      }
      case 'drop-dead-winners': {
        const winners = quoteTable(statement.winners);
        return `DELETE FROM ${winners} WHERE ${isTombstone(winners, statement.tombstone)}`;
      }
      case 'merge':
        return renderMerge(statement);
      case 'insert-missing': {
        const columns = quoteList(statement.columns);
        const filled = filledColumns(statement.provenance);
        return `INSERT INTO ${quoteTable(statement.target)} (${columns}${listed(filled, ([name]) => name)})
SELECT ${columns}${listed(filled, ([, value]) => value)} FROM ${quoteTable(statement.winners)} AS winner
WHERE NOT EXISTS (
  SELECT 1 FROM ${quoteTable(statement.target)} AS millrace_row WHERE ${sameKey('millrace_row', 'winner', statement.key)}
)`;
      }
      case 'record-receipts':
        return renderReceipts(statement);
      case 'record-void':
        return renderVoid(statement);
      case 'select-receipts':
        return `SELECT file_id, key_id, url, job_id, attempt, fence
FROM ${quoteTable(statement.receipts)}
WHERE kind = 'load' AND key_id IN (${statement.keyIds.map(quoteText).join(', ')})`;
      case 'select-job-receipts': {
        const { horizonAt } = statement;
        const isOld =
          horizonAt === null ? '0' : `CASE WHEN loaded_at < ${quoteInstant(horizonAt)} THEN 1 ELSE 0 END`;
        return `SELECT file_id, key_id, url, etag, size, job_id, job_rows, ${isOld} AS is_old
FROM ${quoteTable(statement.receipts)}
WHERE kind = 'load' AND job_id IN (${statement.jobIds.map(quoteText).join(', ')})`;
      }
      case 'count-job-rows':
        return `SELECT COUNT(*) AS found FROM ${quoteTable(statement.target)}\nWHERE ${isOfJobs(statement.jobIds)}`;
      case 'page-receipts': {
        const after = statement.after === null ? '' : ` AND url COLLATE "C" > ${quoteText(statement.after)}`;
        const before =
          statement.before === null ? '' : ` AND url COLLATE "C" < ${quoteText(statement.before)}`;
        const { etags } = statement;
        const ofEtags = etags === undefined ? '' : ` AND etag IN (${etags.map(quoteText).join(', ')})`;
        const { loadedBefore } = statement;
        const old = loadedBefore === undefined ? '' : ` AND loaded_at < ${quoteInstant(loadedBefore)}`;
        return `SELECT file_id, key_id, url, etag, size, job_id
FROM ${quoteTable(statement.receipts)}
WHERE kind = 'load'${after}${before}${ofEtags}${old}
ORDER BY url COLLATE "C"
LIMIT ${statement.limit}`;
      }
      case 'select-attempt':
        return `SELECT
  COALESCE(SUM(CASE WHEN kind IN ('load', 'part') THEN 1 ELSE 0 END), 0) AS loaded,
  COALESCE(SUM(CASE WHEN kind = 'void' THEN 1 ELSE 0 END), 0) AS voided,
  MAX(job_rows) AS job_rows
FROM ${quoteTable(statement.receipts)}
WHERE ${isAttempt(statement.attempt)}`;
      case 'summarise-receipts':
        return `SELECT
  COUNT(CASE WHEN kind = 'load' THEN 1 END) + COALESCE(SUM(CASE WHEN kind = 'horizon' THEN job_rows END), 0) AS files,
  COALESCE(MAX(fence), 0) AS max_fence
FROM ${quoteTable(statement.receipts)}`;
      case 'create-horizon':
        return `INSERT INTO ${quoteTable(statement.receipts)} (${FILE_COLUMNS.join(', ')}, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT ${HORIZON}, ${HORIZON}, '', '', 0, 'horizon', '', 0, 0, 0, ${NOW}
WHERE NOT EXISTS (SELECT 1 FROM ${quoteTable(statement.receipts)} WHERE key_id = ${HORIZON})`;
      case 'raise-horizon': {
        const { horizonAt, fence, pruned } = statement;
        return `UPDATE ${quoteTable(statement.receipts)} SET
  size = CASE WHEN size < ${horizonAt} THEN ${horizonAt} ELSE size END,
  fence = CASE WHEN fence < ${fence} THEN ${fence} ELSE fence END,
  job_rows = job_rows + ${pruned}
WHERE key_id = ${HORIZON}`;
      }
      case 'delete-receipts':
        return `DELETE FROM ${quoteTable(statement.receipts)}
WHERE kind = 'load' AND file_id IN (${statement.fileIds.map(quoteText).join(', ')})`;
      case 'delete-voids':
        return `DELETE FROM ${quoteTable(statement.receipts)}
WHERE kind = 'void' AND loaded_at < ${quoteInstant(statement.voidedBefore)}`;
      case 'select-horizon':
        return `SELECT size AS horizon_at FROM ${quoteTable(statement.receipts)} WHERE key_id = ${HORIZON}`;
      case 'select-clock':
      case 'select-privileges':
      case 'find-repeated-keys':
      case 'drop-table':
        return renderInspection(statement);
      case 'list-tables':
        return `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
WHERE table_schema NOT IN ('information_schema', 'pg_catalog', 'millrace')
  AND table_schema NOT LIKE 'pg\\_temp%'`;
      case 'create-schema':
        return `CREATE SCHEMA IF NOT EXISTS ${quoteName(statement.schema)}`;
      case 'create-receipts':
        return `CREATE TABLE IF NOT EXISTS ${quoteTable(statement.receipts)} (
  file_id VARCHAR(32) NOT NULL,
  key_id VARCHAR(32) NOT NULL,
  url VARCHAR(1200) NOT NULL,
  etag VARCHAR(128) NOT NULL,
  size BIGINT NOT NULL,
  kind VARCHAR(8) NOT NULL,
  job_id VARCHAR(26) NOT NULL,
  attempt INTEGER NOT NULL,
  fence BIGINT NOT NULL,
  job_rows BIGINT,
  loaded_at TIMESTAMP NOT NULL
)`;
      case 'own-schema':
        return `ALTER SCHEMA ${quoteName(statement.schema)} OWNER TO ${quoteName(statement.user)}`;
      case 'own-table':
        return `ALTER TABLE ${quoteTable(statement.table)} OWNER TO ${quoteName(statement.user)}`;
      case 'grant-schema':
        return `GRANT USAGE ON SCHEMA ${quoteName(statement.schema)} TO ${quoteName(statement.user)}`;
      case 'grant-table':
        return `GRANT ${statement.privileges.join(', ')} ON TABLE ${quoteTable(statement.table)} TO ${quoteName(statement.user)}`;
      case 'grant-temporary-tables':
        return `GRANT TEMP ON DATABASE ${quoteName(statement.database)} TO ${quoteName(statement.user)}`;
      case 'create-lock':
        return `CREATE TABLE IF NOT EXISTS ${quoteTable(statement.lock)} (nothing SMALLINT)`;
      case 'create-graves':
        return `CREATE TABLE IF NOT EXISTS ${quoteTable(statement.graves)} (
${statement.columns.map(({ name, type }) => `  ${quoteName(name)} ${type}`).join(',\n')}
)`;
    }
  }
}

function renderReceipts({
  receipts,
  files,
  attempt,
  stage,
}: Extract<Statement, { kind: 'record-receipts' }>): string {
  const rows = stage === null ? COPIED : `(SELECT COUNT(*) FROM ${quoteTable(stage)})`;
  const columns = [...FILE_COLUMNS, 'kind', 'job_id', 'attempt', 'fence', 'job_rows', 'loaded_at'];
  const rest = `'load', ${attemptValues(attempt)}, ${rows}, ${NOW}`;
  const insert = `INSERT INTO ${quoteTable(receipts)} (${columns.join(', ')})`;
  if (files.kind === 'literals') {
    return `${insert} VALUES\n${files.files.map((file) => `(${fileValues(file)}, ${rest})`).join(',\n')}`;
  }
  return `${insert}
SELECT ${FILE_COLUMNS.join(', ')}, ${rest}
FROM ${quoteTable(files.table)}`;
}

function renderWinners(statement: Extract<Statement, { kind: 'select-winners' }>): string {
  const { winners, stage, columns, key, order, keepsNullKeys } = statement;
  const nullKey = key.map((name) => `${quoteName(name)} IS NULL`).join(' OR ');
  // Rows that are their key and nothing else are the same row, whichever is taken.
  const keepsAll = keepsNullKeys ? ` OR ${nullKey}` : '';
  return `CREATE TEMP TABLE ${quoteTable(winners)} ON COMMIT DROP AS
SELECT ${quoteList(columns)} FROM (
  SELECT ${quoteList(columns)}, ROW_NUMBER() OVER (
    PARTITION BY ${quoteList(key)}
    ORDER BY ${orderBy('staged', order) || quoteList(key)}
  ) AS millrace_rank
  FROM ${quoteTable(stage)} AS staged
) AS ranked
WHERE millrace_rank = 1${keepsAll}`;
}

/** The columns that a load fills by itself, quoted, and what it writes into them; none without provenance. */
function filledColumns(provenance: Provenance | null): readonly (readonly [string, string])[] {
  if (provenance === null) return [];
  const loadedAt = quoteText(new Date(provenance.loadedAt).toISOString().slice(0, 23).replace('T', ' '));
  return [
    [quoteName(PROVENANCE.loadedAt), `CAST(${loadedAt} AS TIMESTAMP)`],
    [quoteName(PROVENANCE.jobId), `CAST(${quoteText(provenance.jobId)} AS VARCHAR(26))`],
  ];
}

/** More entries of a list that has some. */
function listed<Entry>(entries: readonly Entry[], say: (entry: Entry) => string): string {
  return entries.map((entry) => `, ${say(entry)}`).join('');
}

function renderMerge(statement: Extract<Statement, { kind: 'merge' }>): string {
  const { target, winners, key, updates } = statement;
  const source = quoteTable(winners);
  const columns = [...key, ...updates];
  const filled = filledColumns(statement.provenance);
  return `MERGE INTO ${quoteTable(target)} USING ${source}
ON ${sameKey(quoteName(target.name), source, key)}
WHEN MATCHED THEN UPDATE SET ${updates.map((name) => `${quoteName(name)} = ${source}.${quoteName(name)}`).join(', ')}${listed(filled, (one) => one.join(' = '))}
WHEN NOT MATCHED THEN INSERT (${quoteList(columns)}${listed(filled, ([name]) => name)}) VALUES (${columns.map((name) => `${source}.${quoteName(name)}`).join(', ')}${listed(filled, ([, value]) => value)})`;
}

function renderVoid({ receipts, attempt }: { receipts: TableName; attempt: Attempt }): string {
  const key = quoteText(voidKeyOf(attempt));
  return `INSERT INTO ${quoteTable(receipts)} (${FILE_COLUMNS.join(', ')}, kind, job_id, attempt, fence, job_rows, loaded_at)
SELECT ${key}, ${key}, '', '', 0, 'void', ${attemptValues(attempt)}, CAST(NULL AS BIGINT), ${NOW}
WHERE NOT EXISTS (SELECT 1 FROM ${quoteTable(receipts)} WHERE ${isAttempt(attempt)})`;
}

function attemptValues({ jobId, attempt, fence }: Attempt): string {
  return `${quoteText(jobId)}, ${attempt}, ${fence}`;
}

function isAttempt({ jobId, attempt }: Attempt): string {
  return `job_id = ${quoteText(jobId)} AND attempt = ${attempt}`;
}

/** In the zone of the ledger's clock, which is UTC. */
function quoteInstant(at: number): string {
  return quoteText(new Date(at).toISOString().slice(0, 19).replace('T', ' '));
}

/** In the order of FILE_COLUMNS. */
function fileValues({ id, keyId, url, identity }: LoadFile): string {
  return `${[id, keyId, url, identity.etag].map(quoteText).join(', ')}, ${identity.size}`;
}
