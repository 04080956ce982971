import type { LoadFile } from '../file/load-file.ts';
import { ledgerOf } from '../load/ledger.ts';
import type { Loader } from './loader.ts';

/** What the warehouse proves about files and their places. */
export interface KnownReceipts {
  /** File ids that have a receipt. */
  readonly loadedIds: ReadonlySet<string>;
  /** Places of which some version has a receipt. */
  readonly loadedKeys: ReadonlySet<string>;
  /** The loads that brought them, without repetition. */
  readonly jobIds: readonly string[];
}

/** Places asked for per statement: well below 100 KB of SQL. */
const KEYS_PER_QUESTION = 1_000;

/** Asks the warehouse which of these files are loaded. */
export async function readReceipts(
  loader: Loader,
  target: string,
  files: readonly Pick<LoadFile, 'keyId'>[],
): Promise<KnownReceipts> {
  const { receipts } = ledgerOf(target);
  const keyIds = [...new Set(files.map(({ keyId }) => keyId))];
  const loadedIds = new Set<string>();
  const loadedKeys = new Set<string>();
  const jobIds = new Set<string>();
  for (let at = 0; at < keyIds.length; at += KEYS_PER_QUESTION) {
    const sql = loader.warehouse.dialect.render({
      kind: 'select-receipts',
      receipts,
      keyIds: keyIds.slice(at, at + KEYS_PER_QUESTION),
    });
    for (const row of await loader.warehouse.transact([sql])) {
      loadedIds.add(String(row.file_id));
      loadedKeys.add(String(row.key_id));
      jobIds.add(String(row.job_id));
    }
  }
  return { loadedIds, loadedKeys, jobIds: [...jobIds] };
}
