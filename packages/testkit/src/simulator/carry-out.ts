import {
  LoadError,
  type LoadFile,
  PROVENANCE,
  type Provenance,
  type SqlRow,
  type Statement,
  type TableName,
  voidKeyOf,
} from '@millrace/core';
import { carryOutPartition, cellsOf } from './carry-out-partition.ts';
import { compareLatest, compareVersions, isTombstone, keyOf, winnersOf } from './merge-rows.ts';
import { nameOfTable } from './plan-dialect.ts';
import type { Row, Transaction } from './table-store.ts';

type Kind<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** Statements that read and write tables alone: all but those that wait, lock or read objects. */
export type TableStatement = Exclude<
  Statement,
  { kind: 'limit-time' | 'lock-lane' | 'copy' | 'copy-job-files' }
>;

/** What the job's receipts say of its rows: how many the last COPY read. */
export interface CopyCount {
  readonly rows: number | null;
}

/**
 * Carries out one statement of a plan as it is meant. Returns the rows that it tells.
 *
 * @throws LoadError of class `guard` when a guard refuses the transaction.
 */
export function carryOut(
  statement: TableStatement,
  { transaction: tx, copied }: { transaction: Transaction; copied: CopyCount },
): readonly SqlRow[] {
  switch (statement.kind) {
    case 'create-job-files':
      tx.createTemporary(nameOfTable(statement.jobFiles), []);
      return [];
    case 'insert-job-files':
      tx.append(nameOfTable(statement.jobFiles), statement.files.map(receiptColumns));
      return [];
    case 'guard-receipts':
      guard(tx, statement);
      return [];
    case 'guard-replaced': {
      const { receipts, target, replaces } = statement;
      const known = receiptsOfJobs(tx, receipts, replaces.jobIds).length;
      if (known !== replaces.receipts || rowsOfJobs(tx, target, replaces.jobIds).length !== replaces.rows)
        throw refusal('guard-replaced', 'the loads to be replaced have changed');
      return [];
    }
    case 'guard-partition':
    case 'guard-partition-rows':
    case 'delete-partition-rows':
    case 'delete-partition-receipts':
    case 'record-partition':
    case 'select-partition':
      return carryOutPartition(statement, tx);
    case 'delete-job-rows': {
      const dead = new Set(rowsOfJobs(tx, statement.target, statement.jobIds));
      const name = nameOfTable(statement.target);
      tx.replace(
        name,
        tx.read(name).filter((row) => !dead.has(row)),
      );
      return [];
    }
    case 'delete-job-receipts': {
      const dead = new Set(receiptsOfJobs(tx, statement.receipts, statement.jobIds));
      const name = nameOfTable(statement.receipts);
      tx.replace(
        name,
        tx.read(name).filter((row) => !dead.has(row)),
      );
      return [];
    }
    case 'select-job-receipts':
      return receiptsOfJobs(tx, statement.receipts, statement.jobIds).map((row) => ({ ...row, is_old: 0 }));
    case 'count-job-rows':
      return [{ found: rowsOfJobs(tx, statement.target, statement.jobIds).length }];
    case 'count-copied':
      return [{ copied_rows: copied.rows }];
    case 'create-stage':
      tx.createTemporary(nameOfTable(statement.stage), []);
      return [];
    case 'insert-staged':
      tx.append(
        nameOfTable(statement.target),
        tx.read(nameOfTable(statement.stage)).map((row) => ({
          ...pickColumns(row, statement.columns),
          ...filledBy(statement.provenance),
          ...cellsOf(statement.partition ?? []),
        })),
      );
      return [];
    case 'select-winners':
      tx.createTemporary(
        nameOfTable(statement.winners),
        winnersOf(tx.read(nameOfTable(statement.stage)), statement),
      );
      return [];
    case 'drop-stale':
      dropStale(tx, statement);
      return [];
    case 'drop-buried':
      dropBuried(tx, statement);
      return [];
    case 'delete-dead':
      deleteMatching(tx, nameOfTable(statement.target), {
        key: statement.key,
        of: tx.read(nameOfTable(statement.winners)).filter((row) => isTombstone(row, statement.tombstone)),
      });
      return [];
    case 'clear-graves':
      deleteMatching(tx, nameOfTable(statement.graves), {
        key: statement.key,
        of: tx.read(nameOfTable(statement.winners)),
      });
      return [];
    case 'dig-graves': {
      const dead = tx
        .read(nameOfTable(statement.winners))
        .filter((row) => isTombstone(row, statement.tombstone));
      const columns = [...statement.key, ...statement.latestBy];
      tx.append(
        nameOfTable(statement.graves),
        dead.map((row) => pickColumns(row, columns)),
      );
      return [];
    }
    case 'drop-dead-winners': {
      const winners = nameOfTable(statement.winners);
      tx.replace(
        winners,
        tx.read(winners).filter((row) => !isTombstone(row, statement.tombstone)),
      );
      return [];
    }
    case 'merge':
      merge(tx, statement);
      return [];
    case 'insert-missing':
      insertMissing(tx, statement);
      return [];
    case 'record-receipts':
      recordReceipts(tx, { statement, copied });
      return [];
    case 'record-void':
      recordVoid(tx, statement);
      return [];
    case 'select-receipts': {
      const keyIds = new Set(statement.keyIds);
      return loads(tx, nameOfTable(statement.receipts)).filter(({ key_id }) => keyIds.has(String(key_id)));
    }
    case 'select-attempt': {
      const own = tx
        .read(nameOfTable(statement.receipts))
        .filter((row) => isOfAttempt(row, statement.attempt));
      const loaded = own.filter(({ kind }) => kind !== 'void');
      return [
        { loaded: loaded.length, voided: own.length - loaded.length, job_rows: loaded[0]?.job_rows ?? null },
      ];
    }
    case 'summarise-receipts': {
      const receipts = tx.read(nameOfTable(statement.receipts));
      const fence = receipts.reduce((max, row) => Math.max(max, Number(row.fence)), 0);
      return [{ files: loads(tx, nameOfTable(statement.receipts)).length, max_fence: fence }];
    }
    case 'create-receipts':
      tx.createTable(nameOfTable(statement.receipts));
      return [];
    case 'create-lock':
      tx.createTable(nameOfTable(statement.lock));
      return [];
    case 'create-graves':
      tx.createTable(nameOfTable(statement.graves));
      return [];
    case 'page-receipts': {
      const { receipts, after, before, limit } = statement;
      const isInside = (url: string): boolean =>
        (after === null || url > after) && (before === null || url < before);
      const page = loads(tx, nameOfTable(receipts)).filter(({ url }) => isInside(String(url)));
      return page.toSorted((a, b) => (String(a.url) < String(b.url) ? -1 : 1)).slice(0, limit);
    }
    case 'create-horizon':
    case 'raise-horizon':
    case 'delete-receipts':
    case 'delete-voids':
      throw new LoadError('statement-unmodelled', `the model prunes no receipts: ${statement.kind}`);
    // No receipts are pruned there.
    case 'select-horizon':
    case 'select-clock':
    case 'select-privileges':
    case 'find-repeated-keys':
    case 'drop-table':
    case 'list-tables':
    case 'create-schema':
    case 'own-schema':
    case 'own-table':
    case 'grant-schema':
    case 'grant-table':
    case 'grant-temporary-tables':
      return [];
  }
}

