import type { LoadFile } from '../../file/load-file.ts';
import { ledgerOf } from '../../load/ledger.ts';
import type { SqlRow } from '../../ports/warehouse.ts';
import type { Loader } from '../../verbs/loader.ts';
import { readReceipts } from '../../verbs/read-receipts.ts';

/** The receipt of one load of one file. */
export interface Receipt {
  readonly fileId: string;
  readonly etag: string;
  readonly size: number;
  readonly jobId: string;
}

/** A place and what was loaded from it: at least one receipt. */
export interface ReceiptPlace {
  readonly url: string;
  readonly keyId: string;
  readonly receipts: readonly Receipt[];
}

/**
 * Receipts per question: about 15 MB. A question reads the URLs of all receipts, whatever it answers, so a million of them
 * are better asked for in twenty questions than in a hundred.
 */
const PAGE = 50_000;

/**
 * The receipts of a target by place, in the order of the URLs' bytes, behind `after` and before `before` (null: no bound).
 * A page is held at a time. `etags`: only of objects that had one of these. None when the target has no ledger (any more): then nothing is proven.
 */
export async function* readReceiptPlaces(
  loader: Loader,
  target: string,
  {
    after,
    before,
    etags,
    pageSize = PAGE,
  }: { after: string | null; before: string | null; etags?: readonly string[]; pageSize?: number },
): AsyncGenerator<ReceiptPlace> {
  const { receipts } = ledgerOf(target);
  const { warehouse } = loader;
  if (!(await hasLedger(loader, target))) return;
  let [position, limit] = [after, pageSize];
  for (;;) {
    const sql = warehouse.dialect.render({
      kind: 'page-receipts',
      receipts,
      after: position,
      before,
      ...(etags === undefined ? {} : { etags }),
      limit,
    });
    const rows = await warehouse.transact([sql]);
    const places = placesOf(rows);
    const isLast = rows.length < limit;
    // The page may have cut the last place in two: the next one begins with it.
    const whole = isLast ? places : places.slice(0, -1);
    yield* whole;
    if (isLast) return;
    const last = whole.at(-1);
    // A page of receipts of one single place: only a longer one gets past it.
    if (last === undefined) limit *= 2;
    else [position, limit] = [last.url, pageSize];
  }
}

/** Whether the target's receipts are there to be asked. */
export async function hasLedger({ warehouse }: Loader, target: string): Promise<boolean> {
  const { schema, name } = ledgerOf(target).receipts;
  return (await warehouse.describeTable(`${schema}.${name}`)) !== undefined;
}

/** The ids of those files that have a receipt. */
export async function findProven(
  loader: Loader,
  target: string,
  files: readonly LoadFile[],
): Promise<ReadonlySet<string>> {
  if (files.length === 0 || !(await hasLedger(loader, target))) return new Set();
  return (await readReceipts(loader, target, files)).loadedIds;
}

function placesOf(rows: readonly SqlRow[]): ReceiptPlace[] {
  const places: { url: string; keyId: string; receipts: Receipt[] }[] = [];
  for (const row of rows) {
    const url = String(row.url);
    const receipt: Receipt = {
      fileId: String(row.file_id),
      etag: String(row.etag),
      size: Number(row.size),
      jobId: String(row.job_id),
    };
    const last = places.at(-1);
    if (last?.url === url) last.receipts.push(receipt);
    else places.push({ url, keyId: String(row.key_id), receipts: [receipt] });
  }
  return places;
}