function receiptsOfJobs(tx: Transaction, receipts: TableName, jobIds: readonly string[]): readonly Row[] {
  return loads(tx, nameOfTable(receipts)).filter(({ job_id }) => jobIds.includes(String(job_id)));
}

function rowsOfJobs(tx: Transaction, target: TableName, jobIds: readonly string[]): readonly Row[] {
  return tx.read(nameOfTable(target)).filter((row) => jobIds.includes(String(row[PROVENANCE.jobId])));
}

function guard(
  tx: Transaction,
  { receipts, files, attempt, refusesRewrites, replacedJobIds }: Kind<'guard-receipts'>,
): void {
  const listed =
    files.kind === 'literals' ? files.files.map(receiptColumns) : tx.read(nameOfTable(files.table));
  const ids = new Set(listed.map(({ file_id }) => file_id));
  const keys = new Set(listed.map(({ key_id }) => key_id));
  if (keys.size !== listed.length) throw refusal('guard-repeated-file', 'the job names a place twice');
  const known = tx.read(nameOfTable(receipts));
  const voidKey = voidKeyOf(attempt);
  if (known.some((row) => row.key_id === voidKey)) throw refusal('guard-void', 'the attempt is void');
  const seen = known.filter(
    (row) =>
      row.kind === 'load' && keys.has(row.key_id ?? null) && !replacedJobIds.includes(String(row.job_id)),
  );
  if (seen.some((row) => ids.has(row.file_id ?? null))) {
    throw refusal('guard-already-loaded', 'a file of the job has a receipt');
  }
  if (refusesRewrites && seen.length > 0) throw refusal('guard-rewritten', 'another version has a receipt');
}

function refusal(code: string, message: string): LoadError {
  return new LoadError(code, message, { class: 'guard' });
}

function dropStale(tx: Transaction, { winners, target, key, order }: Kind<'drop-stale'>): void {
  const rowOf = byKey(tx.read(nameOfTable(target)), key);
  const name = nameOfTable(winners);
  const isStale = (winner: Row): boolean => {
    const row = rowOf.get(keyOf(winner, key) ?? '');
    return row !== undefined && compareVersions(winner, row, order) >= 0;
  };
  tx.replace(
    name,
    tx.read(name).filter((winner) => !isStale(winner)),
  );
}

function dropBuried(tx: Transaction, { winners, graves, key, latestBy }: Kind<'drop-buried'>): void {
  const graveOf = byKey(tx.read(nameOfTable(graves)), key);
  const name = nameOfTable(winners);
  const isBuried = (winner: Row): boolean => {
    const grave = graveOf.get(keyOf(winner, key) ?? '');
    return grave !== undefined && compareLatest(winner, grave, latestBy) >= 0;
  };
  tx.replace(
    name,
    tx.read(name).filter((winner) => !isBuried(winner)),
  );
}

function deleteMatching(
  tx: Transaction,
  table: string,
  { key, of }: { key: readonly string[]; of: readonly Row[] },
): void {
  const dead = byKey(of, key);
  const rows = tx.read(table);
  const rest = rows.filter((row) => !dead.has(keyOf(row, key) ?? ''));
  if (rest.length < rows.length) tx.replace(table, rest);
}

/** What a load says of itself in every row. */
function filledBy(provenance: Provenance | null): Row {
  if (provenance === null) return {};
  return { [PROVENANCE.loadedAt]: provenance.loadedAt, [PROVENANCE.jobId]: provenance.jobId };
}

function merge(tx: Transaction, { target, winners, key, updates, provenance }: Kind<'merge'>): void {
  const name = nameOfTable(target);
  const winnerOf = byKey(tx.read(nameOfTable(winners)), key);
  const rows = tx.read(name);
  const there = byKey(rows, key);
  const isMatched = (row: Row): boolean => winnerOf.has(keyOf(row, key) ?? '');
  if (rows.some(isMatched)) {
    tx.replace(
      name,
      rows.map((row) => {
        const winner = winnerOf.get(keyOf(row, key) ?? '');
        return winner === undefined
          ? row
          : { ...row, ...pickColumns(winner, updates), ...filledBy(provenance) };
      }),
    );
  }
  const missing = [...winnerOf].filter(([value]) => !there.has(value)).map(([, row]) => row);
  tx.append(
    name,
    missing.map((row) => ({ ...pickColumns(row, [...key, ...updates]), ...filledBy(provenance) })),
  );
}

function insertMissing(
  tx: Transaction,
  { target, winners, key, columns, provenance }: Kind<'insert-missing'>,
): void {
  const name = nameOfTable(target);
  const there = byKey(tx.read(name), key);
  const missing = tx.read(nameOfTable(winners)).filter((row) => !there.has(keyOf(row, key) ?? ''));
  tx.append(
    name,
    missing.map((row) => ({ ...pickColumns(row, columns), ...filledBy(provenance) })),
  );
}

function recordReceipts(
  tx: Transaction,
  { statement, copied }: { statement: Kind<'record-receipts'>; copied: CopyCount },
): void {
  const { files, attempt, stage, receipts } = statement;
  const listed =
    files.kind === 'literals' ? files.files.map(receiptColumns) : tx.read(nameOfTable(files.table));
  const rows = stage === null ? copied.rows : tx.read(nameOfTable(stage)).length;
  tx.append(
    nameOfTable(receipts),
    listed.map((row) => ({ ...row, kind: 'load', ...attemptColumns(attempt), job_rows: rows })),
  );
}

function recordVoid(tx: Transaction, { receipts, attempt }: Kind<'record-void'>): void {
  const name = nameOfTable(receipts);
  if (tx.read(name).some((row) => isOfAttempt(row, attempt))) return;
  const key = voidKeyOf(attempt);
  tx.append(name, [
    { file_id: key, key_id: key, url: '', kind: 'void', ...attemptColumns(attempt), job_rows: null },
  ]);
}

function loads(tx: Transaction, receipts: string): readonly Row[] {
  return tx.read(receipts).filter(({ kind }) => kind === 'load');
}

interface AttemptNames {
  readonly jobId: string;
  readonly attempt: number;
  readonly fence: number;
}

function attemptColumns({ jobId, attempt, fence }: AttemptNames): Row {
  return { job_id: jobId, attempt, fence };
}

function isOfAttempt(row: Row, { jobId, attempt }: AttemptNames): boolean {
  return row.job_id === jobId && row.attempt === attempt;
}

function receiptColumns({ id, keyId, url, identity }: LoadFile): Row {
  return { file_id: id, key_id: keyId, url, etag: identity.etag, size: identity.size };
}

function byKey(rows: readonly Row[], key: readonly string[]): ReadonlyMap<string, Row> {
  const map = new Map<string, Row>();
  for (const row of rows) {
    const value = keyOf(row, key);
    if (value !== null) map.set(value, row);
  }
  return map;
}

function pickColumns(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
}
